// Knows: how the processing of a message is recorded as a span.
// Must not know: clients, redis versions, patches, metrics.
import { type Attributes, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import { type KeyMask, keyMask } from '../catalog';
import type { SpanSettings } from '../config';
import { ENTRY_SPAN } from '../core/context';
import type { Message, ProcessOutcome } from '../core/events';
import type { MessageRecorder, Processing, Report } from '../core/recorder';
import * as semconv from '../core/semconv';
import { lengthOf } from '../insights/cache';
import { typeOf } from '../insights/errors';
import { addOldMessagingNames, addServer } from './attributes';
import { Hooks } from './hooks';
import { messageIdOf } from './messaging';

/** The operation of a consumer, in the words of the semantic conventions. */
export const PROCESS = 'process';

/**
 * Spans of consumers. They are created before the listeners run, because they are their parents. All other spans are
 * created when the outcome is known.
 */
export class MessageSpans implements MessageRecorder {
  private readonly mask: KeyMask;
  private readonly hooks: Hooks;
  private readonly withOldNames: boolean;

  /**
   * @param tracer the current tracer; undefined: no provider is registered
   * @param family see SpanRecorder
   */
  constructor(
    { keys, spanName, oldNames }: Pick<SpanSettings, 'keys' | 'spanName' | 'oldNames'>,
    private readonly tracer: () => Tracer | undefined,
    private readonly family: KeyMask,
    report: Report,
  ) {
    this.mask = keyMask(keys, report);
    this.hooks = new Hooks({ spanName }, report);
    this.withOldNames = oldNames;
  }

  isActive(): boolean {
    return this.tracer() !== undefined;
  }

  begin(message: Message): Processing {
    const tracer = this.tracer();
    if (tracer === undefined) return UNRECORDED;
    const { context, startTimeMs, sender, channel } = message;
    const name = this.hooks.spanName(PROCESS, channel === undefined ? PROCESS : `${PROCESS} ${this.family(channel)}`);
    const attributes = this.attributesOf(message);
    const links = sender === undefined ? [] : [{ context: sender }];
    const span = tracer.startSpan(
      name,
      { kind: SpanKind.CONSUMER, startTime: startTimeMs, attributes, links },
      context,
    );
    const inside = trace.setSpan(context, span);
    return {
      context: inside.getValue(ENTRY_SPAN) === undefined ? inside.setValue(ENTRY_SPAN, span) : inside,
      end: (outcome) => finish(span, startTimeMs, outcome),
    };
  }

  private attributesOf({ channel, pattern, body, entry, client }: Message): Attributes {
    const attributes: Attributes = {
      [semconv.ATTR_MESSAGING_SYSTEM_NAME]: semconv.DB_SYSTEM_NAME_VALUE_REDIS,
      [semconv.ATTR_MESSAGING_OPERATION_TYPE]: PROCESS,
      [semconv.ATTR_MESSAGING_OPERATION_NAME]: PROCESS,
    };
    if (channel !== undefined) attributes[semconv.ATTR_MESSAGING_DESTINATION_NAME] = this.mask(channel);
    if (pattern !== undefined) attributes[semconv.ATTR_MESSAGING_DESTINATION_TEMPLATE] = this.mask(pattern);
    const bodySize = lengthOf(body);
    if (bodySize !== undefined) attributes[semconv.ATTR_MESSAGING_MESSAGE_BODY_SIZE] = bodySize;
    if (entry !== undefined) addEntry(attributes, entry, this.mask);
    addServer(attributes, client.facts);
    if (this.withOldNames) addOldMessagingNames(attributes);
    return attributes;
  }
}

function addEntry(attributes: Attributes, { id, group }: NonNullable<Message['entry']>, mask: KeyMask): void {
  const shown = messageIdOf(id);
  if (shown !== undefined) attributes[semconv.ATTR_MESSAGING_MESSAGE_ID] = shown;
  if (group !== undefined) attributes[semconv.ATTR_MESSAGING_CONSUMER_GROUP_NAME] = mask(group);
}

/** The provider was removed between the check and the message. */
const UNRECORDED: Processing = { context: undefined, end: () => {} };

function finish(span: Span, startTimeMs: number, { durationMs, failed, error }: ProcessOutcome): void {
  if (failed) {
    const type = typeOf(error);
    span.setAttribute(semconv.ATTR_ERROR_TYPE, type);
    span.setStatus({ code: SpanStatusCode.ERROR, message: type });
  }
  span.end(startTimeMs + durationMs);
}
