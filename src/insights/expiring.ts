// Knows: how to keep a bounded number of entries for a limited time.
// Must not know: what the entries are.
import { NumberMap } from '../core/number-map';

/**
 * A map with a maximum size and an end for each entry. It keeps two generations: deleting the oldest entry of one Map
 * costs more, the more entries were deleted before.
 */
export class Expiring<V> {
  private recent = new NumberMap<Remembered<V>>();
  private older = new NumberMap<Remembered<V>>();

  /** @param memoryMs how long an entry is kept after its end, in milliseconds */
  constructor(
    private readonly maxEntries: number,
    private readonly memoryMs: number,
  ) {}

  get size(): number {
    return this.recent.size + this.older.size;
  }

  get(key: number, nowMonotonicMs: number): V | undefined {
    const entry = this.recent.get(key) ?? this.older.get(key);
    return entry !== undefined && entry.forgetMonotonicMs > nowMonotonicMs ? entry.value : undefined;
  }

  set(key: number, value: V, nowMonotonicMs: number, endMonotonicMs = nowMonotonicMs): void {
    if (this.recent.size >= this.maxEntries / 2) {
      this.older = this.recent;
      this.recent = new NumberMap();
    }
    this.recent.set(key, { value, forgetMonotonicMs: endMonotonicMs + this.memoryMs });
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
