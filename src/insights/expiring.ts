// Knows: how a bounded number of facts about locks is kept for a limited time.
// Must not know: what the facts are.
import { NumberMap } from '../core/number-map';

/** The number of held locks, and of refused attempts, that are followed at a time. */
export const MAX_LOCKS = 5_000;

/**
 * A caller whose attempt was refused this long ago has given up. A lock without an expiry is followed for this long
 * too.
 */
const MEMORY_MS = 10 * 60_000;

/**
 * A map with a maximum size and an end for each entry. It keeps two generations: deleting the oldest entry of one Map
 * costs more, the more entries were deleted before.
 */
export class Expiring<V> {
  private recent = new NumberMap<Remembered<V>>();
  private older = new NumberMap<Remembered<V>>();

  get size(): number {
    return this.recent.size + this.older.size;
  }

  get(key: number, nowMonotonicMs: number): V | undefined {
    const entry = this.recent.get(key) ?? this.older.get(key);
    return entry !== undefined && entry.forgetMonotonicMs > nowMonotonicMs ? entry.value : undefined;
  }

  set(key: number, value: V, nowMonotonicMs: number, endMonotonicMs = nowMonotonicMs): void {
    if (this.recent.size >= MAX_LOCKS / 2) {
      this.older = this.recent;
      this.recent = new NumberMap();
    }
    this.recent.set(key, { value, forgetMonotonicMs: endMonotonicMs + MEMORY_MS });
  }

  delete(key: number): void {
    this.recent.delete(key);
    this.older.delete(key);
  }
}

interface Remembered<V> {
  readonly value: V;
  readonly forgetMonotonicMs: number;
}
