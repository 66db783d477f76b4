// Knows: which keys this process wrote or deleted lately, which explains why a key is missing.
// Must not know: commands, replies, what other processes do.
import type { MissReason } from '../core/facts';
import { NumberMap } from '../core/number-map';
import type { Place } from './identity';

/** The number of remembered keys. When it is reached, half of them, chosen by hash, are dropped: an unbiased sample. */
export const MAX_WRITTEN_KEYS = 10_000;

/** How long a key is remembered after its expiry, or after a write without expiry. */
export const MEMORY_MS = 10 * 60_000;

/** The time between two checks whether the sample can grow again. */
export const WIDEN_INTERVAL_MS = 60_000;

const IS_DELETED = -1;

/** No clock runs slower than another by more than this factor. */
const MAX_DRIFT = 1.001;

/** Keys that were written together share one object. */
interface Written {
  /** On the monotonic clock, in milliseconds. Infinity: no time to live; `IS_DELETED`: deleted. */
  readonly deadlineMonotonicMs: number;
  /** The latest time at which it ended if nobody else changed it: a reply may be late, and clocks differ. */
  readonly goneMonotonicMs: number;
  readonly forgetMonotonicMs: number;
  /** The server and database of the key. */
  readonly place: Place;
}

/** Remembers written keys. Bounded by sampling, and expiring. */
export class WrittenKeys {
  private readonly keys = new NumberMap<Written>();
  private latest: Written | undefined;
  /** 2^n - 1: a key is in the sample if the lowest n bits of its hash are 0. */
  private mask = 0;
  private widenMonotonicMs = 0;

  get size(): number {
    return this.keys.size;
  }

  /**
   * @param ttlMs undefined: the key has no expiry; zero or less: it is deleted at once
   * @param monotonicMs when the command was called
   * @param endMonotonicMs when it was answered
   */
  wrote(key: number, ttlMs: number | undefined, monotonicMs: number, place: Place, endMonotonicMs = monotonicMs): void {
    if (ttlMs === undefined) this.set(key, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, monotonicMs, place);
    else if (ttlMs <= 0) this.deleted(key, endMonotonicMs, place);
    else this.set(key, monotonicMs + ttlMs, endMonotonicMs + ttlMs * MAX_DRIFT + 1, monotonicMs, place);
  }

  /** Handles a partial write, or one that keeps the time to live: a known expiry stays. */
  wroteWithin(key: number, monotonicMs: number, place: Place): void {
    const known = this.keys.get(key);
    if (known === undefined || known.deadlineMonotonicMs <= monotonicMs) this.wrote(key, undefined, monotonicMs, place);
  }

  deleted(key: number, monotonicMs: number, place: Place): void {
    this.set(key, IS_DELETED, monotonicMs, monotonicMs, place);
  }

  /**
   * Handles the delete of `count` of these keys; the others did not exist. If it is not known which, all of them are
   * forgotten.
   */
  deletedSome(keys: readonly number[], count: number, monotonicMs: number, place: Place): void {
    const all = [...new Set(keys)];
    const there = all.length === count ? all : all.filter((key) => this.isThere(key, monotonicMs));
    if (there.length === count) for (const key of there) this.deleted(key, monotonicMs, place);
    else for (const key of all) this.forget(key);
  }

  /** Forgets a key whose state is no longer certain. */
  forget(key: number): void {
    this.keys.delete(key);
  }

  /** Forgets all keys, after a write whose keys were not all read. */
  forgetAll(): void {
    this.keys.clear();
  }

  /** Handles a hit: somebody else has changed a key that ended before the look-up was called. */
  found(key: number, startMonotonicMs: number): void {
    const known = this.keys.get(key);
    if (known !== undefined && known.goneMonotonicMs < startMonotonicMs) this.forget(key);
  }

  /**
   * Returns why a key is missing. undefined: the key is not in the sample.
   * @param isField only a field of it was missing, which says nothing of the key
   */
  reason(key: number, monotonicMs: number, isField = false): MissReason | undefined {
    this.widen(monotonicMs);
    if (!this.follows(key)) return undefined;
    const known = this.keys.get(key);
    if (known === undefined || known.forgetMonotonicMs <= monotonicMs) return 'unknown';
    if (known.deadlineMonotonicMs === IS_DELETED) return 'deleted';
    if (known.deadlineMonotonicMs <= monotonicMs) return 'expired';
    // Somebody else has deleted it before its time.
    if (!isField) this.forget(key);
    return 'unknown';
  }

  /** Handles a flush of one database, or of all databases of a server. */
  flushed({ server, database }: Place, all: boolean, monotonicMs: number): void {
    for (const [key, { deadlineMonotonicMs, place }] of this.keys) {
      const isIn = place.server === server && (all || place.database === database);
      if (isIn && deadlineMonotonicMs > monotonicMs) this.deleted(key, monotonicMs, place);
    }
  }

  private isThere(key: number, monotonicMs: number): boolean {
    const known = this.keys.get(key);
    return known !== undefined && known.deadlineMonotonicMs > monotonicMs && known.forgetMonotonicMs > monotonicMs;
  }

  private set(
    key: number,
    deadlineMonotonicMs: number,
    goneMonotonicMs: number,
    monotonicMs: number,
    place: Place,
  ): void {
    if (!this.follows(key)) return;
    const hasEnd = deadlineMonotonicMs !== IS_DELETED && deadlineMonotonicMs !== Number.POSITIVE_INFINITY;
    const forgetMonotonicMs = (hasEnd ? deadlineMonotonicMs : monotonicMs) + MEMORY_MS;
    if (!this.keys.has(key)) {
      this.widen(monotonicMs);
      if (this.keys.size >= MAX_WRITTEN_KEYS) this.thin(monotonicMs);
      if (!this.follows(key)) return;
    }
    const { latest } = this;
    const isSame =
      latest?.deadlineMonotonicMs === deadlineMonotonicMs &&
      latest.goneMonotonicMs === goneMonotonicMs &&
      latest.forgetMonotonicMs === forgetMonotonicMs &&
      latest.place === place;
    if (!isSame) this.latest = { deadlineMonotonicMs, goneMonotonicMs, forgetMonotonicMs, place };
    this.keys.set(key, this.latest as Written);
  }

  private follows(key: number): boolean {
    return ((key >>> 0) & this.mask) === 0;
  }

  /** Drops expired keys first. If that is not enough, the sample is halved. */
  private thin(monotonicMs: number): void {
    this.forgetOld(monotonicMs);
    while (this.keys.size > MAX_WRITTEN_KEYS / 2) {
      this.mask = this.mask * 2 + 1;
      for (const [key] of this.keys) if (!this.follows(key)) this.keys.delete(key);
    }
    this.widenMonotonicMs = monotonicMs + WIDEN_INTERVAL_MS;
  }

  /** Doubles the sample while there is room for four times as many keys. */
  private widen(monotonicMs: number): void {
    if (this.mask === 0 || monotonicMs < this.widenMonotonicMs) return;
    this.widenMonotonicMs = monotonicMs + WIDEN_INTERVAL_MS;
    this.forgetOld(monotonicMs);
    if (this.keys.size <= MAX_WRITTEN_KEYS / 4) this.mask >>>= 1;
  }

  private forgetOld(monotonicMs: number): void {
    for (const [key, { forgetMonotonicMs }] of this.keys) if (forgetMonotonicMs <= monotonicMs) this.keys.delete(key);
  }
}
