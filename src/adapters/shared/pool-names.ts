// Knows: that several pools of one server need a number each, and that the number of a pool that is gone is free.
// Must not know: what a pool is.

interface Numbers {
  highest: number;
  /** The lowest last. */
  readonly free: number[];
}

/** Gives names out, and takes them back: their number is bounded by that of the pools alive, not by all there ever were. */
export class PoolNames {
  private readonly taken = new Map<string, Numbers>();

  /** `give` is called once the name is free again; more than once is once. */
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
