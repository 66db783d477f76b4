// Knows: which keys were missed and are not filled yet, and which callers missed them.
// Must not know: commands, replies, spans, metrics.
//
// A write fills a miss of the same caller: of the same active span, or else of the same trace. Without a trace
// (metrics alone, or no active span) callers cannot be told apart: a write then fills the latest miss of its key, and
// the width of a stampede is not reported.
import type { Caller } from '../core/context';
import type { Fill, Miss } from '../core/facts';
import type { Counts } from './cache-counts';

/** A miss that is not filled within this time counts as unfilled: loading takes seconds, not minutes. */
export const LOAD_WINDOW_MS = 30_000;

/**
 * The number of keys, and of misses, that are followed at a time. Beyond it the oldest are given up, several at once.
 */
export const MAX_OPEN_KEYS = 10_000;
export const MAX_OPEN_MISSES = 20_000;

/** The number of callers of one key that are told apart. Further callers are only counted. */
export const MAX_CALLERS = 1_000;

/** The time between two searches for expired misses, while misses arrive. */
const EXPIRY_INTERVAL_MS = 1_000;

/** A caller whose miss is this much older than the filling caller's has given up, unless loading takes longer. */
const MIN_STAMPEDE_MS = 1_000;

/** A time computed by adding a duration may be off in its last bit. */
const ROUNDING_MS = 0.001;

interface OpenMiss {
  readonly caller: Caller | undefined;
  firstMonotonicMs: number;
  lastMonotonicMs: number;
  /** The number of times this caller missed the key. */
  times: number;
  handle: Miss;
  /** Another caller has written the key since. This caller may still be about to write it. */
  isFilled: boolean;
  /** The miss was in the client's own cache: no server was asked. */
  readonly isLocal: boolean;
}

interface OpenKey {
  readonly counts: Counts;
  misses: OpenMiss[];
  /** Unfilled misses of callers beyond the cap, and how many of them belong to a trace of their own. */
  beyond: number;
  tracesBeyond: number;
  expiresMonotonicMs: number;
}

/** Matches misses with the writes that follow. Bounded in keys, callers and time. */
export class OpenMisses {
  private readonly keys = new Map<number, OpenKey>();
  private missCount = 0;
  private expireMonotonicMs = 0;
  private blindMonotonicMs = Number.NEGATIVE_INFINITY;

  /** The number of open misses. */
  get size(): number {
    return this.missCount;
  }

  add(
    key: number,
    counts: Counts,
    caller: Caller | undefined,
    monotonicMs: number,
    handle: Miss,
    isLocal = false,
  ): void {
    const open = this.keys.get(key) ?? this.begin(key, counts, monotonicMs);
    const known = caller === undefined ? undefined : open.misses.find((miss) => isSame(miss.caller, caller));
    if (known !== undefined) this.missAgain(known, monotonicMs, handle);
    else if (open.misses.length >= MAX_CALLERS) addBeyond(open, caller);
    else {
      open.misses.push({
        caller,
        firstMonotonicMs: monotonicMs,
        lastMonotonicMs: monotonicMs,
        times: 1,
        handle,
        isFilled: false,
        isLocal,
      });
      this.missCount++;
    }
    if (this.keys.size > MAX_OPEN_KEYS || this.missCount > MAX_OPEN_MISSES) this.dropOldest();
  }

  /** Handles a write of the key. Returns undefined if the writer had not missed the key, or missed it too long ago. */
  fill(key: number, callerOf: () => Caller | undefined, startMonotonicMs: number): Fill | undefined {
    const open = this.keys.size === 0 ? undefined : this.openAt(key, startMonotonicMs);
    if (open === undefined) return undefined;
    const index = indexOfMiss(open.misses, callerOf(), startMonotonicMs + ROUNDING_MS);
    const miss = open.misses[index];
    const fill = miss === undefined ? undefined : fillOf(open, miss, startMonotonicMs);
    for (const one of open.misses) one.isFilled = true;
    open.beyond = 0;
    open.tracesBeyond = 0;
    if (miss !== undefined) {
      open.misses.splice(index, 1);
      this.missCount--;
    }
    if (open.misses.length === 0) this.keys.delete(key);
    return fill;
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
    for (const [key, open] of this.keys) {
      if (open.expiresMonotonicMs > nowMonotonicMs) return;
      this.giveUp(key, open, nowMonotonicMs);
    }
  }

  private begin(key: number, counts: Counts, monotonicMs: number): OpenKey {
    if (monotonicMs >= this.expireMonotonicMs) {
      this.expire(monotonicMs);
      this.expireMonotonicMs = monotonicMs + EXPIRY_INTERVAL_MS;
    }
    const open: OpenKey = {
      counts,
      misses: [],
      beyond: 0,
      tracesBeyond: 0,
      expiresMonotonicMs: monotonicMs + LOAD_WINDOW_MS,
    };
    this.keys.set(key, open);
    return open;
  }

  /** Returns the open misses of a key, without the expired ones. */
  private openAt(key: number, nowMonotonicMs: number): OpenKey | undefined {
    const open = this.keys.get(key);
    if (open === undefined || open.expiresMonotonicMs > nowMonotonicMs) return open;
    this.giveUp(key, open, nowMonotonicMs);
    return this.keys.get(key);
  }

  private missAgain(miss: OpenMiss, monotonicMs: number, handle: Miss): void {
    if (!this.isUnfilled(miss)) {
      miss.firstMonotonicMs = monotonicMs;
      miss.times = 0;
    }
    miss.isFilled = false;
    miss.lastMonotonicMs = monotonicMs;
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
    this.keys.delete(key);
    this.missCount += young.length - open.misses.length;
    if (young.length === 0) return;
    // Later callers stay: each has a window of its own.
    const expiresMonotonicMs = Math.min(...young.map((miss) => miss.lastMonotonicMs)) + LOAD_WINDOW_MS;
    this.keys.set(key, { counts: open.counts, misses: young, beyond: 0, tracesBeyond: 0, expiresMonotonicMs });
  }

  private isUnfilled({ isFilled, lastMonotonicMs }: OpenMiss): boolean {
    return !isFilled && lastMonotonicMs > this.blindMonotonicMs;
  }

  /**
   * Drops a tenth of the keys at once: finding the first entry of a Map costs more, the more entries were deleted
   * before it. Their misses count neither as filled nor as unfilled.
   */
  private dropOldest(): void {
    for (const [key, open] of this.keys) {
      if (this.keys.size <= 0.9 * MAX_OPEN_KEYS && this.missCount <= 0.9 * MAX_OPEN_MISSES) return;
      this.drop(key, open);
    }
  }

  private drop(key: number, open: OpenKey): void {
    this.keys.delete(key);
    this.missCount -= open.misses.length;
  }
}

function addBeyond(open: OpenKey, caller: Caller | undefined): void {
  open.beyond++;
  if (caller !== undefined && !open.misses.some((miss) => miss.caller?.traceId === caller.traceId)) open.tracesBeyond++;
}

function fillOf(open: OpenKey, miss: OpenMiss, startMonotonicMs: number): Fill {
  const loadMs = Math.max(0, startMonotonicMs - miss.lastMonotonicMs);
  const stampedeWidth = miss.isFilled ? undefined : widthOf(open, miss, loadMs);
  return { family: open.counts.family, loadMs, miss: miss.handle, stampedeWidth };
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

/**
 * Counts the traces that want the key at the same time: those that missed it after the filling caller did, or shortly
 * before. Two look-ups of one request count once. Returns undefined without a trace, as callers cannot be told apart
 * then.
 */
function widthOf({ misses, tracesBeyond }: OpenKey, filling: OpenMiss, loadMs: number): number | undefined {
  if (filling.caller === undefined) return undefined;
  const since = filling.firstMonotonicMs - Math.max(loadMs, MIN_STAMPEDE_MS);
  const traces = new Set<string>([filling.caller.traceId]);
  for (const { caller, isFilled, isLocal, lastMonotonicMs } of misses) {
    if (caller !== undefined && !isFilled && !isLocal && lastMonotonicMs >= since) traces.add(caller.traceId);
  }
  return traces.size + tracesBeyond;
}
