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

export type Task<C> = (client: C) => unknown;

/** The tasks of one pool. */
interface Tasks {
  /** The promises of those that wait for a connection. */
  readonly waiting: Set<Promise<unknown>>;
  /** The number of those that have one. */
  used: number;
}

/** Measures how long tasks wait for a connection, and how long they keep it. A task may be a single command. */
export class Leases<O extends object, C> {
  private readonly tasks = new WeakMap<O, Tasks>();

  /**
   * @param lent returns the pool from which a task gets its connection
   * @param timeout a part of the pool's own error for a task that got no connection in time
   */
  constructor(
    private readonly recorder: PoolRecorder,
    private readonly lent: (owner: O, client: C) => Pool,
    private readonly timeout: string,
  ) {}

  /** Returns what `call` does: the pool's own promise. @param args of the call: the first is the task */
  time(owner: O, call: () => unknown, args: unknown[]): unknown {
    const { recorder } = this;
    const task = args[0] as Task<C>;
    const tasks = this.tasksOf(owner);
    const askedMonotonicMs = performance.now();
    let isLent = false;
    let promise: unknown;
    args[0] = (client: C): unknown => {
      isLent = true;
      tasks.waiting.delete(promise as Promise<unknown>);
      tasks.used += 1;
      const pool = this.lent(owner, client);
      const lentMonotonicMs = performance.now();
      recorder.waited(pool, lentMonotonicMs - askedMonotonicMs);
      const returned = (): void => {
        tasks.used -= 1;
        recorder.used(pool, performance.now() - lentMonotonicMs);
      };
      return runUntil(() => task(client), returned);
    };
    promise = call();
    if (!isLent && promise instanceof Promise && recorder.isActive() && tasks.waiting.size < MAX_WAITING)
      tasks.waiting.add(promise);
    return promise;
  }

  /** Times how long a connection takes to be made. @param made returns its pool */
  timeCreation(call: () => Promise<unknown>, made: () => Pool): Promise<unknown> {
    const startMonotonicMs = performance.now();
    const succeed = (): void => this.recorder.created(made(), performance.now() - startMonotonicMs);
    return watch(call(), { succeed, fail: () => {} });
  }

  /** Returns the number of tasks that have a connection. */
  usedAt(owner: O): number {
    return this.tasksOf(owner).used;
  }

  /**
   * Returns the number of tasks that wait. The promise of a task that was refused may only be handled by the
   * application, so the promises are looked at here, when the pool is read.
   */
  waitingAt(owner: O, pool: Pool): number {
    const { waiting } = this.tasksOf(owner);
    for (const promise of waiting) {
      const error = rejectionOf(promise);
      if (error === undefined) continue;
      waiting.delete(promise);
      if (error.includes(this.timeout)) this.recorder.timedOut(pool);
    }
    return waiting.size;
  }

  private tasksOf(owner: O): Tasks {
    const known = this.tasks.get(owner);
    if (known !== undefined) return known;
    const tasks: Tasks = { waiting: new Set(), used: 0 };
    this.tasks.set(owner, tasks);
    return tasks;
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
