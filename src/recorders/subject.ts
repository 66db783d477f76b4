// Knows: when two commands are alike: the same operation on the same key, or on keys of the same family.
// Must not know: spans, metrics, what follows from it.
import { type Entry, keyIndexOf, OTHER_FAMILY } from '../catalog';
import type { Arguments } from '../core/events';
import type { Facts, KeyFamily } from '../core/facts';

/** Returns the learnt family of a key. */
export type FamilyOf = (key: unknown) => KeyFamily;

/** What a command is about. It is kept of one command to compare others with it. */
export interface Subject {
  readonly canonical: string;
  readonly key: unknown;
  /** The first argument, if that names a script or a function. */
  readonly procedure: unknown;
  /** The family of all its keys. Finding it costs time, so it is only done when there is a command to compare with. */
  family: string | undefined;
  isNamed: boolean;
}

export function subjectOf(entry: Entry, args: Arguments, { cache }: Facts): Subject {
  return {
    canonical: entry.canonical,
    procedure: procedureOf(entry, args),
    key: keyOf(entry, args),
    family: cache?.family,
    isNamed: cache !== undefined,
  };
}

/** Keys that belong to no family are alike only if they are equal. */
export function isLike(subject: Subject, entry: Entry, args: Arguments, { cache }: Facts, familyOf: FamilyOf): boolean {
  if (subject.canonical !== entry.canonical || subject.procedure !== procedureOf(entry, args)) return false;
  // Most commands of a loop are look-ups of one family, for which this is enough.
  if (cache !== undefined && subject.isNamed && isOne(cache.family, subject.family)) return true;
  const key = keyOf(entry, args);
  if (key === subject.key) return true;
  if (key === undefined || subject.key === undefined) return false;
  const family = cache === undefined ? familyOf(key).name : cache.family;
  // Its keys are of several families, or families are off: then all keys count as one.
  if (family === undefined) return familyOf(key).name === undefined;
  return isOne(family, nameOf(subject, familyOf));
}

/** `_other` is not a family. */
function isOne(family: string | undefined, other: string | undefined): boolean {
  return family === other && family !== undefined && family !== OTHER_FAMILY;
}

export function nameOf(subject: Subject, familyOf: FamilyOf): string | undefined {
  if (!subject.isNamed) {
    subject.family = subject.key === undefined ? undefined : familyOf(subject.key).name;
    subject.isNamed = true;
  }
  return subject.family;
}

function keyOf(entry: Entry, args: Arguments): unknown {
  const index = keyIndexOf(entry, args);
  return index < 0 ? undefined : args[index];
}

function procedureOf({ rule, from }: Entry, args: Arguments): unknown {
  return rule?.procedure ? args[from] : undefined;
}
