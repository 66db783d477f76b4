// Knows: how a sample of keys stands for all: which keys are sampled, and how a total is divided among families.
// Must not know: commands, replies, what is counted.

/** The number of keys of one command that are sampled. Most commands have fewer. */
export const MAX_KEYS = 250;

const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

/** The index of sampled key `n`. Indexes are spread evenly, but not in a fixed step: keys may repeat with a period. */
export function sampleIndex(n: number, keys: number): number {
  return Math.floor(((n * GOLDEN_RATIO) % 1) * keys);
}

/** The indexes of the sampled keys, of which every `step`th argument from `from` on is one. */
export function* sampled(from: number, end: number, step: number): Iterable<number> {
  const keys = Math.ceil((end - from) / step);
  for (let n = 0; n < MAX_KEYS; n++) yield from + step * sampleIndex(n, keys);
}

export function add<K>(weights: Map<K, number>, key: K, weight: number): void {
  weights.set(key, (weights.get(key) ?? 0) + weight);
}

/** Divides a whole number by weights, and passes on who gets how much. */
export function share<K>(total: number, weights: ReadonlyMap<K, number>, give: (key: K, part: number) => void): void {
  const parts = apportion(total, [...weights.values()]);
  [...weights.keys()].forEach((key, index) => {
    give(key, parts[index] ?? 0);
  });
}

/** Divides a whole number by weights. The shares are whole and add up to it. If all weights are 0, they are equal. */
export function apportion(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((all, weight) => all + weight, 0);
  let passed = 0;
  let given = 0;
  // Each share ends where the running sum of the weights ends, so no rounding error accumulates.
  return weights.map((weight) => {
    passed += sum === 0 ? 1 / weights.length : weight / sum;
    const share = Math.round(total * passed) - given;
    given += share;
    return share;
  });
}
