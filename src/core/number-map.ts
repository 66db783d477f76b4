// Knows: how to keep many things by 53-bit numbers, in the order in which they came.
// Must not know: what the numbers and the things are.

/** Both are powers of two. */
const FIRST_CAPACITY = 16;
const NO_SLOT = -1;

/**
 * A Map whose keys are the numbers of `identity.ts`. A Map of the language allocates such a number for each entry, and
 * calls out of compiled code to hash it: here its lowest bits are its place. Entries may be deleted, and the value of
 * a known key set, while the map is iterated; adding a key may move entries.
 */
export class NumberMap<V> {
  size = 0;
  private keys = new Float64Array(FIRST_CAPACITY);
  private values: (V | undefined)[] = [];
  /** The slot of the entry before this one that has the same place. */
  private links = new Int32Array(FIRST_CAPACITY);
  /** The latest slot of each place. */
  private heads = new Int32Array(FIRST_CAPACITY).fill(NO_SLOT);
  /** Slots before the first are empty; the end is the next free one. */
  private first = 0;
  private end = 0;

  get(key: number): V | undefined {
    const slot = this.slotOf(key);
    return slot === NO_SLOT ? undefined : this.values[slot];
  }

  has(key: number): boolean {
    return this.slotOf(key) !== NO_SLOT;
  }

  set(key: number, value: V): void {
    const slot = this.slotOf(key);
    if (slot === NO_SLOT) this.add(key, value);
    else this.values[slot] = value;
  }

  delete(key: number): void {
    this.take(key);
  }

  /** Deletes an entry, and returns its value. */
  take(key: number): V | undefined {
    const slot = this.slotOf(key);
    if (slot === NO_SLOT) return undefined;
    const value = this.values[slot];
    this.empty(slot);
    return value;
  }

  /** Room that was made stays: it is needed again. */
  clear(): void {
    this.heads.fill(NO_SLOT);
    this.values.length = 0;
    this.first = this.end = this.size = 0;
  }

  /** The key that was added first. undefined: there is none. */
  oldest(): number | undefined {
    if (this.size === 0) return undefined;
    while (this.values[this.first] === undefined) this.first++;
    return this.keys[this.first];
  }

  /** Deletes the entry that was added first, and returns its value. */
  takeOldest(): V | undefined {
    if (this.oldest() === undefined) return undefined;
    const value = this.values[this.first];
    this.empty(this.first);
    return value;
  }

  *[Symbol.iterator](): Iterator<[number, V]> {
    for (let slot = this.first; slot < this.end; slot++) {
      const value = this.values[slot];
      if (value !== undefined) yield [this.keys[slot] as number, value];
    }
  }

  private empty(slot: number): void {
    this.keys[slot] = Number.NaN; // equals no key
    this.values[slot] = undefined;
    this.size--;
  }

  private slotOf(key: number): number {
    const { keys, links } = this;
    let slot = this.heads[key & (this.heads.length - 1)] as number;
    while (slot !== NO_SLOT && keys[slot] !== key) slot = links[slot] as number;
    return slot;
  }

  private add(key: number, value: V): void {
    if (this.end === this.keys.length) this.makeRoom();
    const place = key & (this.heads.length - 1);
    this.keys[this.end] = key;
    this.values[this.end] = value;
    this.links[this.end] = this.heads[place] as number;
    this.heads[place] = this.end++;
    this.size++;
  }

  /** Leaves out what was deleted. There is room for as many again afterwards. */
  private makeRoom(): void {
    let capacity = FIRST_CAPACITY;
    while (capacity < 2 * this.size) capacity *= 2;
    const { keys, values, first, end } = this;
    this.resize(capacity);
    for (let slot = first; slot < end; slot++) {
      const value = values[slot];
      if (value !== undefined) this.add(keys[slot] as number, value);
    }
  }

  private resize(capacity: number): void {
    this.keys = new Float64Array(capacity);
    this.values = [];
    this.links = new Int32Array(capacity);
    this.heads = new Int32Array(capacity).fill(NO_SLOT);
    this.first = this.end = this.size = 0;
  }
}
