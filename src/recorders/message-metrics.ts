// Knows: which metrics a message moves, sent or delivered.
// Must not know: clients, redis versions, patches, spans.
import type { Attributes, Counter, Histogram, Meter, UpDownCounter } from '@opentelemetry/api';
import { familyMask, KeyFamilies, type KeyMode } from '../catalog';
import type { ClientFacts, Message, ProcessOutcome } from '../core/events';
import type { MessageRecorder, Processing } from '../core/recorder';
import * as semconv from '../core/semconv';
import { typeOf } from '../insights/errors';
import { addServer, PUBLISH } from './attributes';
import { PROCESS } from './messages';

/** Bucket bounds in seconds, as the conventions advise. */
const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

interface Instruments {
  readonly meter: Meter;
  readonly sent: Counter;
  readonly consumed: Counter;
  readonly duration: Histogram;
  readonly inFlight: UpDownCounter;
}

/** Counts messages by the family of their channel, never by the channel. */
export class MessageMetrics implements MessageRecorder {
  /** undefined: no channel may be shown. */
  private families: KeyFamilies | undefined = new KeyFamilies();
  private instruments: Instruments | undefined;

  /** @param source the meter of whoever listens now; undefined while nobody does */
  constructor(private readonly source: () => Meter | undefined) {}

  /** @param keys how channels are shown: the family is that of what is seen of them */
  use(keys: KeyMode): void {
    // The recorder of spans has a mask of its own, which reports what is wrong with the function.
    const familyOf = typeof keys === 'function' ? familyMask(keys, () => {}) : undefined;
    this.families = keys === 'hidden' ? undefined : new KeyFamilies({ familyOf });
  }

  isActive(): boolean {
    return this.current() !== undefined;
  }

  /** A message that was sent, or was to be. */
  sent(channel: unknown, facts: ClientFacts, errorType: string | undefined): void {
    const attributes = this.attributesOf(PUBLISH, channel, facts);
    if (errorType !== undefined) attributes[semconv.ATTR_ERROR_TYPE] = errorType;
    this.current()?.sent.add(1, attributes);
  }

  begin({ channel, client }: Message): Processing {
    const attributes = this.attributesOf(PROCESS, channel, client.facts);
    const instruments = this.current();
    instruments?.consumed.add(1, attributes);
    instruments?.inFlight.add(1, attributes);
    const end = ({ durationMs, failed, error }: ProcessOutcome): void => {
      instruments?.inFlight.add(-1, attributes);
      const ended = failed ? { ...attributes, [semconv.ATTR_ERROR_TYPE]: typeOf(error) } : attributes;
      instruments?.duration.record(durationMs / 1_000, ended);
    };
    return { context: undefined, end };
  }

  private attributesOf(operation: string, channel: unknown, facts: ClientFacts): Attributes {
    const attributes: Attributes = {
      [semconv.ATTR_MESSAGING_SYSTEM_NAME]: semconv.DB_SYSTEM_NAME_VALUE_REDIS,
      [semconv.ATTR_MESSAGING_OPERATION_NAME]: operation,
    };
    if (this.families !== undefined) attributes[semconv.ATTR_MESSAGING_DESTINATION_TEMPLATE] = this.families.of(channel);
    addServer(attributes, facts);
    return attributes;
  }

  /** The instruments belong to one meter; a provider may come, go or be replaced. */
  private current(): Instruments | undefined {
    const meter = this.source();
    if (meter !== this.instruments?.meter) this.instruments = meter === undefined ? undefined : instrumentsOf(meter);
    return this.instruments;
  }
}

function instrumentsOf(meter: Meter): Instruments {
  return {
    meter,
    sent: meter.createCounter(semconv.METRIC_MESSAGING_SENT_MESSAGES, {
      description: 'Number of messages producer attempted to send to the broker.',
      unit: '{message}',
    }),
    consumed: meter.createCounter(semconv.METRIC_MESSAGING_CONSUMED_MESSAGES, {
      description: 'Number of messages that were delivered to the application.',
      unit: '{message}',
    }),
    duration: meter.createHistogram(semconv.METRIC_MESSAGING_PROCESS_DURATION, {
      description: 'Duration of processing operation.',
      unit: 's',
      advice: { explicitBucketBoundaries: DURATION_BUCKETS },
    }),
    inFlight: meter.createUpDownCounter(semconv.METRIC_MESSAGING_PROCESS_IN_FLIGHT, {
      description: 'Number of messages that are being processed.',
      unit: '{message}',
    }),
  };
}
