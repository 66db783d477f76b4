// Knows: the pool of a client of redis 4, for commands that must not share its connection.
// Must not know: spans, metrics, attribute names.
import type { Pool, PoolLimits, PoolState } from '../../../core/events';
import { poolNameOf } from '../../../core/pool-name';
import { watch } from '../../shared/observe';
import { PatchLedger, prototypeOf, type Target } from '../../shared/patch';
import { Leases, type Task, type WatchedPools } from '../../shared/pools';
import { type ClientOptions, factsFrom } from '../server-info';

interface Client {
  readonly isOpen?: unknown;
  readonly options?: ClientOptions & { readonly isolationPoolOptions?: PoolOptions };
}

/** The options of generic-pool that matter here. */
interface PoolOptions {
  readonly min?: unknown;
  readonly max?: unknown;
  /** Another promise class: then the pool cannot be observed. */
  readonly Promise?: unknown;
}

/**
 * The state of a client's pool. The pool itself is private to the client, but it acts through methods of the client.
 */
interface Isolation {
  used: number;
  /** The connections that were made. */
  readonly clients: Set<Client>;
}

type ExecuteIsolated = (this: Client, task: Task<Client>) => unknown;

const LAYER = 'isolation';

/** Taps the isolation pool of redis 4: `executeIsolated`, and commands that are sent with `isolated: true`. */
export class IsolationPoolTap {
  private readonly isolations = new WeakMap<Client, Isolation>();
  /** The client for whose pool a client was created. */
  private readonly owners = new WeakMap<Client, Client>();
  private readonly leases: Leases<Client, Client>;

  constructor(private readonly pools: WatchedPools) {
    this.leases = new Leases({
      recorder: pools.recorder,
      lent: (owner, client) => this.lent(owner, client),
      run: (task, client) => task(client),
      returned: (owner) => this.returned(owner),
      isTimeout,
    });
  }

  /** `client/index.js`. Returns false if the seam is unknown; then nothing was changed. */
  patchClient(moduleExports: Target, ledger: PatchLedger): boolean {
    const prototype = prototypeOf(moduleExports);
    if (!PatchLedger.has(prototype, 'executeIsolated', 'duplicate', 'connect')) return false;
    ledger.wrap<ExecuteIsolated>(prototype, 'executeIsolated', (original) => this.wrapExecute(original), LAYER);
    // The pool asks its owner for a duplicate without a pool of its own.
    const duplicated = (owner: Client, made: Client, [overrides]: readonly unknown[]): void => {
      if (isForPool(overrides)) this.owners.set(made, owner);
    };
    ledger.after<Client, Client>(prototype, 'duplicate', duplicated, LAYER);
    const connect = (client: Client, call: () => Promise<unknown>): Promise<unknown> => {
      const owner = this.owners.get(client);
      return owner === undefined ? call() : this.timeCreation(owner, client, call);
    };
    ledger.around<Client, Promise<unknown>>(prototype, 'connect', connect, LAYER);
    return true;
  }

  private wrapExecute(original: ExecuteIsolated): ExecuteIsolated {
    const { leases } = this;
    const see = (client: Client) => this.see(client);
    return function executeIsolated(this: Client, task: Task<Client>): unknown {
      if (typeof task !== 'function' || this.options?.isolationPoolOptions?.Promise)
        return original.apply(this, arguments as never);
      see(this);
      return leases.time(this, task, (timed) => {
        arguments[0] = timed;
        return original.apply(this, arguments as never);
      });
    };
  }

  private lent(owner: Client, client: Client): Pool {
    const isolation = this.isolationOf(owner);
    isolation.used += 1;
    keep(isolation, client);
    return this.see(owner);
  }

  private returned(owner: Client): void {
    this.isolationOf(owner).used -= 1;
  }

  private timeCreation(owner: Client, client: Client, call: () => Promise<unknown>): Promise<unknown> {
    const startMonotonicMs = performance.now();
    const succeed = (): void => {
      keep(this.isolationOf(owner), client);
      this.pools.recorder.created(this.see(owner), performance.now() - startMonotonicMs);
    };
    return watch(call(), { succeed, fail: () => {} });
  }

  private isolationOf(owner: Client): Isolation {
    const known = this.isolations.get(owner);
    if (known !== undefined) return known;
    const isolation = { used: 0, clients: new Set<Client>() };
    this.isolations.set(owner, isolation);
    return isolation;
  }

  /** Watched from its first use on: every client has a pool, and most never use it. */
  private see(owner: Client): Pool {
    const { options } = owner;
    return (
      this.pools.get(owner) ??
      this.pools.watch(owner, {
        name: poolNameOf(factsFrom(options)),
        limits: limitsOf(options?.isolationPoolOptions),
        stateOf: (current, pool) =>
          readIsolation(current, this.isolationOf(current), this.leases.waitingAt(current, pool)),
      })
    );
  }
}

function isForPool(overrides: unknown): boolean {
  if (typeof overrides !== 'object' || overrides === null) return false;
  return (
    Object.hasOwn(overrides, 'isolationPoolOptions') &&
    (overrides as Client['options'])?.isolationPoolOptions === undefined
  );
}

/** Closed ones are removed here too: without metrics, the pool is never read. */
function keep({ clients }: Isolation, client: Client): void {
  if (clients.has(client)) return;
  forgetClosed(clients);
  clients.add(client);
}

/** A connection is closed if it failed its task, or was idle for too long. */
function forgetClosed(clients: Set<Client>): void {
  for (const client of clients) if (client.isOpen !== true) clients.delete(client);
}

/** Returns undefined once the client is closed, and its pool with it. */
function readIsolation(owner: Client, { used, clients }: Isolation, pending: number): PoolState | undefined {
  forgetClosed(clients);
  if (owner.isOpen !== true && clients.size === 0 && pending === 0) return undefined;
  return { idle: Math.max(0, clients.size - used), used, pending };
}

/** As generic-pool reads them. */
function limitsOf({ min, max }: PoolOptions = {}): PoolLimits {
  const maximum = Math.max(integerOr(max, 1), 1);
  return { minimum: Math.min(integerOr(min, 0), maximum), maximum };
}

function integerOr(value: unknown, otherwise: number): number {
  const integer = Number.parseInt(String(value), 10);
  return Number.isNaN(integer) ? otherwise : integer;
}

/** generic-pool's own error. */
function isTimeout(error: string): boolean {
  return error.includes('ResourceRequest timed out');
}
