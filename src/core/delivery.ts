// Knows: which messages are recorded while the application processes them, and in which context that runs.
// Must not know: redis, spans, metrics.
import { type Context, context, trace } from '@opentelemetry/api';
import { hasParent, isAtWork, isRecording, SUPPRESS_TRACING } from './context';
import { type Arrival, type ClientRef, type Message, UNKNOWN_SERVER } from './events';
import type { Opened, Propagator } from './propagator';
import type { MessageRecorder, Report } from './recorder';

/** The settings that decide which messages have a span. */
export interface DeliverySettings {
  readonly consumerSpans: boolean;
  readonly requireParentSpan: boolean;
}

/** The interface for adapters: deliver → (the listeners, in our context) → end. */
export interface MessageTap {
  /** undefined: call the listeners directly; there is nothing to record and no context to leave. */
  deliver(arrival: Arrival): Delivery | undefined;
  /**
   * Runs the application's processing of a stream entry.
   * @param id undefined: not known
   * @param stream undefined: the stream from which an entry of this id was read lately
   */
  process<T>(id: string | undefined, stream: string | undefined, run: () => T): T;
  /** The context for listeners of the client itself, not of the application; undefined: the active one. */
  detach(): Context | undefined;
}

/** One message whose listeners are about to run. */
export interface Delivery {
  readonly context: Context;
  /** Whether the end is of interest. Otherwise `end` need not be called. */
  readonly isFollowed: boolean;
  /** The message that the application gets. */
  readonly body: unknown;
  end(failed: boolean, error: unknown): void;
}

export class Deliveries implements MessageTap {
  private isStopped = true;
  private settings!: DeliverySettings;
  private spans!: MessageRecorder;
  private metrics!: MessageRecorder;
  private propagator: Propagator | undefined;

  constructor(private readonly report: Report) {}

  /** Sets the settings and the recorders from now on. Called before the first message. */
  use(settings: DeliverySettings, spans: MessageRecorder, metrics: MessageRecorder, propagator?: Propagator): void {
    this.settings = settings;
    this.spans = spans;
    this.metrics = metrics;
    this.propagator = propagator;
  }

  start(): void {
    this.isStopped = false;
  }

  stop(): void {
    this.isStopped = true;
  }

  detach(): Context | undefined {
    if (this.isStopped) return undefined;
    const active = context.active();
    return trace.getSpan(active) === undefined ? undefined : trace.deleteSpan(active);
  }

  deliver(arrival: Arrival): Delivery | undefined {
    if (this.isStopped) return undefined;
    try {
      // The events of a socket run in the context of `connect()`, but the code that connected did not send the
      // message.
      const detached = this.detach();
      const around = detached ?? context.active();
      const opened = this.propagator?.open(arrival.channel, arrival.body, around);
      const message = this.released(messageOf(arrival, around, opened));
      const recorders = this.recordersFor(message);
      if (recorders.length > 0) return this.begin(message, recorders);
      if (detached === undefined && opened === undefined) return undefined;
      return { context: message.context, isFollowed: false, body: message.body, end: () => {} };
    } catch (error) {
      this.report('a message could not be followed', error);
      return undefined;
    }
  }

  process<T>(id: string | undefined, stream: string | undefined, run: () => T): T {
    const delivery = this.isStopped ? undefined : this.guarded(() => this.take(id, stream));
    if (delivery === undefined) return run();
    return delivery.isFollowed ? follow(delivery, run) : context.with(delivery.context, run);
  }

  /** Removes the suppression of tracing that was active when the client connected. Without a span it stays. */
  private released(message: Message): Message {
    if (message.context.getValue(SUPPRESS_TRACING) !== true) return message;
    const released = message.context.deleteValue(SUPPRESS_TRACING);
    return this.isTraced(released) ? { ...message, context: released } : message;
  }

  private take(id: string | undefined, stream: string | undefined): Delivery {
    const around = context.active();
    const recalled = id === undefined ? undefined : this.propagator?.recall(id, stream);
    // Without the active span: an entry that carries no span must not be linked to it.
    const sending = recalled?.contextIn(trace.deleteSpan(around));
    const message: Message = {
      client: recalled?.client ?? UNKNOWN,
      channel: recalled?.stream ?? stream,
      pattern: undefined,
      body: undefined,
      entry: { id, group: recalled?.group },
      // The application called this itself, so unlike with a listener the active context is its own.
      context: sending === undefined ? around : besideActive(around, sending),
      sender: sending && trace.getSpanContext(sending),
      startTimeMs: Date.now(),
      startMonotonicMs: performance.now(),
    };
    return this.begin(message, this.recordersFor(message));
  }

  private recordersFor(message: Message): MessageRecorder[] {
    const recorders: MessageRecorder[] = [];
    if (this.isTraced(message.context)) recorders.push(this.spans);
    if (this.metrics.isActive()) recorders.push(this.metrics);
    return recorders;
  }

  private isTraced(base: Context): boolean {
    const { consumerSpans, requireParentSpan } = this.settings;
    if (!consumerSpans || (requireParentSpan && !hasParent(base))) return false;
    return this.spans.isActive() && base.getValue(SUPPRESS_TRACING) !== true;
  }

  private begin(message: Message, recorders: readonly MessageRecorder[]): Delivery {
    const started = recorders.flatMap((recorder) => this.guarded(() => recorder.begin(message)) ?? []);
    const inside = started.reduce((current, processing) => processing.context ?? current, message.context);
    return {
      context: inside,
      isFollowed: started.length > 0,
      body: message.body,
      end: (failed, error) => {
        const outcome = { durationMs: performance.now() - message.startMonotonicMs, failed, error };
        for (const processing of started) this.guarded(() => processing.end(outcome));
      },
    };
  }

  /** A fault in one recorder must not affect the others. */
  private guarded<T>(record: () => T): T | undefined {
    try {
      return record();
    } catch (error) {
      this.report('a message could not be recorded', error);
      return undefined;
    }
  }
}

const UNKNOWN: ClientRef = { facts: UNKNOWN_SERVER };

/** Semantic conventions: if another span is active, the sender is linked and is not the parent. */
function besideActive(around: Context, sending: Context): Context {
  const active = trace.getSpan(around);
  return active !== undefined && isAtWork(active) ? trace.setSpan(sending, active) : sending;
}

/** Return value and error stay the application's own. A promise is replaced by one of the same kind. */
function follow<T>(delivery: Delivery, run: () => T): T {
  const fail = (error: unknown): never => {
    delivery.end(true, error);
    throw error;
  };
  let result: T;
  try {
    result = context.with(delivery.context, run);
  } catch (error) {
    return fail(error);
  }
  if (isThenable(result)) {
    return result.then((value) => {
      delivery.end(false, undefined);
      return value;
    }, fail) as T;
  }
  delivery.end(false, undefined);
  return result;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { readonly then?: unknown }).then === 'function'
  );
}

/** The sender is the parent only if no other span is active. An ended span does not count: it was only left over. */
function messageOf(
  arrival: Arrival,
  around: Context,
  opened: Opened = { body: arrival.body, context: around },
): Message {
  const active = trace.getActiveSpan();
  const isBusy = active !== undefined && isRecording(active);
  return {
    ...arrival,
    startTimeMs: Date.now(),
    startMonotonicMs: performance.now(),
    body: opened.body,
    context: isBusy ? trace.deleteSpan(opened.context) : opened.context,
    sender: trace.getSpanContext(opened.context),
  };
}
