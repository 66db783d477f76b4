// Knows: the client pool of redis 5 and 6.
// Must not know: spans, metrics, attribute names.
import { context } from '@opentelemetry/api';
import type { Pool, PoolLimits, PoolState } from '../../../core/events';
import { poolNameOf } from '../../../core/pool-name';
import { Ambient } from '../../shared/ambient';
import { after, allOf, around, PatchLedger, prototypeOf, type Target } from '../../shared/patch';
import { Leases, type Task, type WatchedPools } from '../../shared/pools';
import { type ClientOptions, factsFrom } from '../server-info';

interface ClientPool {
  readonly _self?: ClientPool;
  readonly idleClients?: unknown;
  readonly clientsInUse?: unknown;
  readonly tasksQueueLength?: unknown;
  readonly isOpen?: unknown;
}

interface PoolClient {
  readonly options?: ClientOptions;
}

interface PoolOptions {
  readonly minimum?: unknown;
  readonly maximum?: unknown;
}

/** The values with which a pool was created. Its limits and its server are private. */
interface Made {
  readonly server: ClientOptions | undefined;
  readonly limits: PoolLimits;
}

const DEFAULT_MINIMUM = 1;
const DEFAULT_MAXIMUM = 100;

/** Taps pools: their tasks run in the caller's context, and their connections are counted and timed. */
export class PoolTap {
  private readonly made = new WeakMap<ClientPool, Made>();
  /** Pools that are closed or destroyed, or are about to be. */
  private readonly ended = new WeakSet<ClientPool>();
  /** The pool whose own code is running, synchronously: a client that connects now belongs to it. */
  private readonly inside = new Ambient<ClientPool>();
  private readonly leases: Leases<ClientPool, PoolClient>;

  constructor(private readonly pools: WatchedPools) {
    const lent = (pool: ClientPool, client: PoolClient): Pool => this.see(pool, client?.options);
    // The text is the same in all versions; the name of the class does not survive minification.
    this.leases = new Leases(pools.recorder, lent, 'Timeout waiting for a client');
  }

  /** `client/pool.js`. Returns false if the seam is unknown; then nothing was changed. */
  patchPool(moduleExports: Target, ledger: PatchLedger): boolean {
    const { RedisClientPool: pool } = moduleExports;
    if (!PatchLedger.has(pool, 'create')) return false;
    // The package copies this to its exports when it loads: only an instrumentation enabled by then sees the limits.
    const create = after<unknown, ClientPool>((_class, made, [server, options]) => {
      this.made.set(made._self ?? made, { server: server as Made['server'], limits: limitsOf(options as PoolOptions) });
    });
    const isKnown = ledger.patch(pool.prototype, {
      connect: around<ClientPool, unknown>((one, call) => this.connect(one._self ?? one, call)),
      execute: around<ClientPool, unknown>((one, call, args) => this.execute(one._self ?? one, call, args)),
      ...allOf(
        ['close', 'destroy'],
        around<ClientPool, unknown>((one, call) => this.end(one._self ?? one, call)),
      ),
    });
    return isKnown && ledger.patch(pool, { create });
  }

  /** `client/index.js`: the time that a connection of a pool takes to be made. */
  patchClient(moduleExports: Target, ledger: PatchLedger): boolean {
    const connect = around<PoolClient, Promise<unknown>>((client, call) => this.timeCreation(client, call));
    return ledger.patch(prototypeOf(moduleExports), { connect });
  }

  private connect(pool: ClientPool, call: () => unknown): unknown {
    this.ended.delete(pool);
    const promise = this.inside.run(pool, call);
    this.seeMade(pool);
    return promise;
  }

  private end(pool: ClientPool, call: () => unknown): unknown {
    this.ended.add(pool);
    try {
      return call();
    } finally {
      // A pool that is gone at once returns its name at once.
      this.pools.get(pool)?.read();
    }
  }

  private execute(pool: ClientPool, call: () => unknown, args: unknown[]): unknown {
    if (typeof args[0] !== 'function') return call();
    const { pools } = this;
    // A waiting task would otherwise run in the context of the code that returns a connection.
    const task = context.bind(context.active(), args[0] as Task<PoolClient>);
    args[0] = task;
    if (pools.get(pool) === undefined && pool.isOpen === true) this.seeMade(pool);
    if (pools.recorder.isActive()) {
      args[0] = (client: PoolClient): unknown => this.inside.run(undefined, () => task(client));
      return this.inside.run(pool, () => this.leases.time(pool, call, args));
    }
    if (pools.get(pool) === undefined) args[0] = this.lookingAtClient(pool, task);
    return call();
  }

  private timeCreation(client: PoolClient, call: () => Promise<unknown>): Promise<unknown> {
    const pool = this.inside.current;
    if (pool === undefined || !this.pools.recorder.isActive()) return call();
    return this.leases.timeCreation(call, () => this.see(pool, client.options));
  }

  /** The server of a pool is private. If we did not see its creation, the first client that it lends shows it. */
  private lookingAtClient(pool: ClientPool, task: Task<PoolClient>): Task<PoolClient> {
    return (client) => {
      this.see(pool, client?.options);
      return task(client);
    };
  }

  private seeMade(pool: ClientPool): void {
    const made = this.made.get(pool);
    if (made !== undefined) this.see(pool, made.server);
  }

  private see(pool: ClientPool, server: ClientOptions | undefined): Pool {
    const known = this.pools.get(pool);
    if (known !== undefined) return known;
    const { made, ended, leases } = this;
    return this.pools.watch(pool, {
      name: poolNameOf(factsFrom(server)),
      limits: made.get(pool)?.limits,
      stateOf: (current, watched) => {
        // The pool shows how many wait, but not how many waited too long.
        leases.waitingAt(current, watched);
        return readPool(current, ended.has(current));
      },
    });
  }
}

function limitsOf(options: PoolOptions | undefined): PoolLimits {
  // A given value is used, even undefined: then the pool compares with undefined, and there is no limit to report.
  const { minimum, maximum } = { minimum: DEFAULT_MINIMUM, maximum: DEFAULT_MAXIMUM, ...options };
  return { minimum: numberOf(minimum), maximum: numberOf(maximum) };
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/**
 * Returns undefined once the pool is closed. Version 5.0 says that it is open after `close()`, and works without
 * `connect()` while it says that it is not open; 6.3 keeps a connection that is returned after `destroy()`.
 */
function readPool(pool: ClientPool, isEnded: boolean): PoolState | undefined {
  const { idleClients: idle, clientsInUse: used, tasksQueueLength: pending, isOpen } = pool;
  if (typeof idle !== 'number' || typeof used !== 'number' || typeof pending !== 'number') return undefined;
  const isEmpty = idle + used === 0;
  if (isEnded ? isEmpty || isOpen === false : isEmpty && isOpen === false) return undefined;
  return { idle, used, pending };
}
