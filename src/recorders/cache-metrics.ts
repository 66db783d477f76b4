// Knows: the metrics of the cache and its locks.
// Must not know: commands, replies, how any of it was found out.
import type {
  Attributes,
  Histogram,
  Meter,
  MetricOptions,
  ObservableCounter,
  ObservableResult,
} from '@opentelemetry/api';
import type { FamilyCounts, Fill, Insights, LockFacts, MissReason, ValueSize } from '../core/facts';
import * as semconv from '../core/semconv';

/** In seconds. Loading asks a database or another service. */
const LOAD_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const WIDTH_BUCKETS = [1, 2, 3, 5, 10, 25, 50, 100, 250, 500, 1_000];
const BYTE_BUCKETS = [64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216];

const REASONS: readonly MissReason[] = ['expired', 'deleted', 'unknown'];

/**
 * Counts are plain numbers of the insights, read when metrics are collected: adding to a counter would hash
 * attributes for every command. Only fills and writes record histograms.
 */
export class CacheMetrics {
  private insights: Insights | undefined;
  private readonly observed: [instrument: ObservableCounter, callback: (result: ObservableResult) => void][] = [];
  private readonly families = new Map<string | undefined, Attributes>();
  private loadDuration: Histogram | undefined;
  private stampedeWidth: Histogram | undefined;
  private valueSize: Histogram | undefined;
  private lockWait: Histogram | undefined;
  private lockHold: Histogram | undefined;

  read(insights: Insights): void {
    this.insights = insights;
    this.families.clear();
  }

  record(fills: readonly Fill[], sizes: readonly ValueSize[]): void {
    for (const { family, loadMs, stampedeWidth } of fills) {
      const attributes = this.attributesOf(family);
      this.loadDuration?.record(loadMs / 1_000, attributes);
      if (stampedeWidth !== undefined) this.stampedeWidth?.record(stampedeWidth, attributes);
    }
    for (const { family, bytes } of sizes) this.valueSize?.record(bytes, this.attributesOf(family));
  }

  recordLock({ family, waitMs, holdMs }: LockFacts): void {
    if (waitMs !== undefined) this.lockWait?.record(waitMs / 1_000, this.attributesOf(family));
    if (holdMs !== undefined) this.lockHold?.record(holdMs / 1_000, this.attributesOf(family));
  }

  /** A new meter counts from zero. */
  follow(meter: Meter | undefined): void {
    for (const [instrument, callback] of this.observed.splice(0)) instrument.removeCallback(callback);
    this.insights?.resetCounts();
    this.loadDuration = meter?.createHistogram(semconv.METRIC_CACHE_LOAD_DURATION, LOAD_DURATION);
    this.stampedeWidth = meter?.createHistogram(semconv.METRIC_CACHE_STAMPEDE_WIDTH, STAMPEDE_WIDTH);
    this.valueSize = meter?.createHistogram(semconv.METRIC_CACHE_VALUE_SIZE, VALUE_SIZE);
    this.lockWait = meter?.createHistogram(semconv.METRIC_REDIS_LOCK_WAIT_DURATION, LOCK_WAIT);
    this.lockHold = meter?.createHistogram(semconv.METRIC_REDIS_LOCK_HOLD_DURATION, LOCK_HOLD);
    if (meter === undefined) return;
    this.observe(meter, semconv.METRIC_CACHE_REQUESTS, REQUESTS, observeRequests);
    this.observe(meter, semconv.METRIC_CACHE_MISSES, MISSES, observeMisses);
    this.observe(meter, semconv.METRIC_CACHE_UNFILLED_MISSES, UNFILLED, observeUnfilled);
    this.observe(meter, semconv.METRIC_CACHE_WRITES, WRITES, observeWrites);
    this.observe(meter, semconv.METRIC_REDIS_LOCK_LOST, LOST, observeLost);
  }

  private observe(meter: Meter, name: string, options: MetricOptions, each: Observe): void {
    const instrument = meter.createObservableCounter(name, options);
    const callback = (result: ObservableResult): void => {
      for (const counts of this.insights?.counts(performance.now()) ?? []) each(result, counts);
    };
    instrument.addCallback(callback);
    this.observed.push([instrument, callback]);
  }

  /** The cache is bounded by the number of families. */
  private attributesOf(family: string | undefined): Attributes {
    let attributes = this.families.get(family);
    if (attributes === undefined) {
      attributes = withFamily({}, family);
      this.families.set(family, attributes);
    }
    return attributes;
  }
}

type Observe = (result: Pick<ObservableResult, 'observe'>, counts: FamilyCounts) => void;

const REQUESTS: MetricOptions = {
  description: 'Items looked up in the cache, by whether they were found.',
  unit: '{request}',
};
const MISSES: MetricOptions = {
  description: 'Items that were not found, by the reason this process knows.',
  unit: '{miss}',
};
const UNFILLED: MetricOptions = {
  description: 'Items that were not found, and that this process did not store in time, as far as it can be seen.',
  unit: '{miss}',
};
const WRITES: MetricOptions = {
  description: 'Items stored, by whether they were given a time to live.',
  unit: '{write}',
};
const LOAD_DURATION: MetricOptions = {
  description: 'Time from a miss to the write that fills it.',
  unit: 's',
  advice: { explicitBucketBoundaries: LOAD_BUCKETS },
};
const STAMPEDE_WIDTH: MetricOptions = {
  description: 'Traces in this process that missed an item together, until it was filled.',
  unit: '{caller}',
  advice: { explicitBucketBoundaries: WIDTH_BUCKETS },
};
const VALUE_SIZE: MetricOptions = {
  description: 'Size of values stored.',
  unit: 'By',
  advice: { explicitBucketBoundaries: BYTE_BUCKETS },
};

const LOCK_WAIT: MetricOptions = {
  description: 'Time from the first refused attempt to get a lock to the one that got it.',
  unit: 's',
  advice: { explicitBucketBoundaries: LOAD_BUCKETS },
};
const LOCK_HOLD: MetricOptions = {
  description: 'Time from getting a lock to giving it back.',
  unit: 's',
  advice: { explicitBucketBoundaries: LOAD_BUCKETS },
};
const LOST: MetricOptions = {
  description: 'Locks that were gone before they were given back, as Redis said.',
  unit: '{lock}',
};

const observeRequests: Observe = (result, { family, hits, misses, localHits, localMisses }) => {
  if (hits > 0) result.observe(hits, withFamily({ [semconv.ATTR_CACHE_RESULT]: 'hit' }, family));
  if (misses > 0) result.observe(misses, withFamily({ [semconv.ATTR_CACHE_RESULT]: 'miss' }, family));
  const local = { [semconv.ATTR_CACHE_LOCAL]: true };
  if (localHits > 0) result.observe(localHits, withFamily({ [semconv.ATTR_CACHE_RESULT]: 'hit', ...local }, family));
  if (localMisses > 0)
    result.observe(localMisses, withFamily({ [semconv.ATTR_CACHE_RESULT]: 'miss', ...local }, family));
};

const observeMisses: Observe = (result, counts) => {
  for (const reason of REASONS) {
    if (counts[reason] > 0)
      result.observe(counts[reason], withFamily({ [semconv.ATTR_CACHE_MISS_REASON]: reason }, counts.family));
  }
};

const observeUnfilled: Observe = (result, { family, unfilled }) => {
  if (unfilled > 0) result.observe(unfilled, withFamily({}, family));
};

const observeWrites: Observe = (result, { family, writesWithTtl, writesWithoutTtl }) => {
  if (writesWithTtl > 0) result.observe(writesWithTtl, withFamily({ [semconv.ATTR_CACHE_TTL]: 'yes' }, family));
  if (writesWithoutTtl > 0) result.observe(writesWithoutTtl, withFamily({ [semconv.ATTR_CACHE_TTL]: 'no' }, family));
};

const observeLost: Observe = (result, { family, lostLocks }) => {
  if (lostLocks > 0) result.observe(lostLocks, withFamily({}, family));
};

function withFamily(attributes: Attributes, family: string | undefined): Attributes {
  return family === undefined ? attributes : { ...attributes, [semconv.ATTR_REDIS_KEY_FAMILY]: family };
}
