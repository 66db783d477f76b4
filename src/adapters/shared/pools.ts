// Knows: what all pools have in common: a name, limits, an owner that may be gone, tasks that wait for a connection.
// Must not know: what a pool is made of, in any version.
import type { ClientFacts, Pool, PoolLimits, PoolState } from '../../core/events';
import type { PoolRecorder } from '../../core/recorder';
import { PoolNames } from './pool-names';

/** A pool as it is watched: by the object that stands for it. */
interface Watching<O> {
  readonly name: string;
  readonly limits: PoolLimits | undefined;
  /** undefined once the pool is closed. */
  stateOf(owner: O): PoolState | undefined;
}

/** The pools that are watched now, each by its owner. */
export class WatchedPools {
  private readonly names = new PoolNames();
  private readonly pools = new WeakMap<object, Pool>();

  constructor(readonly recorder: PoolRecorder) {}

  get(owner: object): Pool | undefined {
    return this.pools.get(owner);
  }

  /** A pool may be opened again after it was closed; then it is to be watched again. */
  watch<O extends object>(owner: O, { name: base, limits, stateOf }: Watching<O>): Pool {
    const { name, give } = this.names.take(base);
    // Weakly: watching a pool must not keep it.
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

/** The conventions' name for a pool without one. */
export function poolNameOf({ serverAddress, serverPort, namespace }: ClientFacts): string {
  return `${serverPort === undefined ? serverAddress : `${serverAddress}:${serverPort}`}/${namespace}`;
}

/** What one kind of pool has to say while its tasks are timed. One for all of them: a task may be a single command. */
export interface Leasing<O, C> {
  readonly recorder: PoolRecorder;
  /** The task gets its connection, of this pool. */
  lent(owner: O, client: C): Pool;
  run(task: (client: C) => unknown, client: C): unknown;
  /** The task is done, or got none. undefined: whose it was is not known. */
  ended(owner: O, wasLent: boolean): Pool | undefined;
  isTimeout(error: unknown): boolean;
}

/** How long a task waited for its connection, and how long it kept it. */
export function timeLease<O, C>(
  leasing: Leasing<O, C>,
  owner: O,
  task: (client: C) => unknown,
  call: (task: (client: C) => unknown) => unknown,
): unknown {
  const { recorder } = leasing;
  const askedMark = performance.now();
  let lentMark: number | undefined;
  let returnedMark: number | undefined;
  const lent = (client: C): unknown => {
    lentMark = performance.now();
    recorder.waited(leasing.lent(owner, client), lentMark - askedMark);
    const result = leasing.run(task, client);
    // Only for a native promise does the pool wait.
    if (!(result instanceof Promise)) returnedMark = performance.now();
    return result;
  };
  const settle = (error?: unknown): void => {
    const pool = leasing.ended(owner, lentMark !== undefined);
    if (pool === undefined) return;
    if (lentMark !== undefined) recorder.used(pool, (returnedMark ?? performance.now()) - lentMark);
    else if (leasing.isTimeout(error)) recorder.timedOut(pool);
  };
  const promise = call(lent);
  return promise instanceof Promise ? following(promise, settle) : promise;
}

/** Tells when a promise settles. Value, rejection and an unhandled rejection stay what they are. */
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
