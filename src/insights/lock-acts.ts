// Knows: what a script did with a lock, from its keys, the token and the reply: it released, renewed or took it.
// Must not know: which keys are held, or are locks.
import type { Arguments } from '../core/events';
import { integerOf, isMissing, numberOf } from './cache';
import { looksUnique } from './lock-waits';
import type { Script } from './scripts';

/** A call of a script or function. */
export interface Call {
  readonly keys: Arguments;
  readonly values: Arguments;
}

/** What a script did with a held lock. */
export interface Act {
  readonly does: 'release' | 'renew';
  /** undefined: the reply does not say. */
  readonly isDone: boolean | undefined;
  /** The number of keys affected; undefined: the reply does not say. */
  readonly count: number | undefined;
  readonly ttlMs: number | undefined;
  /** A success proves that the key is a lock. */
  readonly isProof: boolean;
}

/** A call with more arguments is not about a lock. */
const MAX_ARGUMENTS = 64;

/** undefined: the call names no key. */
export function callOf(args: Arguments): Call | undefined {
  const count = Number(args[2]);
  if (!(count >= 1) || args.length > MAX_ARGUMENTS || count > args.length - 3) return undefined;
  return { keys: args.slice(3, 3 + count), values: args.slice(3 + count) };
}

/**
 * The token shows that the call is about the lock. The script's body, or without it a further number, shows whether
 * the call releases or renews the lock. undefined: it does neither.
 */
export function readAct(
  { keys, values }: Call,
  token: unknown,
  script: Script | undefined,
  reply: unknown,
): Act | undefined {
  if (script !== undefined && !script.deletes && !script.expires) return undefined;
  const others = [...values, ...keys.slice(1)].filter((value) => value !== token);
  const number = others.find((value) => numberOf(value) !== undefined);
  const renews = script === undefined || script.deletes === script.expires ? number !== undefined : script.expires;
  const isOther = values.some((value) => value !== token && numberOf(value) === undefined);
  // A further argument may be a value to store: then the script advances a state and releases nothing.
  const isProof = !isOther && looksUnique(token);
  const ttl = script?.ttl === undefined ? Number.NaN : Number(values[script.ttl.index]) * script.ttl.unitMs;
  const first = Array.isArray(reply) ? reply[0] : reply;
  const count = numberOf(first);
  const isDone = isMissing(first) ? undefined : typeof first === 'boolean' ? first : count === undefined || count > 0;
  return { does: renews ? 'renew' : 'release', isDone, count, ttlMs: Number.isNaN(ttl) ? undefined : ttl, isProof };
}

/** An attempt to take a lock. */
export interface Taking {
  readonly token: unknown;
  readonly acquired: boolean;
}

/**
 * Whether a script whose text is not known took locks that are not held with its token: it got nothing but a unique
 * token and a number, and answered yes or no. undefined: it did something else. Any other number may be the time for
 * which somebody else has the lock.
 */
export function readTaking({ keys, values }: Call, reply: unknown): Taking | undefined {
  if (values.length !== 2) return undefined;
  const count = integerOf(reply);
  const acquired = reply === 'OK' || reply === true || count === 1 || count === keys.length;
  if (!acquired && !isMissing(reply) && reply !== false && count !== 0) return undefined;
  const [first, second] = values;
  const [token, ttl] = looksUnique(first) ? [first, second] : [second, first];
  return looksUnique(token) && !looksUnique(ttl) && (integerOf(ttl) ?? 0) > 0 ? { token, acquired } : undefined;
}
