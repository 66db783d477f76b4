// Knows: which keys this process wrote or deleted lately, and so why one of them may be gone.
// Must not know: commands, replies; what other processes do.
import type { MissReason } from '../core/facts';
import type { Place } from './identity';

/** Keys remembered. When there are more, half of them, by their hash, are no longer followed, and so on: a fair sample. */
export const MAX_WRITTEN_KEYS = 10_000;

/** How long a key is remembered after it ended, or after it was written to stay. */
export const MEMORY_MS = 10 * 60_000;

/** Between two looks whether the sample can be larger again. */
export const WIDEN_INTERVAL_MS = 60_000;

const IS_DELETED = -1;

interface Written {
  /** On the monotonic clock; infinite without a time to live, `IS_DELETED` after a delete. */
  deadlineMark: number;
  forgetMark: number;
  /** Where it was written: the database at one address. */
  place: Place;
}

/** Bounded by sampling, and expiring. */
export class WrittenKeys {
  private readonly keys = new Map<number, Written>();
  /** 2^n - 1: a key is in the sample if its lowest n bits are 0. */
  private mask = 0;
  private widenMark = 0;

  get size(): number {
    return this.keys.size;
  }

  /** @param ttlMs undefined: it stays until somebody deletes it; none or less: it is deleted at once */
  wrote(key: number, ttlMs: number | undefined, mark: number, place: Place): void {
    if (ttlMs !== undefined && ttlMs <= 0) this.deleted(key, mark, place);
    else this.set(key, mark + (ttlMs ?? Number.POSITIVE_INFINITY), mark, place);
  }

  /** A part of it was written, or its time to live kept: of what ends already, the end stays. */
  wroteWithin(key: number, mark: number, place: Place): void {
    const known = this.keys.get(key);
    if (known === undefined || known.deadlineMark <= mark) this.wrote(key, undefined, mark, place);
  }

  deleted(key: number, mark: number, place: Place): void {
    this.set(key, IS_DELETED, mark, place);
  }

  /**
   * As many of these keys were deleted; the others had been gone before. Where it cannot be told which, nothing is known
   * of any.
   */
  deletedSome(keys: readonly number[], count: number, mark: number, place: Place): void {
    const all = [...new Set(keys)];
    const there = all.length === count ? all : all.filter((key) => this.isThere(key, mark));
    if (there.length === count) for (const key of there) this.deleted(key, mark, place);
    else for (const key of all) this.forget(key);
  }

  /** What is known of it may be true no longer. */
  forget(key: number): void {
    this.keys.delete(key);
  }

  /** Something was written of which not every key was looked at. */
  forgetAll(): void {
    this.keys.clear();
  }

  /** Why a key is not there. undefined: it is not in the sample. */
  reason(key: number, mark: number): MissReason | undefined {
    this.widen(mark);
    if (!this.follows(key)) return undefined;
    const known = this.keys.get(key);
    if (known === undefined || known.forgetMark <= mark) return 'unknown';
    if (known.deadlineMark === IS_DELETED) return 'deleted';
    return known.deadlineMark <= mark ? 'expired' : 'unknown';
  }

  /** One database of a server was emptied, or all of them. */
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

  /** What may be forgotten goes first; where that is not enough, the sample is halved. */
  private thin(mark: number): void {
    this.forgetOld(mark);
    while (this.keys.size > MAX_WRITTEN_KEYS / 2) {
      this.mask = this.mask * 2 + 1;
      for (const key of this.keys.keys()) if (!this.follows(key)) this.keys.delete(key);
    }
    this.widenMark = mark + WIDEN_INTERVAL_MS;
  }

  /** The sample is doubled while there is room for twice as many keys, and for as many again. */
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
