// Knows: how the context of a sender is read, and that a propagator may throw.
// Must not know: where it was carried, redis, spans.
import { type Context, propagation } from '@opentelemetry/api';
import type { Report } from '../core/recorder';
import type { Carrier } from './envelope';

/** `around` with what was carried; as it was, where the propagator throws: what carried it comes off all the same. */
export function extracted(around: Context, carrier: Carrier, report: Report): Context {
  try {
    return propagation.extract(around, carrier);
  } catch (error) {
    report('the context that a message carried could not be read', error);
    return around;
  }
}
