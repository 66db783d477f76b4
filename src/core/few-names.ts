// Knows: how the number of names that others choose is limited.
// Must not know: what the names are for.

/** Limits the number of names: a backend keeps a series for every name it ever received. */
export class FewNames {
  private readonly kept = new Set<string>();

  constructor(private readonly limit: number) {}

  /** Whether a name is among the first ones. Further names have to be replaced by a common one. */
  admits(name: string): boolean {
    if (this.kept.has(name)) return true;
    if (this.kept.size >= this.limit) return false;
    this.kept.add(name);
    return true;
  }
}
