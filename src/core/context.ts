// Knows: what a context says of those above us: what to honour, and who is calling.
// Must not know: who set it.
import { type Context, createContextKey, trace } from '@opentelemetry/api';

/** The key `suppressTracing()` of @opentelemetry/core sets. Context keys are global symbols by their description. */
export const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** Who called: the span that was active. */
export interface Caller {
  readonly traceId: string;
  readonly spanId: string;
}

/** undefined: there is no trace to tell one caller from another by. */
export function callerIn(context: Context): Caller | undefined {
  return trace.getSpanContext(context);
}
