// Knows: which of several words was probably meant.
// Must not know: what they are.

/** The part of a word that has to be right, from its beginning. */
const LEAST_RIGHT = 0.4;

/** undefined: no candidate is similar. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const similar = candidates
    .map((candidate) => ({ candidate, right: lengthOfCommon(word, candidate) }))
    .filter(({ candidate, right }) => right >= candidate.length * LEAST_RIGHT);
  return similar.sort((a, b) => b.right - a.right)[0]?.candidate;
}

function lengthOfCommon(word: string, other: string): number {
  let length = 0;
  while (length < other.length && word[length] === other[length]) length++;
  return length;
}
