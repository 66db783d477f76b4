// Knows: the pool of a client of redis 4, for commands that must not share its connection.
// Must not know: spans, metrics, attribute names.
import type { Pool, PoolLimits, PoolState } from '../../../core/events';
import { PatchLedger, prototypeOf, type Target } from '../../shared/patch';
import { type Leasing, poolNameOf, timeLease, type WatchedPools } from '../../shared/pools';
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
  waiting: number;
  used: number;
  /** The connections that were made. */
  readonly clients: Set<Client>;
}

type Task = (client: Client) => unknown;
type ExecuteIsolated = (this: Client, task: Task) => unknown;
type Duplicate = (this: Client, overrides?: object) => Client;
type Connect = (this: Client, ...args: unknown[]) => Promise<unknown>;

const LAYER = 'isolation';

/** Taps the isolation pool of redis 4: `executeIsolated`, and commands that are sent with `isolated: true`. */
export class IsolationPoolTap {
  private readonly isolations = new WeakMap<Client, Isolation>();
  /** The client for whose pool a client was created. */
  private readonly owners = new WeakMap<Client, Client>();

  private readonly leasing: Leasing<Client, Client>;

  constructor(private readonly pools: WatchedPools) {
    this.leasing = {
      recorder: pools.recorder,
      lent: (owner, client) => this.lent(owner, client),
      run: (task, client) => task(client),
      ended: (owner, wasLent) => this.ended(owner, wasLent),
      isTimeout,
    };
  }

  /** `client/index.js`. Returns false if the seam is unknown; then nothing was changed. */
  patchClient(moduleExports: Target, ledger: PatchLedger): boolean {
    const prototype = prototypeOf(moduleExports);
    if (!PatchLedger.has(prototype, 'executeIsolated', 'duplicate', 'connect')) return false;
    ledger.wrap<ExecuteIsolated>(prototype, 'executeIsolated', (original) => this.wrapExecute(original), LAYER);
    ledger.wrap<Duplicate>(prototype, 'duplicate', (original) => this.wrapDuplicate(original), LAYER);
    ledger.wrap<Connect>(prototype, 'connect', (original) => this.wrapConnect(original), LAYER);
    return true;
  }

  private wrapExecute(original: ExecuteIsolated): ExecuteIsolated {
    const execute = (client: Client, task: Task, call: (task: Task) => unknown) => this.execute(client, task, call);
    return function executeIsolated(this: Client, task: Task): unknown {
      if (typeof task !== 'function' || this.options?.isolationPoolOptions?.Promise)
        return original.apply(this, arguments as never);
      return execute(this, task, (timed) => {
        arguments[0] = timed;
        return original.apply(this, arguments as never);
      });
    };
  }

  /** The pool asks its owner for a duplicate without a pool of its own. */
  private wrapDuplicate(original: Duplicate): Duplicate {
    const { owners } = this;
    return function duplicate(this: Client, overrides?: object): Client {
      const made = original.apply(this, arguments as never);
      if (isForPool(overrides)) owners.set(made, this);
      return made;
    };
  }

  private wrapConnect(original: Connect): Connect {
    const { owners } = this;
    const timed = (owner: Client, client: Client, call: () => Promise<unknown>) =>
      this.timeCreation(owner, client, call);
    return function connect(this: Client): Promise<unknown> {
      const owner = owners.get(this);
      const call = (): Promise<unknown> => original.apply(this, arguments as never);
      return owner === undefined ? call() : timed(owner, this, call);
    };
  }

  private execute(owner: Client, task: Task, call: (task: Task) => unknown): unknown {
    this.see(owner);
    this.isolationOf(owner).waiting += 1;
    return timeLease(this.leasing, owner, task, call);
  }

  private lent(owner: Client, client: Client): Pool {
    const isolation = this.isolationOf(owner);
    isolation.waiting -= 1;
    isolation.used += 1;
    keep(isolation, client);
    return this.see(owner);
  }

  private ended(owner: Client, wasLent: boolean): Pool {
    this.isolationOf(owner)[wasLent ? 'used' : 'waiting'] -= 1;
    return this.see(owner);
  }

  private timeCreation(owner: Client, client: Client, call: () => Promise<unknown>): Promise<unknown> {
    const startMonotonicMs = performance.now();
    return call().then((connected) => {
      keep(this.isolationOf(owner), client);
      this.pools.recorder.created(this.see(owner), performance.now() - startMonotonicMs);
      return connected;
    });
  }

  private isolationOf(owner: Client): Isolation {
    const known = this.isolations.get(owner);
    if (known !== undefined) return known;
    const isolation = { waiting: 0, used: 0, clients: new Set<Client>() };
    this.isolations.set(owner, isolation);
    return isolation;
  }

  /** Watched from its first use on: every client has a pool, and most never use it. */
  private see(owner: Client): Pool {
    const stateOf = (current: Client): PoolState | undefined => readIsolation(current, this.isolations.get(current));
    const { options } = owner;
    return (
      this.pools.get(owner) ??
      this.pools.watch(owner, {
        name: poolNameOf(factsFrom(options)),
        limits: limitsOf(options?.isolationPoolOptions),
        stateOf,
      })
    );
  }
}

function isForPool(overrides: object | undefined): boolean {
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
function readIsolation(owner: Client, isolation: Isolation | undefined): PoolState | undefined {
  if (isolation === undefined) return undefined;
  const { waiting: pending, used, clients } = isolation;
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
function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === 'ResourceRequest timed out';
}
