// Knows: the pool of a client of redis 4, for commands that must not share its connection.
// Must not know: spans, metrics, attribute names.
import type { Pool, PoolLimits, PoolState } from '../../../core/events';
import { poolNameOf } from '../../../core/pool-name';
import { after, around, type PatchLedger, prototypeOf, type Target } from '../../shared/patch';
import { Leases, type WatchedPools } from '../../shared/pools';
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
 * Taps the isolation pool of redis 4: `executeIsolated`, and commands that are sent with `isolated: true`. The pool is
 * private to its client, but it acts through methods of the client.
 */
export class IsolationPoolTap {
  /** The connections that were made for each client. */
  private readonly made = new WeakMap<Client, Set<Client>>();
  /** The client for whose pool a client was created. */
  private readonly owners = new WeakMap<Client, Client>();
  private readonly leases: Leases<Client, Client>;

  constructor(private readonly pools: WatchedPools) {
    this.leases = new Leases(pools.recorder, (owner, client) => this.keep(owner, client), 'ResourceRequest timed out');
  }

  /** `client/index.js`. Returns false if the seam is unknown; then nothing was changed. */
  patchClient(moduleExports: Target, ledger: PatchLedger): boolean {
    // The pool asks its owner for a duplicate without a pool of its own.
    const duplicate = after<Client, Client>((owner, made, [overrides]) => {
      if (isForPool(overrides)) this.owners.set(made, owner);
    });
    const connect = around<Client, Promise<unknown>>((client, call) => {
      const owner = this.owners.get(client);
      return owner === undefined ? call() : this.leases.timeCreation(call, () => this.keep(owner, client));
    });
    const executeIsolated = around<Client, unknown>((client, call, args) => {
      if (typeof args[0] !== 'function' || client.options?.isolationPoolOptions?.Promise) return call();
      this.see(client);
      return this.leases.time(client, call, args);
    });
    return ledger.patch(prototypeOf(moduleExports), { executeIsolated, duplicate, connect }, 'isolation');
  }

  private keep(owner: Client, client: Client): Pool {
    const clients = this.openOf(owner);
    clients.add(client);
    this.made.set(owner, clients);
    return this.see(owner);
  }

  /** A connection is closed if it failed its task, or was idle for too long. Without metrics the pool is never read. */
  private openOf(owner: Client): Set<Client> {
    const clients = this.made.get(owner) ?? new Set();
    for (const client of clients) if (client.isOpen !== true) clients.delete(client);
    return clients;
  }

  /** Watched from its first use on: every client has a pool, and most never use it. */
  private see(owner: Client): Pool {
    const { options } = owner;
    return (
      this.pools.get(owner) ??
      this.pools.watch(owner, {
        name: poolNameOf(factsFrom(options)),
        limits: limitsOf(options?.isolationPoolOptions),
        stateOf: (current, pool) => this.read(current, pool),
      })
    );
  }

  /** Returns undefined once the client is closed, and its pool with it. */
  private read(owner: Client, pool: Pool): PoolState | undefined {
    const made = this.openOf(owner).size;
    const used = this.leases.usedAt(owner);
    const pending = this.leases.waitingAt(owner, pool);
    if (owner.isOpen !== true && made === 0 && pending === 0) return undefined;
    return { idle: Math.max(0, made - used), used, pending };
  }
}

function isForPool(overrides: unknown): boolean {
  const given = Object(overrides) as NonNullable<Client['options']>;
  return Object.hasOwn(given, 'isolationPoolOptions') && given.isolationPoolOptions === undefined;
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
