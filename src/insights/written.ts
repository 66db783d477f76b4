// Knows: which keys this process wrote or deleted lately, which explains why a key is missing.
// Must not know: commands, replies, what other processes do.
import type { MissReason } from '../core/facts';
import type { Place } from './identity';

/** The number of remembered keys. When it is reached, half of them, chosen by hash, are dropped: an unbiased sample. */
export const MAX_WRITTEN_KEYS = 10_000;

/** How long a key is remembered after its expiry, or after a write without expiry. */
export const MEMORY_MS = 10 * 60_000;

/** The time between two checks whether the sample can grow again. */
export const WIDEN_INTERVAL_MS = 60_000;

const IS_DELETED = -1;

interface Written {
  /** On the monotonic clock, in milliseconds. Infinity: no time to live; `IS_DELETED`: deleted. */
  deadlineMark: number;
  forgetMark: number;
  /** The server and database of the key. */
  place: Place;
}

/** Remembers written keys. Bounded by sampling, and expiring. */
export class WrittenKeys {
  private readonly keys = new Map<number, Written>();
  /** 2^n - 1: a key is in the sample if the lowest n bits of its hash are 0. */
  private mask = 0;
  private widenMark = 0;

  get size(): number {
    return this.keys.size;
  }

  /** @param ttlMs undefined: the key has no expiry; zero or less: it is deleted at once */
  wrote(key: number, ttlMs: number | undefined, mark: number, place: Place): void {
    if (ttlMs !== undefined && ttlMs <= 0) this.deleted(key, mark, place);
    else this.set(key, mark + (ttlMs ?? Number.POSITIVE_INFINITY), mark, place);
  }

  /** Handles a partial write, or one that keeps the time to live: a known expiry stays. */
  wroteWithin(key: number, mark: number, place: Place): void {
    const known = this.keys.get(key);
    if (known === undefined || known.deadlineMark <= mark) this.wrote(key, undefined, mark, place);
  }

  deleted(key: number, mark: number, place: Place): void {
    this.set(key, IS_DELETED, mark, place);
  }

  /**
   * Handles the delete of `count` of these keys; the others did not exist. If it is not known which, all of them are
   * forgotten.
   */
  deletedSome(keys: readonly number[], count: number, mark: number, place: Place): void {
    const all = [...new Set(keys)];
    const there = all.length === count ? all : all.filter((key) => this.isThere(key, mark));
    if (there.length === count) for (const key of there) this.deleted(key, mark, place);
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

  /** Returns why a key is missing. undefined: the key is not in the sample. */
  reason(key: number, mark: number): MissReason | undefined {
    this.widen(mark);
    if (!this.follows(key)) return undefined;
    const known = this.keys.get(key);
    if (known === undefined || known.forgetMark <= mark) return 'unknown';
    if (known.deadlineMark === IS_DELETED) return 'deleted';
    return known.deadlineMark <= mark ? 'expired' : 'unknown';
  }

  /** Handles a flush of one database, or of all databases of a server. */
  flushed({ server, database }: Place, all: boolean, mark: number): void {
    for (const [key, { deadlineMark, place }] of this.keys) {
      const isIn = place.server === server && (all || place.database === database);
      if (isIn && deadlineMark > mark) this.deleted(key, mark, place);
    }
  }

  private isThere(key: number, mark: number): boolean {
    const known = this.keys.get(key);
    return known !== undefined && known.deadlineMark > mark && known.forgetMark > mark;
  }

  private set(key: number, deadlineMark: number, mark: number, place: Place): void {
    if (!this.follows(key)) return;
    const hasEnd = deadlineMark !== IS_DELETED && deadlineMark !== Number.POSITIVE_INFINITY;
    const forgetMark = (hasEnd ? deadlineMark : mark) + MEMORY_MS;
    const known = this.keys.get(key);
    if (known !== undefined) {
      known.deadlineMark = deadlineMark;
      known.forgetMark = forgetMark;
      known.place = place;
      return;
    }
    this.widen(mark);
    if (this.keys.size >= MAX_WRITTEN_KEYS) this.thin(mark);
    if (this.follows(key)) this.keys.set(key, { deadlineMark, forgetMark, place });
  }

  private follows(key: number): boolean {
    return ((key >>> 0) & this.mask) === 0;
  }

  /** Drops expired keys first. If that is not enough, the sample is halved. */
  private thin(mark: number): void {
    this.forgetOld(mark);
    while (this.keys.size > MAX_WRITTEN_KEYS / 2) {
      this.mask = this.mask * 2 + 1;
      for (const key of this.keys.keys()) if (!this.follows(key)) this.keys.delete(key);
    }
    this.widenMark = mark + WIDEN_INTERVAL_MS;
  }

  /** Doubles the sample while there is room for four times as many keys. */
  private widen(mark: number): void {
    if (this.mask === 0 || mark < this.widenMark) return;
    this.widenMark = mark + WIDEN_INTERVAL_MS;
    this.forgetOld(mark);
    if (this.keys.size <= MAX_WRITTEN_KEYS / 4) this.mask >>>= 1;
  }

  private forgetOld(mark: number): void {
    for (const [key, { forgetMark }] of this.keys) if (forgetMark <= mark) this.keys.delete(key);
  }
}
