// Knows: which metrics a pool of connections has.
// Must not know: what a pool is made of.
import type { Meter, ObservableResult, ObservableUpDownCounter } from '@opentelemetry/api';
import type { Pool } from '../core/events';
import type { PoolRecorder } from '../core/recorder';
import * as semconv from '../core/semconv';

/** Below this many pools it is not worth looking for those that are gone. */
const MIN_SWEEP = 64;

/** Reads the pools of the process whenever metrics are collected. */
export class ConnectionRecorder implements PoolRecorder {
  private readonly pools = new Set<Pool>();
  private sweepAt = MIN_SWEEP;
  private meter: Meter | undefined;
  private connections: ObservableUpDownCounter | undefined;

  /** @param source the meter of whoever listens now; undefined while nobody does */
  constructor(private readonly source: () => Meter | undefined) {}

  watch(pool: Pool): void {
    this.pools.add(pool);
    if (this.pools.size >= this.sweepAt) this.sweep();
    this.refresh();
  }

  /** Follows the meter: the instruments belong to one provider. */
  refresh(): void {
    const meter = this.source();
    if (meter === this.meter) return;
    this.connections?.removeCallback(this.observe);
    this.meter = meter;
    this.connections = meter?.createObservableUpDownCounter(semconv.METRIC_DB_CLIENT_CONNECTION_COUNT, {
      description: 'Connections of a pool, by state.',
      unit: '{connection}',
    });
    this.connections?.addCallback(this.observe);
  }

  /** Pools that come and go must not pile up while nobody collects. Amortised: the next look is at twice the size. */
  private sweep(): void {
    for (const pool of this.pools) if (pool.read() === undefined) this.pools.delete(pool);
    this.sweepAt = Math.max(MIN_SWEEP, this.pools.size * 2);
  }

  private readonly observe = (result: ObservableResult): void => {
    for (const pool of this.pools) {
      const state = pool.read();
      if (state === undefined) {
        this.pools.delete(pool);
        continue;
      }
      result.observe(state.idle, stateOf(pool, 'idle'));
      result.observe(state.used, stateOf(pool, 'used'));
    }
  };
}

function stateOf(pool: Pool, state: 'idle' | 'used') {
  return { [semconv.ATTR_DB_CLIENT_CONNECTION_POOL_NAME]: pool.name, [semconv.ATTR_DB_CLIENT_CONNECTION_STATE]: state };
}
