// Knows: which keys were missed and are not filled yet, and by whom they were missed.
// Must not know: commands, replies, spans, metrics.
//
// A write fills a miss of the same caller: of the same active span, else of the same trace. Where there is no
// trace (metrics alone, or no span active), callers cannot be told apart, and a write fills the latest miss of its key;
// of a stampede nothing is said then.
import type { Caller } from '../core/context';
import type { Fill, Miss } from '../core/facts';
import type { Counts } from './cache-counts';

/** A miss that is not filled by then never will be: loading takes seconds, not minutes. */
export const LOAD_WINDOW_MS = 30_000;

/** Keys and misses followed at one time; beyond them the oldest are given up, some at once. */
export const MAX_OPEN_KEYS = 10_000;
export const MAX_OPEN_MISSES = 20_000;

/** Callers of one key that are told apart; those beyond are only counted. */
export const MAX_CALLERS = 1_000;

/** Between two looks for what is too old, while misses come in. */
const EXPIRY_INTERVAL_MS = 1_000;

/** A caller that missed this long before the one that fills has given up, unless loading takes longer. */
const MIN_STAMPEDE_MS = 1_000;

/** A mark that was made by adding a duration may be off by the last bit. */
const ROUNDING_MS = 0.001;

interface OpenMiss {
  readonly caller: Caller | undefined;
  firstMark: number;
  lastMark: number;
  /** How often this caller missed it. */
  times: number;
  handle: Miss;
  /** Another caller has written the key since; this one may be about to. */
  isFilled: boolean;
  /** The client's own cache said so: whoever asked it asked no server. */
  readonly isLocal: boolean;
}

interface OpenKey {
  readonly counts: Counts;
  misses: OpenMiss[];
  /** Misses of callers beyond the cap, not filled, and how many of them had a trace that no other has. */
  beyond: number;
  tracesBeyond: number;
  expiresMark: number;
}

/** Joins misses with the writes that follow. Bounded in keys, callers and time. */
export class OpenMisses {
  private readonly keys = new Map<number, OpenKey>();
  private missCount = 0;
  private expireMark = 0;
  private blindMark = Number.NEGATIVE_INFINITY;

  /** How many misses are open. */
  get size(): number {
    return this.missCount;
  }

  add(key: number, counts: Counts, caller: Caller | undefined, mark: number, handle: Miss, isLocal = false): void {
    const open = this.keys.get(key) ?? this.begin(key, counts, mark);
    const known = caller === undefined ? undefined : open.misses.find((miss) => isSame(miss.caller, caller));
    if (known !== undefined) this.missAgain(known, mark, handle);
    else if (open.misses.length >= MAX_CALLERS) addBeyond(open, caller);
    else {
      open.misses.push({ caller, firstMark: mark, lastMark: mark, times: 1, handle, isFilled: false, isLocal });
      this.missCount++;
    }
    if (this.keys.size > MAX_OPEN_KEYS || this.missCount > MAX_OPEN_MISSES) this.dropOldest();
  }

  /** A write of the key. undefined: whoever wrote it had not missed it, or too long ago. */
  fill(key: number, callerOf: () => Caller | undefined, startMark: number): Fill | undefined {
    const open = this.keys.size === 0 ? undefined : this.openAt(key, startMark);
    if (open === undefined) return undefined;
    const index = indexOfMiss(open.misses, callerOf(), startMark + ROUNDING_MS);
    const miss = open.misses[index];
    const fill = miss === undefined ? undefined : fillOf(open, miss, startMark);
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

  /** Something was done that may have filled it: of its misses nothing can be said any more. */
  forget(key: number): void {
    const open = this.keys.size === 0 ? undefined : this.keys.get(key);
    if (open !== undefined) this.drop(key, open);
  }

  /** Something was written that cannot be seen: what is open now may be filled. */
  forgetAll(mark: number): void {
    this.blindMark = mark;
  }

  /** Gives up what is too old. Keys are in the order of their first misses: the first young one ends it. */
  expire(nowMark: number): void {
    for (const [key, open] of this.keys) {
      if (open.expiresMark > nowMark) return;
      this.giveUp(key, open, nowMark);
    }
  }

  private begin(key: number, counts: Counts, mark: number): OpenKey {
    if (mark >= this.expireMark) {
      this.expire(mark);
      this.expireMark = mark + EXPIRY_INTERVAL_MS;
    }
    const open: OpenKey = { counts, misses: [], beyond: 0, tracesBeyond: 0, expiresMark: mark + LOAD_WINDOW_MS };
    this.keys.set(key, open);
    return open;
  }

  /** What is open of a key, without what is too old. */
  private openAt(key: number, nowMark: number): OpenKey | undefined {
    const open = this.keys.get(key);
    if (open === undefined || open.expiresMark > nowMark) return open;
    this.giveUp(key, open, nowMark);
    return this.keys.get(key);
  }

  private missAgain(miss: OpenMiss, mark: number, handle: Miss): void {
    if (!this.isUnfilled(miss)) {
      miss.firstMark = mark;
      miss.times = 0;
    }
    miss.isFilled = false;
    miss.lastMark = mark;
    miss.handle = handle;
    miss.times++;
  }

  private giveUp(key: number, open: OpenKey, nowMark: number): void {
    const young = open.misses.filter((miss) => miss.lastMark + LOAD_WINDOW_MS > nowMark);
    const counts = open.counts.current();
    counts.unfilled += open.expiresMark - LOAD_WINDOW_MS > this.blindMark ? open.beyond : 0;
    for (const miss of open.misses) {
      if (this.isUnfilled(miss) && miss.lastMark + LOAD_WINDOW_MS <= nowMark) counts.unfilled += miss.times;
    }
    this.keys.delete(key);
    this.missCount += young.length - open.misses.length;
    if (young.length === 0) return;
    // Callers that came later go on: they have a window of their own.
    const expiresMark = Math.min(...young.map((miss) => miss.lastMark)) + LOAD_WINDOW_MS;
    this.keys.set(key, { counts: open.counts, misses: young, beyond: 0, tracesBeyond: 0, expiresMark });
  }

  private isUnfilled({ isFilled, lastMark }: OpenMiss): boolean {
    return !isFilled && lastMark > this.blindMark;
  }

  /**
   * A tenth of them: to find the first of a map costs more the more were taken out before it. Whether they would have
   * been filled nobody will know.
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

function fillOf(open: OpenKey, miss: OpenMiss, startMark: number): Fill {
  const loadMs = Math.max(0, startMark - miss.lastMark);
  const stampedeWidth = miss.isFilled ? undefined : widthOf(open, miss, loadMs);
  return { family: open.counts.family, loadMs, miss: miss.handle, stampedeWidth };
}

/**
 * The latest miss of the same span, else of the same trace; without a trace, of anybody who has none either. -1: none.
 * A miss whose reply came after the write was called has nothing to do with it.
 */
function indexOfMiss(misses: readonly OpenMiss[], caller: Caller | undefined, untilMark: number): number {
  let ofTrace = -1;
  for (let index = misses.length - 1; index >= 0; index--) {
    const { caller: other, lastMark } = misses[index] as OpenMiss;
    if (lastMark > untilMark) continue;
    if (caller === undefined ? other === undefined : isSame(other, caller)) return index;
    if (ofTrace < 0 && caller !== undefined && other?.traceId === caller.traceId) ofTrace = index;
  }
  return ofTrace;
}

function isSame(one: Caller | undefined, other: Caller): boolean {
  return one !== undefined && one.spanId === other.spanId && one.traceId === other.traceId;
}

/**
 * Traces that want the key together: those that missed it since the one that fills did, or not long before. One request
 * that looks twice is one. undefined: without a trace nobody can be told from anybody.
 */
function widthOf({ misses, tracesBeyond }: OpenKey, filling: OpenMiss, loadMs: number): number | undefined {
  if (filling.caller === undefined) return undefined;
  const since = filling.firstMark - Math.max(loadMs, MIN_STAMPEDE_MS);
  const traces = new Set<string>([filling.caller.traceId]);
  for (const { caller, isFilled, isLocal, lastMark } of misses) {
    if (caller !== undefined && !isFilled && !isLocal && lastMark >= since) traces.add(caller.traceId);
  }
  return traces.size + tracesBeyond;
}
