// Knows: how to remember so much for so long.
// Must not know: what is remembered.

/**
 * A map with a cap and with an end for each entry. In two generations: to take the oldest out of one map costs more
 * the more were taken out before.
 */
export class Expiring<V> {
  private recent = new Map<number, Remembered<V>>();
  private older = new Map<number, Remembered<V>>();

  /** @param memoryMs how long after its end an entry is remembered */
  constructor(
    private readonly maxEntries: number,
    private readonly memoryMs: number,
  ) {}

  get size(): number {
    return this.recent.size + this.older.size;
  }

  get(key: number, nowMark: number): V | undefined {
    const entry = this.recent.get(key) ?? this.older.get(key);
    return entry !== undefined && entry.forgetMark > nowMark ? entry.value : undefined;
  }

  set(key: number, value: V, nowMark: number, endMark = nowMark): void {
    if (this.recent.size >= this.maxEntries / 2) {
      this.older = this.recent;
      this.recent = new Map();
    }
    this.recent.set(key, { value, forgetMark: endMark + this.memoryMs });
  }

  delete(key: number): void {
    this.recent.delete(key);
    this.older.delete(key);
  }
}

interface Remembered<V> {
  readonly value: V;
  readonly forgetMark: number;
}
