// Knows: how many elements a collection has that Redis answered, without a look at any of them.
// Must not know: what they carry, spans, metrics.
import { types } from 'node:util';
import { type Entry, partsByStream } from '../catalog';
import type { Arguments } from '../core/events';

/** How the elements stand in the reply. */
type Shape = 'list' | 'pairs' | 'scores' | 'scan' | 'scanned pairs' | 'streams';

function shapes(rows: Readonly<Record<Shape, string>>): ReadonlyMap<string, Shape> {
  return new Map(
    Object.entries(rows).flatMap(([shape, names]) => names.split(' ').map((name) => [name, shape as Shape] as const)),
  );
}

const SHAPES = shapes({
  list:
    'MGET HMGET HKEYS HVALS KEYS LRANGE SMEMBERS SINTER SUNION SDIFF SORT SORT_RO GEOSEARCH GEORADIUS ' +
    'XRANGE XREVRANGE JSON.MGET ' +
    'SRANDMEMBER SPOP LPOP RPOP ZRANGEBYLEX ZREVRANGEBYLEX',
  pairs: 'HGETALL',
  scores: 'ZRANGE ZREVRANGE ZRANGEBYSCORE ZREVRANGEBYSCORE ZINTER ZUNION ZDIFF ZRANDMEMBER',
  scan: 'SCAN SSCAN',
  'scanned pairs': 'HSCAN ZSCAN',
  streams: 'XREAD XREADGROUP',
});

/** Beyond this an object is not counted through. */
const MAX_COUNTED = 100_000;

/** undefined: the command is not answered with a collection, or this one is none. */
export function rowsOf({ canonical }: Entry, args: Arguments, reply: unknown): number | undefined {
  const shape = SHAPES.get(canonical);
  if (shape === undefined || typeof reply !== 'object' || reply === null) return undefined;
  switch (shape) {
    case 'scan':
      return Array.isArray(reply) ? sizeOf(reply[1]) : undefined;
    case 'scanned pairs':
      return Array.isArray(reply) ? pairsIn(reply[1], says(args, 'NOVALUES')) : undefined;
    case 'pairs':
      return pairsIn(reply, false);
    case 'scores':
      return says(args, 'WITHSCORES') ? pairsIn(reply, false) : sizeOf(reply);
    case 'streams':
      return partsByStream(reply).reduce((sum, [, entries]) => sum + entries.length, 0);
    default:
      return sizeOf(reply);
  }
}

/** Flat in the older protocol, nested or a map in the newer one. */
function pairsIn(reply: unknown, isPlain: boolean): number | undefined {
  if (isPlain || !Array.isArray(reply) || Array.isArray(reply[0])) return sizeOf(reply);
  return reply.length / 2;
}

function sizeOf(reply: unknown): number | undefined {
  if (Array.isArray(reply)) return reply.length;
  if (types.isMap(reply) || types.isSet(reply)) return reply.size;
  if (typeof reply !== 'object' || reply === null || Buffer.isBuffer(reply)) return undefined;
  let count = 0;
  for (const _ in reply) if (++count >= MAX_COUNTED) break;
  return count;
}

/** Options like these stand at the end. */
function says(args: Arguments, word: string): boolean {
  for (let index = Math.max(1, args.length - 4); index < args.length; index++) {
    const given = args[index];
    if (typeof given === 'string' && given.length === word.length && given.toUpperCase() === word) return true;
  }
  return false;
}
