// Knows: what a context says about its caller: whether to record, and who called.
// Must not know: who set it.
import {
  type Context,
  createContextKey,
  INVALID_SPANID,
  INVALID_TRACEID,
  type Span,
  type SpanContext,
  TraceFlags,
  trace,
} from '@opentelemetry/api';

/** The key of `suppressTracing()` of @opentelemetry/core. Context keys are global symbols by their description. */
export const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/**
 * The key under which HTTP server instrumentations keep the request's span (`setRPCMetadata()` of
 * @opentelemetry/core).
 */
export const RPC_METADATA = createContextKey('OpenTelemetry SDK Context Key RPC_METADATA');

/** The span in which a message is processed. It is the entry span of the work done for the message. */
export const ENTRY_SPAN = createContextKey('opentelemetry-instrumentation-redis entry span');

/** The caller: the active span. */
export interface Caller {
  readonly traceId: string;
  readonly spanId: string;
}

/** undefined: there is no trace by which callers could be told apart. */
export function callerIn(context: Context): Caller | undefined {
  const caller = trace.getSpanContext(context);
  return caller === undefined || caller.traceId === INVALID_TRACEID ? undefined : caller;
}

/** Vendors put their own objects in place of a span: New Relic's for a transaction has only a span context. */
export function isRecording(span: Span): boolean {
  return typeof span.isRecording === 'function' && span.isRecording();
}

/**
 * Whether a local span was sampled out. For a remote span the sampler decides. An ended span keeps its flag. An invalid
 * span, as a no-op tracer returns it, was never sampled.
 */
export function isUnsampled(span: Span): boolean {
  const about = span.spanContext();
  return (
    (about.traceFlags & TraceFlags.SAMPLED) === 0 && about.isRemote !== true && isSomebodys(about) && !isRecording(span)
  );
}

/** Whether a span started in this context would have a parent. */
export function hasParent(context: Context): boolean {
  const about = trace.getSpanContext(context);
  return about !== undefined && isSomebodys(about);
}

/** Valid enough for the SDK to make a child span. The patterns of the API would be too slow for each command. */
function isSomebodys({ traceId, spanId }: SpanContext): boolean {
  return traceId !== INVALID_TRACEID && spanId !== INVALID_SPANID && traceId.length === 32 && spanId.length === 16;
}

/** Whether the span has not ended: an ended span is left over, for example in a timer or a socket. */
export function isAtWork(span: Span): boolean {
  return isRecording(span) || span.spanContext().isRemote === true || isUnsampled(span);
}
