// Knows: how many calls were part of a loop of round trips, by operation and family.
// Must not know: how a loop is recognised, spans.
import type { KeyFamily } from '../core/facts';
import * as semconv from '../core/semconv';
import { counter, type Made } from './instruments';
import type { Instrumented, Meters } from './meters';
import { withFamily } from './named-values';

/** If nobody collects, calls of more families get the names of now. */
const MAX_FAMILIES = 1_000;

const INSTRUMENTS = {
  calls: counter(
    semconv.METRIC_REDIS_REPEATED_CALLS,
    '{call}',
    'Commands that came one after another, ten and more, and could be sent together.',
  ),
};

/** Counts are plain numbers until metrics are collected and families have been named, see CacheMetrics. */
export class RepeatedCallMetrics {
  private readonly counts = new Map<KeyFamily | undefined, Map<string, number>>();
  private readonly instrumented: Instrumented<Made<typeof INSTRUMENTS>>;

  constructor(meters: Meters) {
    this.instrumented = meters.hold(INSTRUMENTS, { observe: () => this.record(), moved: () => this.counts.clear() });
  }

  /** @param family undefined: the calls have no key */
  add(operation: string, family: KeyFamily | undefined, calls: number): void {
    if (this.instrumented.current === undefined) return;
    const ofFamily = this.counts.get(family) ?? new Map<string, number>();
    ofFamily.set(operation, (ofFamily.get(operation) ?? 0) + calls);
    this.counts.set(family, ofFamily);
    if (this.counts.size > MAX_FAMILIES) this.record();
  }

  private record(): void {
    for (const [family, counts] of this.counts)
      for (const [operation, calls] of counts)
        this.instrumented.current?.calls.add(
          calls,
          withFamily({ [semconv.ATTR_DB_OPERATION_NAME]: operation }, family?.name),
        );
    this.counts.clear();
  }
}
