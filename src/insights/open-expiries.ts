// Knows: which writes set no expiry, as long as one may follow.
// Must not know: commands, clients, how counts are reported.
import type { Counts } from './cache-counts';

/** The number of writes in each of two generations. Those that are older get none any more. */
export const MAX_OPEN_WRITES = 5_000;

/**
 * Many programs write a value, and set its expiry by the next command. So whether a value was written without one is
 * decided when the counts are collected.
 */
export class OpenExpiries {
  private recent = new Map<number, Counts>();
  private older = new Map<number, Counts>();

  /** The key was written. @param counts undefined: with an expiry */
  wrote(key: number, counts: Counts | undefined): void {
    withoutTtl(this.take(key));
    if (counts === undefined) return;
    if (this.recent.size >= MAX_OPEN_WRITES) {
      for (const old of this.older.values()) withoutTtl(old);
      this.older = this.recent;
      this.recent = new Map();
    }
    this.recent.set(key, counts);
  }

  /** The key got an expiry. */
  expires(key: number): void {
    const counts = this.take(key)?.current();
    if (counts !== undefined) counts.writesWithTtl++;
  }

  /** The key may have got an expiry: its write counts as neither. */
  forget(key: number): void {
    this.take(key);
  }

  /** Decides about all writes: no expiry has followed. */
  decide(): void {
    for (const counts of this.older.values()) withoutTtl(counts);
    for (const counts of this.recent.values()) withoutTtl(counts);
    this.older.clear();
    this.recent.clear();
  }

  private take(key: number): Counts | undefined {
    const counts = this.recent.get(key) ?? this.older.get(key);
    if (counts !== undefined && !this.recent.delete(key)) this.older.delete(key);
    return counts;
  }
}

function withoutTtl(counts: Counts | undefined): void {
  if (counts !== undefined) counts.current().writesWithoutTtl++;
}
