// Knows: how names that others choose are kept few.
// Must not know: what they name.

/** A backend keeps a series for every name it ever saw. */
export class FewNames {
  private readonly kept = new Set<string>();

  constructor(private readonly limit: number) {}

  /** Whether a name is among the first ones. The others are to be called by something that is common to many. */
  admits(name: string): boolean {
    if (this.kept.has(name)) return true;
    if (this.kept.size >= this.limit) return false;
    this.kept.add(name);
    return true;
  }
}
