// Knows: what a command and its reply say about cached data: hit, miss, size, time to live.
// Must not know: spans, metrics, clients.
import { assignRoles, type Entry, type HitRule, type Role } from '../catalog';
import type { Arguments } from '../core/events';
import type { DataFacts, Lookup } from '../core/facts';

/** Reads hit and miss from a raw or transformed reply of RESP2 or RESP3. undefined: the command is not a lookup. */
export function readLookup({ rule, from }: Entry, args: Arguments, reply: unknown): Lookup | undefined {
  return rule?.hit === undefined ? undefined : RULES[rule.hit](reply, args.length - from);
}

const HIT: Lookup = { hits: 1, misses: 0, several: false };
const MISS: Lookup = { hits: 0, misses: 1, several: false };

const RULES: Readonly<Record<HitRule, (reply: unknown, asked: number) => Lookup | undefined>> = {
  value: (reply) => (isMissing(reply) ? MISS : HIT),
  each: (reply) => countElements(reply, (element) => !isMissing(element)),
  map: (reply) => (isMissing(reply) || sizeOf(reply) === 0 ? MISS : HIT),
  count: (reply, asked) => countFound(reply, asked),
  flag: (reply) => (isTrue(reply) ? HIT : MISS),
  flags: (reply) => countElements(reply, isTrue),
};

function countElements(reply: unknown, isHit: (element: unknown) => boolean): Lookup | undefined {
  if (isMissing(reply)) return MISS;
  if (!Array.isArray(reply)) return undefined;
  let hits = 0;
  for (const element of reply) if (isHit(element)) hits++;
  return { hits, misses: reply.length - hits, several: true };
}

function countFound(reply: unknown, asked: number): Lookup | undefined {
  const found = typeof reply === 'boolean' ? Number(reply) : integerOf(reply);
  if (found === undefined) return undefined;
  if (asked <= 1) return found > 0 ? HIT : MISS;
  return { hits: found, misses: Math.max(0, asked - found), several: true };
}

/** Whether one element of a reply was there. */
export function isFound(rule: HitRule, element: unknown): boolean {
  return rule === 'flag' || rule === 'flags' ? isTrue(element) : !isMissing(element);
}

// A missing bulk is null in RESP2 and RESP3; an empty string is a value like any other.
function isMissing(reply: unknown): boolean {
  return reply === null || reply === undefined;
}

// A type mapping may make strings of numbers, and v4 booleans of them.
function isTrue(reply: unknown): boolean {
  return reply === true || integerOf(reply) === 1;
}

function sizeOf(reply: unknown): number {
  if (Array.isArray(reply)) return reply.length;
  if (reply instanceof Map) return reply.size;
  return typeof reply === 'object' && reply !== null ? Object.keys(reply).length : 1;
}

// Written out, here and below: to spread one object into another costs more than all else there is to read.
function dataOf(
  valueLength: number | undefined,
  ttlSeconds: number | undefined,
  keysDeleted: number | undefined,
  keyExists: boolean | undefined,
): DataFacts {
  return { valueLength, ttlSeconds, keysDeleted, keyExists };
}

export const NO_DATA: DataFacts = dataOf(undefined, undefined, undefined, undefined);

const roles: Role[] = [];

/** Longest argument list in which a value or a time to live is looked for: SET has five options. */
const MAX_WRITE_ARGUMENTS = 16;

/** Reads sizes, times to live and counts from a command that succeeded. */
export function readData({ rule, from }: Entry, args: Arguments, reply: unknown, nowMs: number): DataFacts {
  if (rule === undefined) return NO_DATA;
  if (rule.counts !== undefined) return readCounts(rule.counts, args.length - from, reply);
  const read = rule.hit === 'value' ? lengthOf(reply) : undefined;
  if (!rule.writes) return read === undefined ? NO_DATA : dataOf(read, undefined, undefined, undefined);
  const end = assignRoles(rule.grammar, args, from, from + MAX_WRITE_ARGUMENTS, roles);
  let valueLength = read;
  let ttlSeconds: number | undefined;
  for (let index = from; index < end; index++) {
    const role = roles[index];
    if (role === 'stored') valueLength = lengthOf(args[index]);
    else ttlSeconds ??= secondsOf(role, args[index], nowMs);
  }
  return dataOf(valueLength, ttlSeconds, undefined, undefined);
}

function readCounts(counts: 'deleted' | 'existing', asked: number, reply: unknown): DataFacts {
  const count = typeof reply === 'boolean' ? Number(reply) : integerOf(reply);
  if (count === undefined) return NO_DATA;
  if (counts === 'deleted') return dataOf(undefined, undefined, count, undefined);
  return asked === 1 ? dataOf(undefined, undefined, undefined, count > 0) : NO_DATA;
}

function secondsOf(role: Role | undefined, arg: unknown, nowMs: number): number | undefined {
  if (role !== 'seconds' && role !== 'ms' && role !== 'unix' && role !== 'unixms') return undefined;
  const value = numberOf(arg);
  if (value === undefined) return undefined;
  if (role === 'seconds') return value;
  if (role === 'ms') return value / 1_000;
  return Math.round((role === 'unix' ? value * 1_000 : value) - nowMs) / 1_000;
}

/** Bytes of a string or Buffer. Numbers are sent as text. */
export function lengthOf(value: unknown): number | undefined {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (value instanceof Uint8Array) return value.length;
  return typeof value === 'number' ? String(value).length : undefined;
}

function integerOf(reply: unknown): number | undefined {
  const value = numberOf(reply);
  return value !== undefined && Number.isInteger(value) ? value : undefined;
}

function numberOf(arg: unknown): number | undefined {
  if (typeof arg === 'number') return arg;
  const text = arg instanceof Uint8Array && arg.length < 24 ? Buffer.from(arg).toString('latin1') : arg;
  if (typeof text === 'bigint') return Number(text);
  if (typeof text !== 'string' || text === '') return undefined;
  const value = Number(text);
  return Number.isNaN(value) ? undefined : value;
}
