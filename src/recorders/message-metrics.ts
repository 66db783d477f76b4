// Knows: the metrics of messages, sent or delivered.
// Must not know: clients, redis versions, patches, spans.
import type { Attributes } from '@opentelemetry/api';
import type { KeyMask } from '../catalog';
import type { ClientFacts, Message, ProcessOutcome } from '../core/events';
import type { MessageRecorder, Processing } from '../core/recorder';
import * as semconv from '../core/semconv';
import { typeOf } from '../insights/errors';
import { addServer } from './attributes';
import { counter, histogram, type Made, upDownCounter } from './instruments';
import { PROCESS } from './messages';
import type { Messaging } from './messaging';
import type { Instrumented, Meters } from './meters';

/** Bucket boundaries in seconds, as the semantic conventions advise. */
const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

const seconds = (name: string, description: string) => histogram(name, 's', DURATION_BUCKETS, description);

const INSTRUMENTS = {
  sent: counter(
    semconv.METRIC_MESSAGING_SENT_MESSAGES,
    '{message}',
    'Number of messages producer attempted to send to the broker.',
  ),
  operationDuration: seconds(
    semconv.METRIC_MESSAGING_OPERATION_DURATION,
    'Duration of messaging operation initiated by a producer or consumer client.',
  ),
  consumed: counter(
    semconv.METRIC_MESSAGING_CONSUMED_MESSAGES,
    '{message}',
    'Number of messages that were delivered to the application.',
  ),
  duration: seconds(semconv.METRIC_MESSAGING_PROCESS_DURATION, 'Duration of processing operation.'),
  inFlight: upDownCounter(semconv.METRIC_MESSAGING_PROCESS_IN_FLIGHT, '{message}', 'Messages being processed.'),
  pubSub: counter(semconv.METRIC_REDIS_PUBSUB_MESSAGES, '{message}', 'Messages of channels, published and delivered.'),
};
type Instruments = Made<typeof INSTRUMENTS>;

/** Counts messages by the family of their channel or stream, never by its name. */
export class MessageMetrics implements MessageRecorder {
  /** undefined: no channel may be shown. */
  private families: KeyMask | undefined;
  /** For consumer groups, of which each process may have its own. */
  private groups: KeyMask | undefined;
  private withRedisNames = false;
  private readonly instrumented: Instrumented<Instruments>;

  constructor(private readonly meters: Meters) {
    this.instrumented = meters.hold(INSTRUMENTS);
  }

  /**
   * Sets how channels and groups are shown from now on. Called before the first message.
   * @param withRedisNames whether channels are counted under the names of Redis's clients as well
   */
  use(families: KeyMask | undefined, groups: KeyMask | undefined, withRedisNames: boolean): void {
    this.families = families;
    this.groups = groups;
    this.withRedisNames = withRedisNames;
  }

  isActive(): boolean {
    return this.meters.refresh();
  }

  /** Counts a message that was sent, or whose sending failed. */
  sent(operation: string, destination: unknown, facts: ClientFacts, errorType: string | undefined): void {
    const attributes = this.attributesOf(operation, destination, facts, undefined, errorType);
    this.instrumented.current?.sent.add(1, attributes);
  }

  /** Counts entries of a stream that were read. */
  received(operation: string, stream: string, group: unknown, facts: ClientFacts, count: number): void {
    if (count > 0) this.instrumented.current?.consumed.add(count, this.attributesOf(operation, stream, facts, group));
  }

  /** A message that was published, under the name that Redis's clients have for it. */
  published(channel: unknown, facts: ClientFacts, isSharded: boolean): void {
    this.passed('out', channel, facts, isSharded);
  }

  private passed(direction: 'in' | 'out', channel: unknown, facts: ClientFacts, isSharded: boolean | undefined): void {
    if (!this.withRedisNames) return;
    const attributes: Attributes = { [semconv.ATTR_REDIS_PUBSUB_DIRECTION]: direction };
    if (isSharded !== undefined) attributes[semconv.ATTR_REDIS_PUBSUB_SHARDED] = isSharded;
    if (this.families !== undefined) attributes[semconv.ATTR_REDIS_PUBSUB_CHANNEL] = this.families(channel);
    addServer(attributes, facts);
    this.instrumented.current?.pubSub.add(1, attributes);
  }

  begin({ channel, client, entry, isSharded }: Message): Processing {
    const attributes = this.attributesOf(PROCESS, channel, client.facts, entry?.group);
    const instruments = this.instrumented.current;
    if (entry === undefined) {
      instruments?.consumed.add(1, attributes);
      this.passed('in', channel, client.facts, isSharded);
    }
    instruments?.inFlight.add(1, attributes);
    const end = ({ durationMs, failed, error }: ProcessOutcome): void => {
      instruments?.inFlight.add(-1, attributes);
      const ended = failed ? { ...attributes, [semconv.ATTR_ERROR_TYPE]: typeOf(error) } : attributes;
      instruments?.duration.record(durationMs / 1_000, ended);
    };
    return { context: undefined, end };
  }

  /** How long it took to send, or to ask for what there is. */
  took(
    { operation, destinations, group }: Messaging,
    facts: ClientFacts,
    errorType: string | undefined,
    durationMs: number,
  ): void {
    const destination = destinations.length === 1 ? destinations[0] : undefined;
    const attributes = this.attributesOf(operation, destination, facts, group, errorType);
    this.instrumented.current?.operationDuration.record(durationMs / 1_000, attributes);
  }

  private attributesOf(
    operation: string,
    destination: unknown,
    facts: ClientFacts,
    group?: unknown,
    errorType?: string,
  ): Attributes {
    const attributes: Attributes = {
      [semconv.ATTR_MESSAGING_SYSTEM_NAME]: semconv.DB_SYSTEM_NAME_VALUE_REDIS,
      [semconv.ATTR_MESSAGING_OPERATION_NAME]: operation,
    };
    const { families, groups } = this;
    if (families !== undefined && destination !== undefined)
      attributes[semconv.ATTR_MESSAGING_DESTINATION_TEMPLATE] = families(destination);
    if (groups !== undefined && group !== undefined)
      attributes[semconv.ATTR_MESSAGING_CONSUMER_GROUP_NAME] = groups(group);
    addServer(attributes, facts);
    if (errorType !== undefined) attributes[semconv.ATTR_ERROR_TYPE] = errorType;
    return attributes;
  }
}
