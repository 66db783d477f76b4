// Knows: the context key of others that we honour.
// Must not know: who set it.
import { createContextKey } from '@opentelemetry/api';

/** The key `suppressTracing()` of @opentelemetry/core sets. Context keys are global symbols by their description. */
export const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');
