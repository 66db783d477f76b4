// Knows: the log events for failed operations, lost connections and lost locks.
// Must not know: clients, redis versions, patches, where logs go.
import { type Attributes, type Context, ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api';
import type { KeyMask } from '../catalog';
import { SUPPRESS_TRACING } from '../core/context';
import type { Batch, BatchOutcome, ClientFacts, Command, Outcome } from '../core/events';
import type { BatchFacts, Facts, Failure, LockFacts } from '../core/facts';
import type { Logger } from '../core/log-record';
import type { CloseReason, ConnectionRecorder, Recorder, Report } from '../core/recorder';
import * as semconv from '../core/semconv';
import { classify, exceptionTypeOf } from '../insights/errors';
import { plainAttributes } from './attributes';

/** The conventions' severity for failures that the application is expected to handle. */
const WARN = 13;

/** The part of a command or batch that an event needs. */
type Operation = Pick<Command, 'client' | 'context'>;

/**
 * Follows `spans`, which say in which span an operation failed. The error itself is never passed on: its message and
 * its stack may contain arguments.
 */
export class FailureEvents implements Recorder, Pick<ConnectionRecorder, 'connectionClosed'> {
  private mask!: KeyMask;

  /** @param logger the current logger; undefined: no provider is registered, or nobody wants events */
  constructor(
    private readonly logger: () => Logger | undefined,
    private readonly report: Report,
  ) {}

  /** Called before the first command. @param mask how keys are shown, from now on */
  use(mask: KeyMask): void {
    this.mask = mask;
  }

  /** A logger provider is foreign code: an error must not reach the application's command. */
  isActive(): boolean {
    try {
      return this.logger() !== undefined;
    } catch (error) {
      this.report('a logger could not be used', error);
      return false;
    }
  }

  command(command: Command, { error }: Outcome, { operation, failure, lock }: Facts): void {
    if (failure !== undefined && !command.isInternal) this.failed(command, operation, failure, error);
    if (lock?.lost) this.lost(command, operation, lock);
  }

  /** The commands of a batch fail together, so there is one event. */
  batch(batch: Batch, { replies, error }: BatchOutcome, facts: BatchFacts): void {
    const { operation, failure, firstFailedIndex, locks } = facts;
    const first = firstFailedIndex === undefined ? error : replies[firstFailedIndex];
    if (failure !== undefined) this.failed(batch, operation, failure, first);
    for (const lock of locks) if (lock.lost) this.lost(batch, operation, lock);
  }

  /** No code of the application caused it, so the event is in no trace. */
  connectionClosed(server: ClientFacts, reason: CloseReason, error?: unknown): void {
    if (reason !== 'error') return;
    const failure = classify(error);
    const attributes = withException(plainAttributes(undefined, server, failure), failure, error);
    this.emit(semconv.EVENT_REDIS_CONNECTION_LOST, `connection lost: ${failure.description}`, attributes, ROOT_CONTEXT);
  }

  private failed({ client, context }: Operation, operation: string, failure: Failure, error: unknown): void {
    const attributes = withException(operationAttributes(operation, client.facts, failure), failure, error);
    const inside = contextOf(context, failure.span);
    this.emit(semconv.EVENT_DB_CLIENT_OPERATION_EXCEPTION, `${operation}: ${failure.description}`, attributes, inside);
  }

  private lost({ client, context }: Operation, operation: string, { key, family, span }: LockFacts): void {
    const attributes = operationAttributes(operation, client.facts, undefined);
    const shown = this.mask(key);
    attributes[semconv.ATTR_REDIS_LOCK_KEY] = shown;
    if (family.name !== undefined) attributes[semconv.ATTR_REDIS_KEY_FAMILY] = family.name;
    this.emit(semconv.EVENT_REDIS_LOCK_LOST, `lock lost: ${shown}`, attributes, contextOf(context, span));
  }

  private emit(eventName: string, body: string, attributes: Attributes, context: Context): void {
    if (context.getValue(SUPPRESS_TRACING) === true) return;
    this.logger()?.emit({ eventName, timestamp: Date.now(), severityNumber: WARN, body, attributes, context });
  }
}

/** @param span the span of the operation; undefined: it has none, so the caller's says to what it belongs */
function contextOf(caller: Context, span: SpanContext | undefined): Context {
  return span === undefined ? caller : trace.setSpanContext(caller, span);
}

function operationAttributes(operation: string, facts: ClientFacts, failure: Failure | undefined): Attributes {
  const attributes = plainAttributes(operation, facts, failure);
  const { peerAddress, peerPort } = facts;
  if (peerAddress !== undefined) attributes[semconv.ATTR_NETWORK_PEER_ADDRESS] = peerAddress;
  if (peerPort !== undefined) attributes[semconv.ATTR_NETWORK_PEER_PORT] = peerPort;
  return attributes;
}

function withException(attributes: Attributes, { description }: Failure, error: unknown): Attributes {
  attributes[semconv.ATTR_EXCEPTION_TYPE] = exceptionTypeOf(error);
  attributes[semconv.ATTR_EXCEPTION_MESSAGE] = description;
  return attributes;
}
