// Knows: how objects are followed that give no notice when they end.
// Must not know: what they are.

/** Below this number of objects, none is checked. */
const MIN_SWEEP = 64;

/** Objects that are followed as long as they can be read. */
export class Living<S, T extends { read(): S | undefined }> {
  /** Some of them may be gone. */
  readonly all = new Set<T>();
  private sweepAt = MIN_SWEEP;

  /** @param sweep reads all objects, if reading one has an effect */
  constructor(private readonly sweep: () => void = () => this.read()) {}

  /** Removes ended objects even if metrics are never collected. Amortised: the next check is at twice the size. */
  add(one: T): void {
    this.all.add(one);
    if (this.all.size < this.sweepAt) return;
    this.sweep();
    this.sweepAt = Math.max(MIN_SWEEP, this.all.size * 2);
  }

  /** Reads all objects that have not ended, and forgets the others. */
  read(): readonly (readonly [T, S])[] {
    const living: (readonly [T, S])[] = [];
    for (const one of this.all) {
      const state = one.read();
      if (state === undefined) this.all.delete(one);
      else living.push([one, state]);
    }
    return living;
  }
}
