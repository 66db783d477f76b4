// Knows: how things are followed that end without telling.
// Must not know: what they are.

/** Below this number, what is gone is not searched. */
const MIN_SWEEP = 64;

/** What is followed as long as it can be read. */
export class Living<S, T extends { read(): S | undefined }> {
  /** Some of them may be gone. */
  readonly all = new Set<T>();
  private sweepAt = MIN_SWEEP;

  /** @param sweep reads all, where a state must not be read in vain */
  constructor(private readonly sweep: () => void = () => this.read()) {}

  /** What is gone is removed even if metrics are never collected. Amortised: the next search is at twice the size. */
  add(one: T): void {
    this.all.add(one);
    if (this.all.size < this.sweepAt) return;
    this.sweep();
    this.sweepAt = Math.max(MIN_SWEEP, this.all.size * 2);
  }

  /** Reads all that are there, and forgets the others. */
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
