// Knows: how the context of a sender is extracted, and that a propagator may throw.
// Must not know: where the context was carried, redis, spans.
import { type Context, propagation } from '@opentelemetry/api';
import type { Report } from '../core/recorder';
import type { Carrier } from './envelope';

/**
 * Returns `around` with the carried context, or unchanged if the propagator throws: the carrier is removed either way.
 */
export function extracted(around: Context, carrier: Carrier, report: Report): Context {
  try {
    return propagation.extract(around, carrier);
  } catch (error) {
    report('the context of a message could not be extracted', error);
    return around;
  }
}
