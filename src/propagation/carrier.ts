// Knows: the fields by which a propagator carries the context of a sender, and that a propagator may throw.
// Must not know: where they are carried, redis, spans.
import { type Context, propagation } from '@opentelemetry/api';
import type { Report } from '../core/recorder';

/** The fields that a propagator injects. */
export type Carrier = Record<string, string>;

/** Room for a baggage of the size that its specification allows. */
export const MAX_CARRIER_LENGTH = 10_000;

/** undefined: there is nothing to carry. */
export function injected(sender: Context): Carrier | undefined {
  const carrier: Carrier = {};
  propagation.inject(sender, carrier);
  return Object.keys(carrier).length === 0 ? undefined : carrier;
}

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

/** undefined: this was not written by a propagator. */
export function parseCarrier(header: string): Carrier | undefined {
  try {
    const parsed: unknown = JSON.parse(header);
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
    return Object.values(parsed).every((value) => typeof value === 'string') ? (parsed as Carrier) : undefined;
  } catch {
    return undefined;
  }
}
