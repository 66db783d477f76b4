// Knows: how many entries an object keeps in all its maps and sets.
// Must not know: what they are, which limit they have.
import { NumberMap } from '../../src/core/number-map';

/** Counts the entries of all maps and sets that are fields of an object, or of objects in its fields. */
export function entriesIn(object: object): number {
  const seen = new Set<object>([object]);
  let entries = 0;
  for (const one of seen) {
    for (const value of Object.values(one)) {
      if (value instanceof Map || value instanceof Set || value instanceof NumberMap) entries += value.size;
      else if (typeof value === 'object' && value !== null) seen.add(value);
    }
  }
  return entries;
}
