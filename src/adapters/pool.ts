// Knows: the client pool of redis 5 and 6.
// Must not know: spans, metrics, attribute names.
import { context } from '@opentelemetry/api';
import type { Pool, PoolState } from '../core/events';
import { type ClientOptions, factsFrom } from './facts';
import { PatchLedger, type Target } from './patch';

interface ClientPool {
  readonly _self?: ClientPool;
  readonly idleClients?: unknown;
  readonly clientsInUse?: unknown;
  readonly isOpen?: unknown;
}

type Task = (client: { readonly options?: ClientOptions }) => unknown;
type Execute = (this: ClientPool, task: Task, ...rest: unknown[]) => unknown;

/** Pools of one server are numbered; beyond this many names they share the last. */
const MAX_NAMES = 1_000;

/** Taps pools: their tasks run in the caller's context, and their connections can be counted. */
export class PoolTap {
  private readonly seen = new WeakSet<ClientPool>();
  private readonly names = new Map<string, number>();

  constructor(private readonly watch: (pool: Pool) => void) {}

  /** `client/pool.js`. False if the seam is not what we know: then nothing is touched. */
  patchPool(moduleExports: Target, ledger: PatchLedger): boolean {
    const { RedisClientPool } = moduleExports;
    const prototype = typeof RedisClientPool === 'function' ? RedisClientPool.prototype : undefined;
    if (!PatchLedger.has(prototype, 'execute')) return false;
    const { seen } = this;
    const see = (pool: ClientPool, options: ClientOptions | undefined) => this.see(pool, options);
    ledger.wrap<Execute>(prototype, 'execute', (original) => {
      return function execute(this: ClientPool, task: Task): unknown {
        const pool = this._self ?? this;
        if (typeof task !== 'function') return original.apply(this, arguments as never);
        // A task that waits would run in the context of whoever gives a connection back.
        const bound = context.bind(context.active(), task);
        // Where a pool connects is private to it; the first client it lends out tells.
        arguments[0] = seen.has(pool) ? bound : lookingAtClient(bound, (options) => see(pool, options));
        return original.apply(this, arguments as never);
      };
    });
    return true;
  }

  private see(pool: ClientPool, options: ClientOptions | undefined): void {
    if (this.seen.has(pool)) return;
    this.seen.add(pool);
    // Weakly: watching a pool must not keep it.
    const reference = new WeakRef(pool);
    const { seen } = this;
    const read = (): PoolState | undefined => {
      const current = reference.deref();
      const state = current && readPool(current);
      // A pool may be opened again; then it is seen again.
      if (current !== undefined && state === undefined) seen.delete(current);
      return state;
    };
    this.watch({ name: this.nameOf(options), read });
  }

  /** The conventions' name for a pool without one, with a number where a server has several. */
  private nameOf(options: ClientOptions | undefined): string {
    const { serverAddress, serverPort, namespace } = factsFrom(options);
    const name = `${serverPort === undefined ? serverAddress : `${serverAddress}:${serverPort}`}/${namespace}`;
    const count = (this.names.get(name) ?? 0) + 1;
    if (this.names.has(name) || this.names.size < MAX_NAMES) this.names.set(name, count);
    return count === 1 ? name : `${name}#${count}`;
  }
}

function lookingAtClient(task: Task, look: (options: ClientOptions | undefined) => void): Task {
  return (client) => {
    look(client?.options);
    return task(client);
  };
}

/** undefined once the pool is closed. */
function readPool(pool: ClientPool): PoolState | undefined {
  if (pool.isOpen === false) return undefined;
  const { idleClients, clientsInUse } = pool;
  if (typeof idleClients !== 'number' || typeof clientsInUse !== 'number') return undefined;
  return { idle: idleClients, used: clientsInUse };
}
