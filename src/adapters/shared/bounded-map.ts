// Knows: that a map must not grow without end.
// Must not know: what is in it.

/** More than the clients of a usual process. */
export const MAX_CLIENTS = 10_000;

/** A map that forgets its oldest entry when there are too many. */
export class BoundedMap<K, V> extends Map<K, V> {
  override set(key: K, value: V): this {
    super.set(key, value);
    if (this.size > MAX_CLIENTS) this.delete(this.keys().next().value as K);
    return this;
  }
}
