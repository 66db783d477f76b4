// Knows: what all pools have in common: a name, limits, an owner that may be gone, tasks that wait for a connection.
// Must not know: how a version implements pools.
import type { Pool, PoolLimits, PoolState } from '../../core/events';
import type { PoolRecorder } from '../../core/recorder';
import { rejectionOf, watch } from './observe';
import { PoolNames } from './pool-names';

/** A pool, as it is watched, identified by its owner object. */
interface Watching<O> {
  readonly name: string;
  readonly limits: PoolLimits | undefined;
  /** undefined once the pool is closed. */
  stateOf(owner: O, pool: Pool): PoolState | undefined;
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
      const state = current && stateOf(current, pool);
      if (state !== undefined) return state;
      give();
      if (current !== undefined) pools.delete(current);
      return undefined;
    };
    const pool: Pool = { name, limits, read };
    pools.set(owner, pool);
    this.recorder.watch(pool);
    return pool;
  }
}

/** More tasks than wait in a process that works. Further ones are not counted. */
const MAX_WAITING = 10_000;

/** How one kind of pool is asked about its tasks. */
interface Leasing<O, C> {
  readonly recorder: PoolRecorder;
  /** The task gets its connection from this pool. */
  lent(owner: O, client: C): Pool;
  run(task: Task<C>, client: C): unknown;
  /** The task has returned its connection. */
  returned(owner: O): void;
  /** Whether this error, as text, tells that a task got no connection in time. */
  isTimeout(error: string): boolean;
}

export type Task<C> = (client: C) => unknown;

/** Measures how long tasks wait for a connection, and how long they keep it. A task may be a single command. */
export class Leases<O extends object, C> {
  private readonly waiting = new WeakMap<O, Set<Promise<unknown>>>();

  constructor(private readonly leasing: Leasing<O, C>) {}

  /** Returns what `call` does: the pool's own promise. */
  time(owner: O, task: Task<C>, call: (task: Task<C>) => unknown): unknown {
    const { leasing } = this;
    const askedMonotonicMs = performance.now();
    let isLent = false;
    let promise: unknown;
    const timed = (client: C): unknown => {
      isLent = true;
      this.waiting.get(owner)?.delete(promise as Promise<unknown>);
      const pool = leasing.lent(owner, client);
      const lentMonotonicMs = performance.now();
      leasing.recorder.waited(pool, lentMonotonicMs - askedMonotonicMs);
      const returned = (): void => {
        leasing.returned(owner);
        leasing.recorder.used(pool, performance.now() - lentMonotonicMs);
      };
      return runUntil(() => leasing.run(task, client), returned);
    };
    promise = call(timed);
    if (!isLent && promise instanceof Promise && leasing.recorder.isActive()) this.wait(owner, promise);
    return promise;
  }

  /**
   * Returns the number of tasks that wait. The promise of a task that was refused may only be handled by the
   * application, so the promises are looked at here, when the pool is read.
   */
  waitingAt(owner: O, pool: Pool): number {
    const waiting = this.waiting.get(owner);
    if (waiting === undefined) return 0;
    for (const promise of waiting) {
      const error = rejectionOf(promise);
      if (error === undefined) continue;
      waiting.delete(promise);
      if (this.leasing.isTimeout(error)) this.leasing.recorder.timedOut(pool);
    }
    return waiting.size;
  }

  private wait(owner: O, promise: Promise<unknown>): void {
    const waiting = this.waiting.get(owner) ?? new Set();
    this.waiting.set(owner, waiting);
    if (waiting.size < MAX_WAITING) waiting.add(promise);
  }
}

/** Calls `ended` when the task has ended. A pool waits only for native promises, and always handles them. */
function runUntil(run: () => unknown, ended: () => void): unknown {
  let result: unknown;
  try {
    result = run();
  } catch (error) {
    ended();
    throw error;
  }
  if (result instanceof Promise) watch(result, { succeed: ended, fail: ended });
  else ended();
  return result;
}
