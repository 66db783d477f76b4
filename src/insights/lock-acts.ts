// Knows: whether a script that was given a held key and its token has released or renewed it.
// Must not know: which keys are held, or are locks.
import type { Arguments } from '../core/events';
import { isMissing, numberOf } from './cache';
import { looksUnique } from './lock-waits';
import type { Script } from './scripts';

/** A call of a script or function. */
export interface Call {
  readonly keys: Arguments;
  readonly values: Arguments;
}

/** What it did with a lock that is held. */
export interface Act {
  readonly does: 'release' | 'renew';
  /** undefined: its reply does not tell. */
  readonly isDone: boolean | undefined;
  /** How many keys it did it to; undefined: it did not say. */
  readonly count: number | undefined;
  readonly ttlMs: number | undefined;
  /** That it was done shows that the key is a lock. */
  readonly isProof: boolean;
}

/** More is no lock's. */
const MAX_ARGUMENTS = 64;

/** undefined: it names no key. */
export function callOf(args: Arguments): Call | undefined {
  const count = Number(args[2]);
  if (!(count >= 1) || args.length > MAX_ARGUMENTS || count > args.length - 3) return undefined;
  return { keys: args.slice(3, 3 + count), values: args.slice(3 + count) };
}

/**
 * The token tells that it is about the lock; the body, where it was seen, or else a further number, whether it ends or
 * prolongs it. undefined: neither.
 */
export function readAct({ keys, values }: Call, token: unknown, script: Script | undefined, reply: unknown): Act | undefined {
  if (script !== undefined && !script.deletes && !script.expires) return undefined;
  const others = [...values, ...keys.slice(1)].filter((value) => value !== token);
  const number = others.find((value) => numberOf(value) !== undefined);
  const renews = script === undefined || script.deletes === script.expires ? number !== undefined : script.expires;
  const isOther = values.some((value) => value !== token && numberOf(value) === undefined);
  // What else is given to it may be what it stores: then it takes the next step of something, and gives nothing back.
  const isProof = !isOther && looksUnique(token);
  const ttl = script?.ttl === undefined ? Number.NaN : Number(values[script.ttl.index]) * script.ttl.unitMs;
  const first = Array.isArray(reply) ? reply[0] : reply;
  const count = numberOf(first);
  const isDone = isMissing(first) ? undefined : typeof first === 'boolean' ? first : count === undefined || count > 0;
  return { does: renews ? 'renew' : 'release', isDone, count, ttlMs: Number.isNaN(ttl) ? undefined : ttl, isProof };
}
