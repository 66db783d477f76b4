// Knows: which keys this process wrote or deleted lately, and so why one of them may be gone.
// Must not know: commands, replies; what other processes do.
import type { MissReason } from '../core/facts';

/** Keys remembered. When there are more, half of them, by their hash, are no longer followed, and so on: a fair sample. */
export const MAX_WRITTEN_KEYS = 10_000;

/** How long a key is remembered after it ended, or after it was written to stay. */
export const MEMORY_MS = 10 * 60_000;

const IS_DELETED = -1;

interface Written {
  /** On the monotonic clock; infinite without a time to live, `IS_DELETED` after a delete. */
  deadlineMark: number;
  forgetMark: number;
}

/** Bounded by sampling, and expiring. */
export class WrittenKeys {
  private readonly keys = new Map<number, Written>();
  /** 2^n - 1: a key is in the sample if its lowest n bits are 0. */
  private mask = 0;

  get size(): number {
    return this.keys.size;
  }

  /** @param ttlMs undefined: it stays until somebody deletes it */
  wrote(key: number, ttlMs: number | undefined, mark: number): void {
    this.set(key, mark + (ttlMs ?? Number.POSITIVE_INFINITY), mark);
  }

  /** A part of it was written, or its time to live kept: of what ends already, the end stays. */
  wroteWithin(key: number, mark: number): void {
    const known = this.keys.get(key);
    if (known === undefined || known.deadlineMark <= mark) this.wrote(key, undefined, mark);
  }

  deleted(key: number, mark: number): void {
    this.set(key, IS_DELETED, mark);
  }

  /** Why a key is not there. undefined: it is not in the sample. */
  reason(key: number, mark: number): MissReason | undefined {
    if (!this.follows(key)) return undefined;
    const known = this.keys.get(key);
    if (known === undefined || known.forgetMark <= mark) return 'unknown';
    if (known.deadlineMark === IS_DELETED) return 'deleted';
    return known.deadlineMark <= mark ? 'expired' : 'unknown';
  }

  clear(): void {
    this.keys.clear();
    this.mask = 0;
  }

  private set(key: number, deadlineMark: number, mark: number): void {
    if (!this.follows(key)) return;
    const hasEnd = deadlineMark !== IS_DELETED && deadlineMark !== Number.POSITIVE_INFINITY;
    const forgetMark = (hasEnd ? deadlineMark : mark) + MEMORY_MS;
    const known = this.keys.get(key);
    if (known !== undefined) {
      known.deadlineMark = deadlineMark;
      known.forgetMark = forgetMark;
      return;
    }
    if (this.keys.size >= MAX_WRITTEN_KEYS) this.thin(mark);
    if (this.follows(key)) this.keys.set(key, { deadlineMark, forgetMark });
  }

  private follows(key: number): boolean {
    return ((key >>> 0) & this.mask) === 0;
  }

  /** What may be forgotten goes first; where that is not enough, the sample is halved. */
  private thin(mark: number): void {
    for (const [key, { forgetMark }] of this.keys) if (forgetMark <= mark) this.keys.delete(key);
    while (this.keys.size > MAX_WRITTEN_KEYS / 2) {
      this.mask = this.mask * 2 + 1;
      for (const key of this.keys.keys()) if (!this.follows(key)) this.keys.delete(key);
    }
  }
}
