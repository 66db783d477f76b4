// Knows: whether a command took effect, which keys it created, and which expiry it set.
// Must not know: what is remembered of keys.
import type { Arguments } from '../core/events';
import type { DataFacts } from '../core/facts';
import { isMissing } from './cache';
import type { KnownEntry } from './exchange';

/** `kept`: the write does not say; an EXPIRE usually follows. */
export type Expiry = 'set' | 'none' | 'kept';

/** Beyond this number of arguments no time to live is read. */
const MAX_COUNTED = 12;

export function readExpiry(
  { rule, canonical, from }: KnownEntry,
  args: Arguments,
  end: number,
  data: DataFacts,
): Expiry {
  if (data.ttlSeconds !== undefined) return 'set';
  if (rule.items?.areFields || canonical.startsWith('JSON.') || !rule.items?.areWhole) return 'kept';
  if (rule.items.isCounted && end > from + MAX_COUNTED) return 'kept';
  return hasOption(args, end, 'KEEPTTL') ? 'kept' : 'none';
}

/** Whether Redis wrote nothing, because of NX, XX or the like. */
export function isRefused({ canonical, from }: KnownEntry, args: Arguments, reply: unknown): boolean {
  if (canonical === 'GETSET') return false;
  if (canonical !== 'SET') return isMissing(reply) || (isNone(reply) && REFUSES_WITH_0.test(canonical));
  if (!hasOption(args, from + 2, 'GET')) return isMissing(reply);
  // The reply is the previous value.
  if (hasOption(args, from + 2, 'NX')) return !isMissing(reply);
  return hasOption(args, from + 2, 'XX') && isMissing(reply);
}

/** HSET also answers 0, when all fields existed. */
const REFUSES_WITH_0 = /NX$|^H?M?SETEX$/;

/** Options are among the first arguments; members and values follow them. */
const MAX_OPTIONS = 12;

/** Returns the indexes of the keys that exist after the command, whether or not they existed before. */
export function keysMade({ rule, from }: KnownEntry, args: Arguments, reply: unknown): number[] {
  const indexes: number[] = [];
  if (rule.made.length === 0 || isMissing(reply)) return indexes;
  const until = Math.min(args.length, from + MAX_OPTIONS);
  if (rule.makesWith !== undefined && !rule.makesWith.some((word) => indexOf(args, from + 1, word, args.length) > 0))
    return indexes;
  for (const { at, option, how } of rule.made) {
    if (isNone(reply) && (how === 'unlessNone' || indexOf(args, from + 1, 'XX', until) > 0)) continue;
    const index = option === undefined ? from + at : indexOf(args, from + 1, option, args.length) + 1;
    if (index > 0 && index < args.length) indexes.push(index);
  }
  return indexes;
}

/** Whether the reply is 0, in any form that a type mapping or redis 4 gives it. */
export function isNone(reply: unknown): boolean {
  return reply === 0 || reply === false || reply === '0' || reply === 0n;
}

export function hasOption(args: Arguments, from: number, option: string): boolean {
  return indexOf(args, from, option, args.length) > 0;
}

/** -1: the option is not there. */
function indexOf(args: Arguments, from: number, option: string, until: number): number {
  for (let index = from; index < until; index++) {
    const arg = args[index];
    if (typeof arg === 'string' && arg.length === option.length && arg.toUpperCase() === option) return index;
  }
  return -1;
}
