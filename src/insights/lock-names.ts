// Knows: which names say that a key is a lock.
// Must not know: commands, what becomes of a lock.
import { identifierText } from '../catalog';

/**
 * A word of a key, alone or joined by `-` or `_`, or with a number: `lock:7`, `order:7:lock`,
 * `@simple-redis-mutex:lock-7`.
 */
const ANYWHERE = /(?:^|[^a-z])(?:locks?|mutex|semaphore)(?![a-z])/i;
/**
 * Words that also name other things count only as a whole segment: `lease-contract` and `leader-board` are not locks.
 */
const WHOLE = /(?:^|[:./|#@{])(?:lease|leader)(?![\w-])/i;

/** Of a longer key only the beginning is searched. */
const MAX_LENGTH = 256;

/** Whether the name of a key, or of a key family, says that it is a lock. */
export function namesLock(key: unknown): boolean {
  const text = identifierText(key, MAX_LENGTH);
  return text !== undefined && (ANYWHERE.test(text) || WHOLE.test(text));
}
