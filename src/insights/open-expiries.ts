// Knows: which writes set no expiry, as long as one may follow.
// Must not know: commands, clients, how counts are reported.

import { NumberMap } from '../core/number-map';
import type { Counts } from './cache-counts';

/** The number of writes in each of two generations. Those that are older get none any more. */
export const MAX_OPEN_WRITES = 5_000;

/**
 * Many programs write a value, and set its expiry by the next command. So whether a value was written without one is
 * decided when the counts are collected.
 */
export class OpenExpiries {
  private recent = new NumberMap<Counts>();
  private older = new NumberMap<Counts>();

  /** The key was written. @param counts undefined: with an expiry */
  wrote(key: number, counts: Counts | undefined): void {
    withoutTtl(this.take(key));
    if (counts === undefined) return;
    if (this.recent.size >= MAX_OPEN_WRITES) {
      for (const [, old] of this.older) withoutTtl(old);
      const emptied = this.older;
      emptied.clear();
      this.older = this.recent;
      this.recent = emptied;
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
    for (const [, counts] of this.older) withoutTtl(counts);
    for (const [, counts] of this.recent) withoutTtl(counts);
    this.older.clear();
    this.recent.clear();
  }

  private take(key: number): Counts | undefined {
    return this.recent.take(key) ?? this.older.take(key);
  }
}

function withoutTtl(counts: Counts | undefined): void {
  if (counts !== undefined) counts.current().writesWithoutTtl++;
}
