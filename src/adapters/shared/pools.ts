// Knows: what all pools have in common: a name, limits, an owner that may be gone, tasks that wait for a connection.
// Must not know: how a version implements pools.
import type { ClientFacts, Pool, PoolLimits, PoolState } from '../../core/events';
import type { PoolRecorder } from '../../core/recorder';
import { PoolNames } from './pool-names';

/** A pool, as it is watched, identified by its owner object. */
interface Watching<O> {
  readonly name: string;
  readonly limits: PoolLimits | undefined;
  /** undefined once the pool is closed. */
  stateOf(owner: O): PoolState | undefined;
}

/** The pools that are watched, by owner. */
export class WatchedPools {
  private readonly names = new PoolNames();
  private readonly pools = new WeakMap<object, Pool>();

  constructor(readonly recorder: PoolRecorder) {}

  get(owner: object): Pool | undefined {
    return this.pools.get(owner);
  }

  /** Watches a pool. A pool that is opened again after it was closed has to be watched again. */
  watch<O extends object>(owner: O, { name: base, limits, stateOf }: Watching<O>): Pool {
    const { name, give } = this.names.take(base);
    // A weak reference: watching must not keep the pool alive.
    const reference = new WeakRef(owner);
    const { pools } = this;
    const read = (): PoolState | undefined => {
      const current = reference.deref();
      const state = current && stateOf(current);
      if (state !== undefined) return state;
      give();
      if (current !== undefined) pools.delete(current);
      return undefined;
    };
    const pool = { name, limits, read };
    pools.set(owner, pool);
    this.recorder.watch(pool);
    return pool;
  }
}

/** The name of the semantic conventions for a pool without one. */
export function poolNameOf({ serverAddress, serverPort, namespace }: ClientFacts): string {
  return `${serverPort === undefined ? serverAddress : `${serverAddress}:${serverPort}`}/${namespace}`;
}

/** How one kind of pool is asked about its tasks. One object serves all tasks: a task may be a single command. */
export interface Leasing<O, C> {
  readonly recorder: PoolRecorder;
  /** The task gets its connection from this pool. */
  lent(owner: O, client: C): Pool;
  run(task: (client: C) => unknown, client: C): unknown;
  /** The task has ended, or got no connection. undefined: its pool is not known. */
  ended(owner: O, wasLent: boolean): Pool | undefined;
  isTimeout(error: unknown): boolean;
}

/** Measures how long a task waited for its connection, and how long it kept it. */
export function timeLease<O, C>(
  leasing: Leasing<O, C>,
  owner: O,
  task: (client: C) => unknown,
  call: (task: (client: C) => unknown) => unknown,
): unknown {
  const { recorder } = leasing;
  const askedMonotonicMs = performance.now();
  let lentMonotonicMs: number | undefined;
  let returnedMonotonicMs: number | undefined;
  const lent = (client: C): unknown => {
    lentMonotonicMs = performance.now();
    recorder.waited(leasing.lent(owner, client), lentMonotonicMs - askedMonotonicMs);
    const result = leasing.run(task, client);
    // The pool only waits for native promises.
    if (!(result instanceof Promise)) returnedMonotonicMs = performance.now();
    return result;
  };
  const settle = (error?: unknown): void => {
    const pool = leasing.ended(owner, lentMonotonicMs !== undefined);
    if (pool === undefined) return;
    if (lentMonotonicMs !== undefined)
      recorder.used(pool, (returnedMonotonicMs ?? performance.now()) - lentMonotonicMs);
    else if (leasing.isTimeout(error)) recorder.timedOut(pool);
  };
  const promise = call(lent);
  return promise instanceof Promise ? following(promise, settle) : promise;
}

/** Reports when a promise settles. Value, rejection and unhandled rejections do not change. */
function following(promise: Promise<unknown>, settle: (error?: unknown) => void): Promise<unknown> {
  return promise.then(
    (value) => {
      settle();
      return value;
    },
    (error: unknown) => {
      settle(error);
      throw error;
    },
  );
}
