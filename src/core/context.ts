// Knows: what a context says of those above us: what to honour, and who is calling.
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

/** The key `suppressTracing()` of @opentelemetry/core sets. Context keys are global symbols by their description. */
export const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** The key under which instrumentations of HTTP servers keep the request's span (`setRPCMetadata()` of @opentelemetry/core). */
export const RPC_METADATA = createContextKey('OpenTelemetry SDK Context Key RPC_METADATA');

/** The span in which a message is processed: the entry of what is done for it. */
export const ENTRY_SPAN = createContextKey('opentelemetry-instrumentation-redis entry span');

/** Who called: the span that was active. */
export interface Caller {
  readonly traceId: string;
  readonly spanId: string;
}

/** undefined: there is no trace to tell one caller from another by. */
export function callerIn(context: Context): Caller | undefined {
  const caller = trace.getSpanContext(context);
  return caller === undefined || caller.traceId === INVALID_TRACEID ? undefined : caller;
}

/** Vendors put things of their own where a span should be: New Relic's for a transaction has a context, and no more. */
export function isRecording(span: Span): boolean {
  return typeof span.isRecording === 'function' && span.isRecording();
}

/**
 * A local span that was sampled out. A remote one leaves the decision to the sampler; one that has merely ended keeps its
 * flag; and one that is nobody's, as a no-op tracer makes them, no sampler was asked for.
 */
export function isUnsampled(span: Span): boolean {
  const about = span.spanContext();
  return (about.traceFlags & TraceFlags.SAMPLED) === 0 && about.isRemote !== true && isSomebodys(about) && !isRecording(span);
}

/** Whether a span of ours would have a parent there. */
export function hasParent(context: Context): boolean {
  const about = trace.getSpanContext(context);
  return about !== undefined && isSomebodys(about);
}

/** As valid as it has to be for the SDK to make a child of it. Not by the patterns of the API: this is asked of each command. */
function isSomebodys({ traceId, spanId }: SpanContext): boolean {
  return traceId !== INVALID_TRACEID && spanId !== INVALID_SPANID && traceId.length === 32 && spanId.length === 16;
}

/** Not one that has ended and was only left behind, as by a timer or a socket. */
export function isAtWork(span: Span): boolean {
  return isRecording(span) || span.spanContext().isRemote === true || isUnsampled(span);
}
