// Knows: the metrics of a connection pool.
// Must not know: what a pool is made of.
import type { Attributes, BatchObservableResult } from '@opentelemetry/api';
import type { Pool, PoolLimits, PoolState } from '../core/events';
import type { PoolRecorder, Report } from '../core/recorder';
import * as semconv from '../core/semconv';
import { counter, DURATION_BUCKETS, histogram, type Made, observedUpDownCounter } from './instruments';
import { Living } from './living';
import type { Instrumented, Meters } from './meters';

/** The state of a pool that is gone. */
const EMPTY: PoolState = { idle: 0, used: 0, pending: 0 };
const NONE: PoolLimits = { minimum: 0, maximum: 0 };

/** Beyond this number of names, pools that are gone are forgotten. */
const MAX_POOLS = 1_000;

const seconds = (name: string, description: string) => histogram(name, 's', DURATION_BUCKETS, description);

const connections = (name: string, description: string) => observedUpDownCounter(name, '{connection}', description);

const INSTRUMENTS = {
  count: connections(semconv.METRIC_DB_CLIENT_CONNECTION_COUNT, 'Connections of a pool, by state.'),
  idleMax: connections(semconv.METRIC_DB_CLIENT_CONNECTION_IDLE_MAX, 'Idle connections a pool has at most.'),
  idleMin: connections(semconv.METRIC_DB_CLIENT_CONNECTION_IDLE_MIN, 'Connections a pool keeps when idle.'),
  limit: connections(semconv.METRIC_DB_CLIENT_CONNECTION_LIMIT, 'Connections a pool has at most.'),
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

/** A pool and its state now. */
export interface KnownPool {
  readonly pool: Pool;
  readonly state: PoolState;
  readonly isGone: boolean;
}

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
  /** By name, also pools that are gone: the SDK keeps exporting the last value of a series that is not observed. */
  private readonly known = new Map<string, KnownPool>();
  private readonly instrumented: Instrumented<Instruments>;

  constructor(
    private readonly meters: Meters,
    private readonly report: Report,
  ) {
    this.instrumented = meters.hold(INSTRUMENTS, {
      observe: (result, instruments) => this.observe(result, instruments),
      moved: () => this.known.clear(),
    });
  }

  isActive(): boolean {
    return this.meters.refresh();
  }

  watch(pool: Pool): void {
    this.pools.add(pool);
    this.meters.refresh();
  }

  created(pool: Pool, durationMs: number): void {
    this.guarded(() => this.instrumented.current?.createTime.record(durationMs / 1_000, this.attributesOf(pool).pool));
  }

  waited(pool: Pool, durationMs: number): void {
    this.guarded(() => this.instrumented.current?.waitTime.record(durationMs / 1_000, this.attributesOf(pool).pool));
  }

  used(pool: Pool, durationMs: number): void {
    this.guarded(() => this.instrumented.current?.useTime.record(durationMs / 1_000, this.attributesOf(pool).pool));
  }

  timedOut(pool: Pool): void {
    this.guarded(() => this.instrumented.current?.timeouts.add(1, this.attributesOf(pool).pool));
  }

  private observe(result: BatchObservableResult, instruments: Instruments): void {
    for (const known of this.read()) observePool(result, instruments, this.attributesOf(known.pool), known);
  }

  /** Reads all pools. Those that are gone are empty. */
  read(): Iterable<KnownPool> {
    const isCrowded = this.known.size > MAX_POOLS;
    for (const [name, { pool }] of this.known) {
      if (isCrowded) this.known.delete(name);
      else this.known.set(name, { pool, state: EMPTY, isGone: true });
    }
    for (const [pool, state] of this.pools.read()) this.known.set(pool.name, { pool, state, isGone: false });
    return this.known.values();
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
  { pool, state: { idle, used, pending }, isGone }: KnownPool,
): void {
  result.observe(to.count, idle, attributes.idle);
  result.observe(to.count, used, attributes.used);
  result.observe(to.pending, pending, attributes.pool);
  const { minimum, maximum } = (isGone ? pool.limits && NONE : pool.limits) ?? {};
  if (minimum !== undefined) result.observe(to.idleMin, minimum, attributes.pool);
  if (maximum === undefined) return;
  // All connections of a pool may be idle, until it cleans up.
  result.observe(to.idleMax, maximum, attributes.pool);
  result.observe(to.limit, maximum, attributes.pool);
}
