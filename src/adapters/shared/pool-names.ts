// Knows: that several pools of one server need a number each, and that the number of a removed pool is free again.
// Must not know: what a pool is.

/** Assigns names and takes them back. Their number is bounded by the living pools, not by all pools ever created. */
export class PoolNames {
  private readonly taken = new Map<string, Set<number>>();

  /** Call `give` to return the name. Further calls have no effect. */
  take(base: string): { readonly name: string; give(): void } {
    const numbers = this.taken.get(base) ?? new Set();
    this.taken.set(base, numbers);
    let number = 1;
    while (numbers.has(number)) number += 1;
    numbers.add(number);
    let isTaken = true;
    const give = (): void => {
      if (isTaken) numbers.delete(number);
      isTaken = false;
      if (numbers.size === 0 && this.taken.get(base) === numbers) this.taken.delete(base);
    };
    return { name: number === 1 ? base : `${base}#${number}`, give };
  }
}
