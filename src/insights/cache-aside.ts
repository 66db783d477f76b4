// Knows: which keys were missed and are not filled yet, and which callers missed them.
// Must not know: commands, replies, spans, metrics.
//
// A write fills a miss of the same caller: of the same active span, or else of the same trace. Without a trace
// (metrics alone, or no active span) callers cannot be told apart: a write then fills the latest miss of its key, and
// nothing is said about stampedes. Only a caller that missed and wrote is known to have loaded: others may wait for it.
import type { Caller } from '../core/context';
import type { Fill, Miss } from '../core/facts';
import { NumberMap } from '../core/number-map';
import type { Counts } from './cache-counts';

/** A miss that is not filled within this time counts as unfilled: loading takes seconds, not minutes. */
export const LOAD_WINDOW_MS = 30_000;

/**
 * The number of keys, and of misses, that are followed at a time. Beyond it the oldest are given up, several at once.
 */
export const MAX_OPEN_KEYS = 10_000;
export const MAX_OPEN_MISSES = 20_000;

/** The number of callers of one key, and of its loads, that are told apart. Further callers are only counted. */
export const MAX_CALLERS = 1_000;

/** The time between two searches for expired misses, while misses arrive. */
const EXPIRY_INTERVAL_MS = 1_000;

/** A time computed by adding a duration may be off in its last bit. */
const ROUNDING_MS = 0.001;

interface OpenMiss {
  readonly caller: Caller | undefined;
  lastMonotonicMs: number;
  /** The number of loads of any key before it. */
  loadsBefore: number;
  /** The number of times this caller missed the key. */
  times: number;
  handle: Miss;
  /** Another caller has written the key since. This caller may still be about to write it. */
  isFilled: boolean;
}

/** A caller that missed the key and wrote it, while others that missed it have not written it. */
interface Load {
  readonly traceId: string;
  readonly loadsBefore: number;
}

/** Most keys are filled by a single caller: an array for each would be most of what is remembered of them. */
const NO_LOADS: Load[] = [];

interface OpenKey {
  readonly counts: Counts;
  misses: OpenMiss[];
  loads: Load[];
  /** Unfilled misses of callers beyond the cap. */
  beyond: number;
  readonly expiresMonotonicMs: number;
  /** Keys that one look-up missed have one object, until something happens to one of them (see `own`). */
  isShared: boolean;
}

/** Matches misses with the writes that follow. Bounded in keys, callers and time. */
export class OpenMisses {
  private readonly keys = new NumberMap<OpenKey>();
  /** As long as nothing has happened since it was made. */
  private latest: OpenKey | undefined;
  /** Open misses, and the loads that are kept beside them. */
  private kept = 0;
  private loadCount = 0;
  private expireMonotonicMs = 0;
  private blindMonotonicMs = Number.NEGATIVE_INFINITY;

  /** The number of open misses, and of the loads that are kept beside them. */
  get size(): number {
    return this.kept;
  }

  add(key: number, counts: Counts, caller: Caller | undefined, monotonicMs: number, handle: Miss): void {
    const open = this.keys.get(key);
    if (open === undefined) this.begin(key, counts, caller, monotonicMs, handle);
    else this.addTo(this.own(key, open), caller, monotonicMs, handle);
    if (this.keys.size > MAX_OPEN_KEYS || this.kept > MAX_OPEN_MISSES) this.dropOldest();
  }

  /** Handles a write of the key. Returns undefined if the writer had not missed the key, or missed it too long ago. */
  fill(key: number, caller: Caller | undefined, startMonotonicMs: number): Fill | undefined {
    const known = this.keys.size === 0 ? undefined : this.openAt(key, startMonotonicMs);
    if (known === undefined) return undefined;
    const open = this.own(key, known);
    const index = indexOfMiss(open.misses, caller, startMonotonicMs + ROUNDING_MS);
    for (const one of open.misses) one.isFilled = true;
    open.beyond = 0;
    const [miss] = index < 0 ? [] : open.misses.splice(index, 1);
    const fill = miss === undefined ? undefined : this.load(open, miss, startMonotonicMs);
    if (open.misses.length === 0) this.drop(key, open);
    return fill;
  }

  isOpen(key: number): boolean {
    return this.keys.has(key);
  }

  /** Handles a hit: a caller that finds what another has written since its miss does not load it any more. */
  found(key: number, caller: Caller | undefined, monotonicMs: number): void {
    const open = this.keys.get(key);
    if (open === undefined || caller === undefined) return;
    const index = indexOfMiss(open.misses, caller, monotonicMs);
    if (open.misses[index]?.isFilled !== true) return;
    open.misses.splice(index, 1);
    this.kept--;
    if (open.misses.length === 0) this.drop(key, open);
  }

  /** Drops the misses of a key that may have been filled by a command whose effect is unknown. */
  forget(key: number): void {
    const open = this.keys.size === 0 ? undefined : this.keys.get(key);
    if (open !== undefined) this.drop(key, open);
  }

  /** Drops all misses that are open now: a write that could not be seen may have filled any of them. */
  forgetAll(monotonicMs: number): void {
    this.blindMonotonicMs = monotonicMs;
  }

  /**
   * Gives up expired misses. Keys are ordered by their first miss, so the first key that is not expired ends the
   * search.
   */
  expire(nowMonotonicMs: number): void {
    for (let key = this.keys.oldest(); key !== undefined; key = this.keys.oldest()) {
      const open = this.keys.get(key) as OpenKey;
      if (open.expiresMonotonicMs > nowMonotonicMs) return;
      this.giveUp(key, open, nowMonotonicMs);
    }
  }

  private load(
    open: OpenKey,
    { caller, lastMonotonicMs, loadsBefore, handle }: OpenMiss,
    startMonotonicMs: number,
  ): Fill {
    const loadMs = Math.max(0, startMonotonicMs - lastMonotonicMs);
    const family = open.counts;
    if (caller === undefined) {
      this.kept--;
      return { family, loadMs, miss: handle, stampedeWidth: undefined };
    }
    const { traceId } = caller;
    const stampedeWidth = widthOf(open, traceId, loadsBefore);
    if (open.loads === NO_LOADS) open.loads = [];
    open.loads.push({ traceId, loadsBefore: this.loadCount++ });
    if (open.loads.length > MAX_CALLERS) {
      open.loads.shift();
      this.kept--;
    }
    return { family, loadMs, miss: handle, stampedeWidth };
  }

  private missOf(caller: Caller | undefined, lastMonotonicMs: number, handle: Miss): OpenMiss {
    this.kept++;
    return { caller, lastMonotonicMs, loadsBefore: this.loadCount, times: 1, handle, isFilled: false };
  }

  /** Returns what may be changed for this key alone. */
  private own(key: number, open: OpenKey): OpenKey {
    if (open === this.latest) this.latest = undefined;
    if (!open.isShared) return open;
    const own = { ...open, misses: open.misses.map((miss) => ({ ...miss })), isShared: false };
    this.keys.set(key, own);
    return own;
  }

  private addTo(open: OpenKey, caller: Caller | undefined, monotonicMs: number, handle: Miss): void {
    const known = caller === undefined ? undefined : open.misses.find((miss) => isSame(miss.caller, caller));
    if (known !== undefined) this.missAgain(known, monotonicMs, handle);
    else if (open.misses.length >= MAX_CALLERS) open.beyond++;
    else open.misses.push(this.missOf(caller, monotonicMs, handle));
  }

  private begin(key: number, counts: Counts, caller: Caller | undefined, monotonicMs: number, handle: Miss): void {
    const { latest } = this;
    if (latest?.misses[0]?.handle === handle && latest.counts === counts) {
      latest.isShared = true;
      this.keys.set(key, latest);
      this.kept++;
      return;
    }
    if (monotonicMs >= this.expireMonotonicMs) {
      this.expire(monotonicMs);
      this.expireMonotonicMs = monotonicMs + EXPIRY_INTERVAL_MS;
    }
    const misses = [this.missOf(caller, monotonicMs, handle)];
    const expiresMonotonicMs = monotonicMs + LOAD_WINDOW_MS;
    this.latest = { counts, misses, loads: NO_LOADS, beyond: 0, expiresMonotonicMs, isShared: false };
    this.keys.set(key, this.latest);
  }

  /** Returns the open misses of a key, without the expired ones. */
  private openAt(key: number, nowMonotonicMs: number): OpenKey | undefined {
    const open = this.keys.get(key);
    if (open === undefined || open.expiresMonotonicMs > nowMonotonicMs) return open;
    this.giveUp(key, open, nowMonotonicMs);
    return this.keys.get(key);
  }

  private missAgain(miss: OpenMiss, monotonicMs: number, handle: Miss): void {
    if (!this.isUnfilled(miss)) miss.times = 0;
    miss.isFilled = false;
    miss.lastMonotonicMs = monotonicMs;
    miss.loadsBefore = this.loadCount;
    miss.handle = handle;
    miss.times++;
  }

  private giveUp(key: number, open: OpenKey, nowMonotonicMs: number): void {
    const young = open.misses.filter((miss) => miss.lastMonotonicMs + LOAD_WINDOW_MS > nowMonotonicMs);
    const counts = open.counts.current();
    counts.unfilled += open.expiresMonotonicMs - LOAD_WINDOW_MS > this.blindMonotonicMs ? open.beyond : 0;
    for (const miss of open.misses) {
      if (this.isUnfilled(miss) && miss.lastMonotonicMs + LOAD_WINDOW_MS <= nowMonotonicMs)
        counts.unfilled += miss.times;
    }
    this.drop(key, open);
    if (young.length === 0) return;
    // Later callers stay: each has a window of its own.
    const expiresMonotonicMs = Math.min(...young.map((miss) => miss.lastMonotonicMs)) + LOAD_WINDOW_MS;
    const { counts: family } = open;
    this.keys.set(key, {
      counts: family,
      misses: young,
      loads: NO_LOADS,
      beyond: 0,
      expiresMonotonicMs,
      isShared: false,
    });
    this.kept += young.length;
  }

  private isUnfilled({ isFilled, lastMonotonicMs }: OpenMiss): boolean {
    return !isFilled && lastMonotonicMs > this.blindMonotonicMs;
  }

  /**
   * Drops a tenth of the keys at once: finding the first entry of a Map costs more, the more entries were deleted
   * before it. Their misses count neither as filled nor as unfilled.
   */
  private dropOldest(): void {
    while (this.keys.size > 0.9 * MAX_OPEN_KEYS || this.kept > 0.9 * MAX_OPEN_MISSES) {
      const { misses, loads } = this.keys.takeOldest() as OpenKey;
      this.kept -= misses.length + loads.length;
    }
  }

  private drop(key: number, open: OpenKey): void {
    this.keys.delete(key);
    this.kept -= open.misses.length + open.loads.length;
  }
}

/**
 * Returns the index of the latest miss of the same span, or else of the same trace. Without a trace it is the latest
 * miss of any caller without one. -1: there is none. A miss whose reply came after the write was called is unrelated.
 */
function indexOfMiss(misses: readonly OpenMiss[], caller: Caller | undefined, untilMonotonicMs: number): number {
  let ofTrace = -1;
  for (let index = misses.length - 1; index >= 0; index--) {
    const { caller: other, lastMonotonicMs } = misses[index] as OpenMiss;
    if (lastMonotonicMs > untilMonotonicMs) continue;
    if (caller === undefined ? other === undefined : isSame(other, caller)) return index;
    if (ofTrace < 0 && caller !== undefined && other?.traceId === caller.traceId) ofTrace = index;
  }
  return ofTrace;
}

function isSame(one: Caller | undefined, other: Caller): boolean {
  return one !== undefined && one.spanId === other.spanId && one.traceId === other.traceId;
}

/** Counts the traces that filled the key since this caller missed it, and this one. */
function widthOf({ loads }: OpenKey, traceId: string, loadsBefore: number): number {
  const traces = new Set<string>([traceId]);
  for (let index = loads.length - 1; index >= 0; index--) {
    const load = loads[index] as Load;
    if (load.loadsBefore < loadsBefore) break;
    traces.add(load.traceId);
  }
  return traces.size;
}
