// Knows: what locks are called.
// Must not know: commands, what becomes of a lock.
import { identifierText } from '../catalog';

/** A segment, alone or joined by `-` and `_`, or with a number: `lock:7`, `order:7:lock`, `@simple-redis-mutex:lock-7`. */
const ANYWHERE = /(?:^|[^a-z])(?:locks?|mutex|semaphore)(?![a-z])/i;
/** Words of other things too: a `lease-contract` is none, nor is a `leader-board`. */
const WHOLE = /(?:^|[:./|#@{])(?:lease|leader)(?![\w-])/i;

/** Of a longer key the beginning is looked at. */
const MAX_LENGTH = 256;

/** Whether a key, or a family of keys, is called a lock. */
export function namesLock(key: unknown): boolean {
  const text = identifierText(key, MAX_LENGTH);
  return text !== undefined && (ANYWHERE.test(text) || WHOLE.test(text));
}
