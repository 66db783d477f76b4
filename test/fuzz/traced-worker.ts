// The process with us, enabled before any redis is loaded.

import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { assertQuiet, inSpan, redisSpans, resetTracing } from '../support/tracing';
import type { Setting } from './scenario';
import { serve } from './worker';

const UNSAMPLED = trace.setSpanContext(ROOT_CONTEXT, { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 0 });
const below: Record<Setting['parent'], <T>(body: () => Promise<T>) => Promise<T>> = {
  none: (body) => body(),
  sampled: (body) => inSpan(body),
  unsampled: (body) => context.with(UNSAMPLED, body),
};

serve(async ({ parent, config }, body) => {
  resetTracing(config);
  const transcript = await below[parent](body);
  return { ...transcript, spans: redisSpans().length, complaints: complaints() };
});

function complaints(): string[] {
  try {
    assertQuiet();
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}
