// Knows: how many calls were part of a loop of round trips, by operation and family.
// Must not know: how a loop is recognised, spans.
import type { Attributes, BatchObservableResult, ObservableCounter } from '@opentelemetry/api';
import { OTHER_FAMILY } from '../catalog';
import * as semconv from '../core/semconv';
import { observedCounter } from './instruments';
import type { Meters } from './meters';

/** More than a healthy process has: two hundred families, with a few operations each. */
const MAX_COUNTS = 500;

const INSTRUMENTS = {
  calls: observedCounter(
    semconv.METRIC_REDIS_REPEATED_CALLS,
    '{call}',
    'Commands that came one after another, ten and more, and could be sent together.',
  ),
};

export interface RepeatedCount {
  readonly attributes: Attributes;
  calls: number;
}

/**
 * Counts are plain numbers, read when metrics are collected: adding to a counter would hash attributes for every
 * call.
 */
export class RepeatedCallMetrics {
  private readonly counts = new Map<string, RepeatedCount>();

  constructor(meters: Meters) {
    meters.hold(INSTRUMENTS, {
      observe: (result, { calls }) => this.observe(result, calls),
      moved: () => this.reset(),
    });
  }

  /** Returns the object to count in. @param family undefined: there is none */
  of(operation: string, family: string | undefined): RepeatedCount {
    const key = `${operation} ${family}`;
    return this.counts.get(key) ?? this.begin(key, operation, family);
  }

  private begin(key: string, operation: string, family: string | undefined): RepeatedCount {
    if (this.counts.size >= MAX_COUNTS && family !== undefined && family !== OTHER_FAMILY)
      return this.of(operation, OTHER_FAMILY);
    const attributes: Attributes = { [semconv.ATTR_DB_OPERATION_NAME]: operation };
    if (family !== undefined) attributes[semconv.ATTR_REDIS_KEY_FAMILY] = family;
    const count = { attributes, calls: 0 };
    this.counts.set(key, count);
    return count;
  }

  private observe(result: BatchObservableResult, counter: ObservableCounter): void {
    for (const { attributes, calls } of this.counts.values()) if (calls > 0) result.observe(counter, calls, attributes);
  }

  /** Sets counts to zero but keeps the objects: loops in progress still add to them. */
  private reset(): void {
    for (const count of this.counts.values()) count.calls = 0;
  }
}
