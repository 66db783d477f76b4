// Knows: the metrics of the cache and its locks.
// Must not know: commands, replies, how any of it was found out.
import type { Attributes, Counter } from '@opentelemetry/api';
import type { FamilyCounts, Fill, Insights, LockFacts, MissReason, ValueSize } from '../core/facts';
import * as semconv from '../core/semconv';
import { counter, histogram, type Made } from './instruments';
import type { Instrumented, Meters } from './meters';
import { NamedValues, withFamily } from './named-values';

/** In seconds. Loading asks a database or another service. */
const LOAD_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const WIDTH_BUCKETS = [1, 2, 3, 5, 10, 25, 50, 100, 250, 500, 1_000];
const BYTE_BUCKETS = [64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216];

const REASONS: readonly MissReason[] = ['expired', 'deleted', 'unknown'];

const seconds = (name: string, description: string) => histogram(name, 's', LOAD_BUCKETS, description);

const INSTRUMENTS = {
  requests: counter(semconv.METRIC_CACHE_REQUESTS, '{request}', 'Items looked up in the cache, by the result.'),
  misses: counter(semconv.METRIC_CACHE_MISSES, '{miss}', 'Items that were not found, by the known reason.'),
  unfilled: counter(semconv.METRIC_CACHE_UNFILLED_MISSES, '{miss}', 'Misses that this process did not fill in time.'),
  writes: counter(semconv.METRIC_CACHE_WRITES, '{write}', 'Items stored, by whether they got a time to live.'),
  lostLocks: counter(semconv.METRIC_REDIS_LOCK_LOST, '{lock}', 'Locks that were gone before their release.'),
  loadDuration: seconds(semconv.METRIC_CACHE_LOAD_DURATION, 'Time from a miss to the write that fills it.'),
  stampedeWidth: histogram(
    semconv.METRIC_CACHE_STAMPEDE_WIDTH,
    '{caller}',
    WIDTH_BUCKETS,
    'Traces in this process that loaded an item at the same time, up to this load.',
  ),
  valueSize: histogram(semconv.METRIC_CACHE_VALUE_SIZE, 'By', BYTE_BUCKETS, 'Size of values stored.'),
  lockWait: seconds(semconv.METRIC_REDIS_LOCK_WAIT_DURATION, 'Time from the first refusal to getting the lock.'),
  lockHold: seconds(semconv.METRIC_REDIS_LOCK_HOLD_DURATION, 'Time from getting a lock to its release.'),
};
type Instruments = Made<typeof INSTRUMENTS>;

/**
 * Counts are plain numbers of the insights, added to the counters when metrics are collected: adding to a counter
 * hashes its attributes. Only fills, writes and locks record histograms.
 */
export class CacheMetrics {
  private insights: Insights | undefined;
  private readonly values = new NamedValues();
  private readonly instrumented: Instrumented<Instruments>;

  constructor(meters: Meters) {
    this.instrumented = meters.hold(INSTRUMENTS, {
      observe: (_result, instruments) => {
        for (const counts of this.insights?.counts(performance.now()) ?? []) add(instruments, counts);
        this.values.record();
      },
      moved: () => {
        this.insights?.counts(performance.now());
        this.values.record();
      },
    });
  }

  read(insights: Insights): void {
    this.insights = insights;
  }

  record(fills: readonly Fill[], sizes: readonly ValueSize[]): void {
    const { current } = this.instrumented;
    if (current === undefined) return;
    for (const { family, loadMs, stampedeWidth } of fills) {
      this.values.add(current.loadDuration, loadMs / 1_000, family);
      if (stampedeWidth !== undefined) this.values.add(current.stampedeWidth, stampedeWidth, family);
    }
    for (const { family, bytes } of sizes) this.values.add(current.valueSize, bytes, family);
  }

  recordLock({ family, waitMs, holdMs }: LockFacts): void {
    const { current } = this.instrumented;
    if (current === undefined) return;
    if (waitMs !== undefined) this.values.add(current.lockWait, waitMs / 1_000, family);
    if (holdMs !== undefined) this.values.add(current.lockHold, holdMs / 1_000, family);
  }
}

/** Only what has happened: a family has few of all these. */
function add(to: Instruments, counts: FamilyCounts): void {
  const { family } = counts;
  const report = (counter: Counter, count: number, attributes: Attributes): void => {
    if (count > 0) counter.add(count, withFamily(attributes, family));
  };
  report(to.requests, counts.hits, { [semconv.ATTR_CACHE_RESULT]: 'hit' });
  report(to.requests, counts.misses, { [semconv.ATTR_CACHE_RESULT]: 'miss' });
  const local = { [semconv.ATTR_CACHE_LOCAL]: true };
  report(to.requests, counts.localHits, { [semconv.ATTR_CACHE_RESULT]: 'hit', ...local });
  report(to.requests, counts.localMisses, { [semconv.ATTR_CACHE_RESULT]: 'miss', ...local });
  for (const reason of REASONS) report(to.misses, counts[reason], { [semconv.ATTR_CACHE_MISS_REASON]: reason });
  report(to.unfilled, counts.unfilled, {});
  report(to.writes, counts.writesWithTtl, { [semconv.ATTR_CACHE_TTL]: 'yes' });
  report(to.writes, counts.writesWithoutTtl, { [semconv.ATTR_CACHE_TTL]: 'no' });
  report(to.lostLocks, counts.lostLocks, {});
}
