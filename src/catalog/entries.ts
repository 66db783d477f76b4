// Knows: where entries are in the reply of a stream command, in both protocols and in the forms that clients give it.
// Must not know: what entries carry, clients, redis versions.
import { types } from 'node:util';

/** The entries of one stream. The name is undefined if the command reads a single stream. */
export type Part = readonly [stream: unknown, entries: readonly unknown[]];

/** XREAD, XREADGROUP: pairs of a name and its entries, or a map of them in RESP3. */
export function partsByStream(reply: unknown): Part[] {
  const isPaired = Array.isArray(reply) && Array.isArray(reply[0]);
  const pairs = isPaired ? (reply as readonly unknown[]).filter((pair) => Array.isArray(pair)) : pairsOf(reply);
  return (pairs as readonly (readonly unknown[])[]).flatMap(([stream, entries]) =>
    Array.isArray(entries) ? [[stream, entries]] : [],
  );
}

/** XRANGE, XREVRANGE, XCLAIM: the entries. */
export function entries(reply: unknown): Part[] {
  return Array.isArray(reply) ? [[undefined, reply]] : [];
}

/** XAUTOCLAIM: the next cursor, the entries, and the ids of deleted entries. */
export function claimedEntries(reply: unknown): Part[] {
  return Array.isArray(reply) ? entries(reply[1]) : [];
}

/** XINFO STREAM: the first and the last entry, or with FULL all entries. */
export function shownEntries(reply: unknown): Part[] {
  return pairsOf(reply).flatMap(([name, value]) => {
    const field = String(name);
    if (field === 'entries') return entries(value);
    return field === 'first-entry' || field === 'last-entry' ? [[undefined, [value]] as const] : [];
  });
}

/** Reads a map that is given as a Map, an object or a flat list. */
function pairsOf(reply: unknown): (readonly [name: unknown, value: unknown])[] {
  if (types.isMap(reply)) return [...reply];
  if (Array.isArray(reply))
    return reply.flatMap((name, index) => (index % 2 === 0 ? [[name, reply[index + 1]] as const] : []));
  return typeof reply === 'object' && reply !== null ? Object.entries(reply) : [];
}
