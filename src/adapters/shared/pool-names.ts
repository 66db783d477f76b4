// Knows: that several pools of one server need a number each, and that the number of a removed pool is free again.
// Must not know: what a pool is.

interface Numbers {
  highest: number;
  /** The lowest is last. */
  readonly free: number[];
}

/** Assigns names and takes them back. Their number is bounded by the living pools, not by all pools ever created. */
export class PoolNames {
  private readonly taken = new Map<string, Numbers>();

  /** Call `give` to return the name. Further calls have no effect. */
  take(base: string): { readonly name: string; give(): void } {
    const numbers = this.taken.get(base) ?? { highest: 0, free: [] };
    this.taken.set(base, numbers);
    const number = numbers.free.pop() ?? ++numbers.highest;
    let isTaken = true;
    return {
      name: number === 1 ? base : `${base}#${number}`,
      give: () => {
        if (!isTaken) return;
        isTaken = false;
        const lower = numbers.free.findIndex((other) => other < number);
        numbers.free.splice(lower < 0 ? numbers.free.length : lower, 0, number);
        if (numbers.free.length === numbers.highest && this.taken.get(base) === numbers) this.taken.delete(base);
      },
    };
  }
}
