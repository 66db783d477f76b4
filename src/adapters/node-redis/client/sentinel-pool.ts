// Knows: the connections to its master that a sentinel client of redis 5 and 6 lends to its commands.
// Must not know: spans, metrics, attribute names.
import type { Pool, PoolState } from '../../../core/events';
import { watch } from '../../shared/observe';
import { after, before, type Class, onConstruct, type PatchLedger, prototypeOf, type Target } from '../../shared/patch';
import type { WatchedPools } from '../../shared/pools';
import type { SentinelOptions } from '../promise/sentinels';

interface Sentinel {
  readonly _self?: Sentinel;
  readonly isOpen?: unknown;
  readonly isReady?: unknown;
}

/** The numbers of the free connections, and the callers that wait for one. It is private to the sentinel. */
type FreeQueue = object;

interface Leases {
  readonly name: string;
  readonly size: number;
  /** A weak reference: a queue with waiting callers must not keep its sentinel alive. */
  readonly sentinel: WeakRef<Sentinel>;
  /** When each lent connection was lent. */
  readonly lentMonotonicMsById: Map<unknown, number>;
  waiting: number;
}

const DEFAULT_SIZE = 1;

/** Taps the pool of a sentinel. Commands that run at the same time share a lease; replicas are used without one. */
export class SentinelPoolTap {
  /** By sentinel, and by its queue. */
  private readonly leases = new WeakMap<Sentinel | FreeQueue, Leases>();
  /** The queue of the sentinel that is being created: the sentinel creates it in its constructor. */
  private unpairedQueue: FreeQueue | undefined;

  constructor(private readonly pools: WatchedPools) {}

  /** `sentinel/wait-queue.js`. Returns false if the seam is unknown; then nothing was changed. */
  patchQueue(moduleExports: Target, ledger: PatchLedger): boolean {
    const isKnown = ledger.patch(prototypeOf(moduleExports, 'WaitQueue'), {
      // It returns a free connection, or undefined: then the caller waits.
      shift: after<FreeQueue, unknown>((queue, id) => {
        if (id !== undefined) this.lent(queue, id, 0);
      }),
      wait: after<FreeQueue, Promise<unknown>>((queue, promise) => this.wait(queue, promise)),
      push: before<FreeQueue>((queue, [id]) => this.returned(queue, id)),
    });
    if (!isKnown) return false;
    const seen = (instance: FreeQueue): void => {
      this.unpairedQueue = instance;
    };
    ledger.replace(moduleExports, 'WaitQueue', onConstruct(moduleExports.WaitQueue as Class, seen));
    return true;
  }

  /** `sentinel/index.js`. */
  patchSentinel(moduleExports: Target, ledger: PatchLedger): boolean {
    const connect = after<Sentinel, unknown>((sentinel) => this.see(sentinel._self ?? sentinel));
    return ledger.patch(prototypeOf(moduleExports), { connect });
  }

  /** A sentinel was created: the queue that was created meanwhile belongs to it. */
  meet(sentinel: Sentinel, address: string, options: SentinelOptions): void {
    const queue = this.unpairedQueue;
    this.unpairedQueue = undefined;
    if (queue === undefined) return;
    const size = typeof options.masterPoolSize === 'number' ? options.masterPoolSize : DEFAULT_SIZE;
    const name = `${address}/${options.nodeClientOptions?.database ?? 0}`;
    const leases = { name, size, sentinel: new WeakRef(sentinel), lentMonotonicMsById: new Map(), waiting: 0 };
    this.leases.set(queue, leases).set(sentinel, leases);
  }

  private wait(queue: FreeQueue, promise: Promise<unknown>): void {
    const leases = this.leases.get(queue);
    if (leases === undefined) return;
    const askedMonotonicMs = performance.now();
    leases.waiting += 1;
    // No caller is ever refused.
    const succeed = (id: unknown): void => {
      leases.waiting -= 1;
      this.lent(queue, id, performance.now() - askedMonotonicMs);
    };
    watch(promise, { succeed, fail: () => {} });
  }

  private lent(queue: FreeQueue, id: unknown, waitMs: number): void {
    const leases = this.leases.get(queue);
    if (leases === undefined) return;
    leases.lentMonotonicMsById.set(id, performance.now());
    const pool = this.poolOf(leases);
    if (pool !== undefined) this.pools.recorder.waited(pool, waitMs);
  }

  private returned(queue: FreeQueue, id: unknown): void {
    const leases = this.leases.get(queue);
    const lentMonotonicMs = leases?.lentMonotonicMsById.get(id);
    if (leases === undefined || lentMonotonicMs === undefined) return;
    leases.lentMonotonicMsById.delete(id);
    const pool = this.poolOf(leases);
    if (pool !== undefined) this.pools.recorder.used(pool, performance.now() - lentMonotonicMs);
  }

  private poolOf({ sentinel }: Leases): Pool | undefined {
    const current = sentinel.deref();
    return current && this.see(current);
  }

  /** Watched while it is open. */
  private see(sentinel: Sentinel): Pool | undefined {
    const known = this.pools.get(sentinel);
    if (known !== undefined) return known;
    const leases = this.leases.get(sentinel);
    if (leases === undefined || sentinel.isOpen !== true) return undefined;
    const { name, size } = leases;
    const stateOf = (current: Sentinel): PoolState | undefined => readSentinel(current, leases);
    return this.pools.watch(sentinel, { name, limits: { minimum: size, maximum: size }, stateOf });
  }
}

/** Returns undefined once the sentinel is closed. All connections are made before the first is lent. */
function readSentinel(sentinel: Sentinel, leases: Leases): PoolState | undefined {
  if (sentinel.isOpen !== true) return undefined;
  const { size, lentMonotonicMsById, waiting: pending } = leases;
  const used = lentMonotonicMsById.size;
  return { idle: sentinel.isReady === true ? Math.max(0, size - used) : 0, used, pending };
}
