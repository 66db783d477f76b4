// Knows: the metrics of the guide to tracing Redis caches, under its names.
// Must not know: pools and operations beyond their counts; the names in the semantic conventions.
import type { BatchObservableResult } from '@opentelemetry/api';
import type { Batch, BatchOutcome, Command, Outcome, Pool, PoolState } from '../core/events';
import type { BatchFacts, Facts } from '../core/facts';
import type { OperationMetrics } from '../core/recorder';
import * as semconv from '../core/semconv';
import { type Made, observedCounter, observedGauge } from './instruments';
import type { Meters } from './meters';

const INSTRUMENTS = {
  operations: observedCounter(
    semconv.GUIDE_METRIC_OPERATIONS_TOTAL,
    '{operation}',
    'Commands, transactions and pipelines.',
  ),
  total: observedGauge(semconv.GUIDE_METRIC_CONNECTIONS_TOTAL, '{connection}', 'Connections of a pool.'),
  active: observedGauge(
    semconv.GUIDE_METRIC_CONNECTIONS_ACTIVE,
    '{connection}',
    'Connections of a pool that are in use.',
  ),
  idle: observedGauge(semconv.GUIDE_METRIC_CONNECTIONS_IDLE, '{connection}', 'Connections of a pool that nobody uses.'),
};
type Instruments = Made<typeof INSTRUMENTS>;

/** The source of pools. */
interface Pools {
  read(): ReadonlyMap<string, readonly [Pool, Pick<PoolState, 'idle' | 'used'>]>;
}

/** Counts operations as plain numbers, which are read when metrics are collected. */
export class GuideMetrics implements OperationMetrics {
  private readonly counts = new Map<string, number>();
  /** The pools that were observed last. */
  private shown: readonly string[] = [];

  /** @param isWanted whether these names are on */
  constructor(
    meters: Meters,
    private readonly pools: Pools,
    isWanted: () => boolean,
  ) {
    meters.hold(INSTRUMENTS, {
      observe: (result, instruments) => this.observe(result, instruments),
      moved: () => this.forget(),
      isWanted,
    });
  }

  command({ isInternal }: Command, _outcome: Outcome, { operation }: Facts): void {
    if (isInternal !== true) this.count(operation);
  }

  batch(_batch: Batch, _outcome: BatchOutcome, { operation }: BatchFacts): void {
    this.count(operation);
  }

  private count(operation: string): void {
    this.counts.set(operation, (this.counts.get(operation) ?? 0) + 1);
  }

  private observe(result: BatchObservableResult, to: Instruments): void {
    for (const [operation, count] of this.counts) {
      result.observe(to.operations, count, { [semconv.ATTR_GUIDE_OPERATION]: operation });
    }
    const pools = this.pools.read();
    // The SDK keeps exporting the last value of a series that is no longer observed.
    for (const name of this.shown) if (!pools.has(name)) observePool(result, to, name, 0, 0);
    for (const [name, [, { idle, used }]] of pools) observePool(result, to, name, used, idle);
    this.shown = [...pools.keys()];
  }

  private forget(): void {
    this.counts.clear();
    this.shown = [];
  }
}

function observePool(result: BatchObservableResult, to: Instruments, name: string, active: number, idle: number): void {
  const attributes = { [semconv.ATTR_DB_CLIENT_CONNECTION_POOL_NAME]: name };
  result.observe(to.total, active + idle, attributes);
  result.observe(to.active, active, attributes);
  result.observe(to.idle, idle, attributes);
}
