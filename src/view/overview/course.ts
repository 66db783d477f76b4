// Knows: values over time, step by step.
// Must not know: what they count.
const RATIO_STEPS = 8;

/** One number for each step of the window; undefined where there was nothing to divide. */
export type Course = readonly (number | undefined)[];

export function ratio(part: number, whole: number): number | undefined {
  return whole === 0 ? undefined : part / whole;
}

/** Ratios over the steps up to each one: a ratio of two look-ups says little. */
export function ratios(hits: readonly number[], misses: readonly number[]): Course {
  const recent = (counts: readonly number[], index: number) =>
    addAll(counts.slice(Math.max(0, index - RATIO_STEPS + 1), index + 1));
  return hits.map((_, index) => rounded(ratio(recent(hits, index), recent(hits, index) + recent(misses, index))));
}

export function addUp(courses: readonly (readonly number[])[], steps: number): number[] {
  return Array.from({ length: steps }, (_, index) => courses.reduce((sum, course) => sum + (course[index] ?? 0), 0));
}

// Digits that a line of some pixels cannot show are not sent every second.
function rounded(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.round(value * 1_000) / 1_000;
}

function addAll(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
