// Knows: that a map must not grow without end.
// Must not know: what is in it.

/** A map that forgets its oldest entry when there are too many. An entry that is set again is new. */
export class BoundedMap<K, V> extends Map<K, V> {
  constructor(private readonly maxSize: number) {
    super();
  }

  override set(key: K, value: V): this {
    this.delete(key);
    super.set(key, value);
    if (this.size > this.maxSize) this.delete(this.keys().next().value as K);
    return this;
  }
}
