// Knows: the metrics of a connection pool.
// Must not know: what a pool is made of.
import type { Attributes, BatchObservableResult } from '@opentelemetry/api';
import type { Pool, PoolLimits, PoolState } from '../core/events';
import type { NativeMetrics, PoolRecorder, Report } from '../core/recorder';
import * as semconv from '../core/semconv';
import { DURATION_BUCKETS } from './buckets';
import { counter, histogram, type Made, observedUpDownCounter } from './instruments';
import { Living } from './living';
import type { Instrumented, Meters } from './meters';

/** The last state of a pool that is gone. */
const EMPTY: PoolState = { idle: 0, used: 0, pending: 0 };
const NONE: PoolLimits = { minimum: 0, maximum: 0 };

const seconds = (name: string, description: string) => histogram(name, 's', DURATION_BUCKETS, description);

const INSTRUMENTS = {
  count: observedUpDownCounter(
    semconv.METRIC_DB_CLIENT_CONNECTION_COUNT,
    '{connection}',
    'Connections of a pool, by state.',
  ),
  idleMax: observedUpDownCounter(
    semconv.METRIC_DB_CLIENT_CONNECTION_IDLE_MAX,
    '{connection}',
    'Idle connections a pool has at most.',
  ),
  idleMin: observedUpDownCounter(
    semconv.METRIC_DB_CLIENT_CONNECTION_IDLE_MIN,
    '{connection}',
    'Connections a pool keeps when idle.',
  ),
  limit: observedUpDownCounter(
    semconv.METRIC_DB_CLIENT_CONNECTION_LIMIT,
    '{connection}',
    'Connections a pool has at most.',
  ),
  pending: observedUpDownCounter(
    semconv.METRIC_DB_CLIENT_CONNECTION_PENDING_REQUESTS,
    '{request}',
    'Tasks that wait for a connection.',
  ),
  timeouts: counter(semconv.METRIC_DB_CLIENT_CONNECTION_TIMEOUTS, '{timeout}', 'Tasks that got no connection in time.'),
  createTime: seconds(semconv.METRIC_DB_CLIENT_CONNECTION_CREATE_TIME, 'Time to make a connection.'),
  waitTime: seconds(semconv.METRIC_DB_CLIENT_CONNECTION_WAIT_TIME, 'Time a task waits for a connection.'),
  useTime: seconds(semconv.METRIC_DB_CLIENT_CONNECTION_USE_TIME, 'Time a task keeps a connection.'),
};
type Instruments = Made<typeof INSTRUMENTS>;

/** The attributes of one pool, created once. */
interface PoolAttributes {
  readonly pool: Attributes;
  readonly idle: Attributes;
  readonly used: Attributes;
}

/** Times the tasks of pools, and reads all pools of the process whenever metrics are collected. */
export class PoolMetrics implements PoolRecorder {
  private readonly pools = new Living<PoolState, Pool>();
  private readonly attributes = new WeakMap<Pool, PoolAttributes>();
  /** The pools that were observed last, by name. */
  private readonly shown = new Map<string, Pool>();
  private native: NativeMetrics | undefined;
  private readonly instrumented: Instrumented<Instruments>;

  constructor(
    private readonly meters: Meters,
    private readonly report: Report,
  ) {
    this.instrumented = meters.hold(INSTRUMENTS, {
      observe: (result, instruments) => this.observe(result, instruments),
      moved: () => this.shown.clear(),
    });
  }

  isActive(): boolean {
    return this.meters.refresh();
  }

  watch(pool: Pool): void {
    this.pools.add(pool);
    this.meters.refresh();
  }

  /** node-redis has begun to measure connections itself. */
  yieldTo(native: NativeMetrics): void {
    this.native = native;
  }

  created(pool: Pool, durationMs: number): void {
    if (this.native?.connections === true) return;
    this.guarded(() => this.instrumented.current?.createTime.record(durationMs / 1_000, this.attributesOf(pool).pool));
  }

  waited(pool: Pool, durationMs: number): void {
    if (this.native?.waits === true) return;
    this.guarded(() => this.instrumented.current?.waitTime.record(durationMs / 1_000, this.attributesOf(pool).pool));
  }

  used(pool: Pool, durationMs: number): void {
    this.guarded(() => this.instrumented.current?.useTime.record(durationMs / 1_000, this.attributesOf(pool).pool));
  }

  timedOut(pool: Pool): void {
    this.guarded(() => this.instrumented.current?.timeouts.add(1, this.attributesOf(pool).pool));
  }

  private observe(result: BatchObservableResult, instruments: Instruments): void {
    const { shown } = this;
    const alive = this.read();
    // The SDK keeps exporting the last value of a series that is no longer observed.
    for (const pool of shown.values())
      if (!alive.has(pool.name)) observePool(result, instruments, this.attributesOf(pool), pool.limits && NONE);
    shown.clear();
    for (const [pool, state] of alive.values()) {
      observePool(result, instruments, this.attributesOf(pool), pool.limits, state);
      shown.set(pool.name, pool);
    }
  }

  /** Returns the living pools by name, with their current state. */
  read(): ReadonlyMap<string, readonly [Pool, PoolState]> {
    return new Map(this.pools.read().map((one) => [one[0].name, one]));
  }

  private attributesOf(pool: Pool): PoolAttributes {
    const known = this.attributes.get(pool);
    if (known !== undefined) return known;
    const name = { [semconv.ATTR_DB_CLIENT_CONNECTION_POOL_NAME]: pool.name };
    const attributes = {
      pool: name,
      idle: { ...name, [semconv.ATTR_DB_CLIENT_CONNECTION_STATE]: 'idle' },
      used: { ...name, [semconv.ATTR_DB_CLIENT_CONNECTION_STATE]: 'used' },
    };
    this.attributes.set(pool, attributes);
    return attributes;
  }

  /** This runs inside a task of the application. */
  private guarded(record: () => void): void {
    try {
      record();
    } catch (error) {
      this.report('a pool could not be measured', error);
    }
  }
}

function observePool(
  result: BatchObservableResult,
  to: Instruments,
  attributes: PoolAttributes,
  limits: PoolLimits | undefined,
  { idle, used, pending }: PoolState = EMPTY,
): void {
  result.observe(to.count, idle, attributes.idle);
  result.observe(to.count, used, attributes.used);
  result.observe(to.pending, pending, attributes.pool);
  const { minimum, maximum } = limits ?? {};
  if (minimum !== undefined) result.observe(to.idleMin, minimum, attributes.pool);
  if (maximum === undefined) return;
  // All connections of a pool may be idle, until it cleans up.
  result.observe(to.idleMax, maximum, attributes.pool);
  result.observe(to.limit, maximum, attributes.pool);
}
