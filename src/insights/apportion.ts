// Knows: how a sample stands for all: which keys are looked at, and how a total is shared out by what they showed.
// Must not know: commands, replies, what is counted.

/** Keys of one command that are looked at. Most commands have fewer. */
export const MAX_KEYS = 250;

const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

/** Which key is looked at as number `n` of the sample. Spread evenly, but in no step that keys in turn could be in. */
export function sampleIndex(n: number, keys: number): number {
  return Math.floor(((n * GOLDEN_RATIO) % 1) * keys);
}

/** Shares out a whole number by weights; the shares are whole, and add up to it. Without any weight all are alike. */
export function apportion(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((all, weight) => all + weight, 0);
  let passed = 0;
  let given = 0;
  // Each share ends where the sum of the weights so far does: no rounding is ever lost.
  return weights.map((weight) => {
    passed += sum === 0 ? 1 / weights.length : weight / sum;
    const share = Math.round(total * passed) - given;
    given += share;
    return share;
  });
}
