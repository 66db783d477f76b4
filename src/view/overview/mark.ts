// Knows: the outcome of a command, in a word or two.
// Must not know: where the words are shown.
import type { Span } from '../otlp/message';
import { errorOf, foundBy, isOfSeveral, type LockStep, type Lookup, lockStepOf } from '../store/reading';

export interface Mark {
  readonly text: string;
  readonly tone: 'good' | 'fair' | 'bad' | 'plain';
}

const LOCK_MARKS: Readonly<Record<LockStep, Mark>> = {
  acquired: { text: 'lock acquired', tone: 'plain' },
  refused: { text: 'lock refused', tone: 'plain' },
  renewed: { text: 'lock renewed', tone: 'plain' },
  released: { text: 'lock released', tone: 'plain' },
  lost: { text: 'lock was lost', tone: 'bad' },
};

export function markOf(span: Pick<Span, 'failed' | 'attributes'>): Mark | undefined {
  const error = errorOf(span);
  if (error !== undefined) return { text: `✗ ${error}`, tone: 'bad' };
  const found = foundBy(span.attributes);
  if (found !== undefined) return lookupMark(found, isOfSeveral(span.attributes));
  const lock = lockStepOf(span.attributes);
  return lock === undefined ? undefined : LOCK_MARKS[lock];
}

function lookupMark({ hits, misses }: Lookup, several: boolean): Mark {
  const tone = misses > 0 ? 'fair' : 'good';
  if (several) return { text: `${hits} of ${hits + misses} hit`, tone };
  return { text: misses > 0 ? 'miss' : 'hit', tone };
}
