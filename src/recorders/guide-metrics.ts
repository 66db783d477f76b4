// Knows: the metrics of the guide to tracing Redis caches, under its names.
// Must not know: pools and operations beyond their counts; the names in the semantic conventions.
import type { BatchObservableResult } from '@opentelemetry/api';
import type { Batch, BatchOutcome, Command, Outcome } from '../core/events';
import type { BatchFacts, Facts } from '../core/facts';
import type { OperationMetrics } from '../core/recorder';
import * as semconv from '../core/semconv';
import { counter, type Made, observedGauge } from './instruments';
import type { Meters } from './meters';
import type { PoolMetrics } from './pool';

const INSTRUMENTS = {
  operations: counter(semconv.GUIDE_METRIC_OPERATIONS_TOTAL, '{operation}', 'Commands, transactions and pipelines.'),
  total: observedGauge(semconv.GUIDE_METRIC_CONNECTIONS_TOTAL, '{connection}', 'Connections of a pool.'),
  active: observedGauge(semconv.GUIDE_METRIC_CONNECTIONS_ACTIVE, '{connection}', 'Connections of a pool in use.'),
  idle: observedGauge(semconv.GUIDE_METRIC_CONNECTIONS_IDLE, '{connection}', 'Connections of a pool that nobody uses.'),
};
type Instruments = Made<typeof INSTRUMENTS>;

/** Counts operations as plain numbers, which are added to the counter when metrics are collected. */
export class GuideMetrics implements OperationMetrics {
  private readonly counts = new Map<string, number>();

  /** @param isWanted whether these names are on */
  constructor(
    meters: Meters,
    private readonly pools: Pick<PoolMetrics, 'read'>,
    isWanted: () => boolean,
  ) {
    meters.hold(INSTRUMENTS, {
      observe: (result, instruments) => this.observe(result, instruments),
      moved: () => this.counts.clear(),
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
    for (const [operation, count] of this.counts)
      to.operations.add(count, { [semconv.ATTR_GUIDE_OPERATION]: operation });
    this.counts.clear();
    for (const { pool, state } of this.pools.read()) {
      const attributes = { [semconv.ATTR_DB_CLIENT_CONNECTION_POOL_NAME]: pool.name };
      result.observe(to.total, state.used + state.idle, attributes);
      result.observe(to.active, state.used, attributes);
      result.observe(to.idle, state.idle, attributes);
    }
  }
}
