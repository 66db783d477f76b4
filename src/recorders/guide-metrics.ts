// Knows: the metrics of the guide to tracing Redis caches, under its names.
// Must not know: pools and operations beyond their counts; the names in the semantic conventions.
import type { BatchObservableResult, Meter, ObservableCounter, ObservableGauge } from '@opentelemetry/api';
import type { Batch, BatchOutcome, Command, Outcome, Pool, PoolState } from '../core/events';
import type { BatchFacts, Facts } from '../core/facts';
import type { Recorder, Report } from '../core/recorder';
import * as semconv from '../core/semconv';
import { Instrumented } from './instrumented';

interface Instruments {
  readonly operations: ObservableCounter;
  readonly total: ObservableGauge;
  readonly active: ObservableGauge;
  readonly idle: ObservableGauge;
}

/** The source of pools. */
interface Pools {
  read(): ReadonlyMap<string, readonly [Pool, Pick<PoolState, 'idle' | 'used'>]>;
}

/** Counts operations as plain numbers, which are read when metrics are collected. */
export class GuideMetrics implements Recorder {
  private readonly counts = new Map<string, number>();
  /** The pools that were observed last. */
  private shown: readonly string[] = [];
  private readonly instrumented: Instrumented<Instruments>;

  /** @param source the current meter; undefined: no provider is registered, or these names are off */
  constructor(
    source: () => Meter | undefined,
    private readonly pools: Pools,
    report: Report,
  ) {
    const kind = {
      make: instrumentsOf,
      observables: ({ operations, total, active, idle }: Instruments) => [operations, total, active, idle],
      observe: (result: BatchObservableResult) => this.observe(result),
      moved: () => this.forget(),
    };
    this.instrumented = new Instrumented(source, kind, report);
  }

  /** Moves the instruments to the current meter. */
  refresh(): void {
    this.instrumented.refresh();
  }

  isActive(): boolean {
    return this.instrumented.current !== undefined;
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

  private observe(result: BatchObservableResult): void {
    const { current } = this.instrumented;
    if (current === undefined) return;
    for (const [operation, count] of this.counts) {
      result.observe(current.operations, count, { [semconv.ATTR_GUIDE_OPERATION]: operation });
    }
    const pools = this.pools.read();
    // The SDK keeps exporting the last value of a series that is no longer observed.
    for (const name of this.shown) if (!pools.has(name)) observePool(result, current, name, 0, 0);
    for (const [name, [, { idle, used }]] of pools) observePool(result, current, name, used, idle);
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

function instrumentsOf(meter: Meter): Instruments {
  const gauge = (name: string, description: string) =>
    meter.createObservableGauge(name, { description, unit: '{connection}' });
  return {
    operations: meter.createObservableCounter(semconv.GUIDE_METRIC_OPERATIONS_TOTAL, {
      description: 'Commands, transactions and pipelines.',
      unit: '{operation}',
    }),
    total: gauge(semconv.GUIDE_METRIC_CONNECTIONS_TOTAL, 'Connections of a pool.'),
    active: gauge(semconv.GUIDE_METRIC_CONNECTIONS_ACTIVE, 'Connections of a pool that are in use.'),
    idle: gauge(semconv.GUIDE_METRIC_CONNECTIONS_IDLE, 'Connections of a pool that nobody uses.'),
  };
}
