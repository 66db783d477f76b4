// Knows: what a command and its reply say about cached data: hit, miss, size and time to live.
// Must not know: spans, metrics, clients.
import { assignRoles, type Entry, type HitRule, type Role } from '../catalog';
import type { Arguments } from '../core/events';
import type { DataFacts, ItemCounts, Lookup } from '../core/facts';

/**
 * Reads hits and misses from a raw or transformed reply of RESP2 or RESP3. undefined: the command is not a look-up.
 */
export function readLookup({ rule }: Entry, reply: unknown): Lookup | undefined {
  return rule?.hit === undefined ? undefined : RULES[rule.hit](reply);
}

const HIT: Lookup = { hits: 1, misses: 0, several: false, fields: undefined };
const MISS: Lookup = { hits: 0, misses: 1, several: false, fields: undefined };

const RULES: Readonly<Record<HitRule, (reply: unknown) => Lookup | undefined>> = {
  value: (reply) => (isMissing(reply) ? MISS : HIT),
  each: (reply) =>
    isMissing(reply)
      ? MISS
      : Array.isArray(reply)
        ? { ...countFound(reply), several: true, fields: undefined }
        : undefined,
  map: (reply) => (isMissing(reply) || sizeOf(reply) === 0 ? MISS : HIT),
  record: (reply) => (isMissing(reply) ? MISS : Array.isArray(reply) ? recordOf(countFound(reply)) : HIT),
};

function countFound(elements: readonly unknown[]): ItemCounts {
  let hits = 0;
  for (const element of elements) if (!isMissing(element)) hits++;
  return { hits, misses: elements.length - hits };
}

/** A missing field is not a miss if the record was there: fields may be optional. */
function recordOf(fields: ItemCounts): Lookup {
  return { hits: fields.hits > 0 ? 1 : 0, misses: fields.hits > 0 ? 0 : 1, several: false, fields };
}

/** A missing bulk is null in RESP2 and RESP3; an empty string is a value like any other. */
export function isMissing(reply: unknown): boolean {
  return reply === null || reply === undefined;
}

function sizeOf(reply: unknown): number {
  if (Array.isArray(reply)) return reply.length;
  if (reply instanceof Map) return reply.size;
  return typeof reply === 'object' && reply !== null ? Object.keys(reply).length : 1;
}

// Written out, here and below: object spread is the most expensive step of reading a command.
function dataOf(
  valueLength: number | undefined,
  ttlSeconds: number | undefined,
  keysDeleted: number | undefined,
  keyExists: boolean | undefined,
  keysExisting?: ItemCounts,
): DataFacts {
  return { valueLength, ttlSeconds, keysDeleted, keyExists, keysExisting };
}

export const NO_DATA: DataFacts = dataOf(undefined, undefined, undefined, undefined);

const roles: Role[] = [];

/** The longest argument list in which a value or a time to live is searched. SET has five options. */
const MAX_WRITE_ARGUMENTS = 16;

/** Reads sizes, times to live and counts from a command that succeeded. */
export function readData({ rule, from }: Entry, args: Arguments, reply: unknown, nowMs: number): DataFacts {
  if (rule === undefined) return NO_DATA;
  if (rule.counts !== undefined) return readCounts(rule.counts, args.length - from, reply);
  const read = rule.hit === 'value' || rule.hit === 'record' ? lengthOf(reply) : undefined;
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
  if (asked <= 1) return dataOf(undefined, undefined, undefined, count > 0);
  return dataOf(undefined, undefined, undefined, undefined, { hits: count, misses: Math.max(0, asked - count) });
}

function secondsOf(role: Role | undefined, arg: unknown, nowMs: number): number | undefined {
  if (role !== 'seconds' && role !== 'ms' && role !== 'unix' && role !== 'unixms') return undefined;
  const value = numberOf(arg);
  if (value === undefined) return undefined;
  if (role === 'seconds') return value;
  if (role === 'ms') return value / 1_000;
  return Math.round((role === 'unix' ? value * 1_000 : value) - nowMs) / 1_000;
}

/** The length of a string or Buffer in bytes. Numbers are sent as text. */
export function lengthOf(value: unknown): number | undefined {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (value instanceof Uint8Array) return value.length;
  return typeof value === 'number' ? String(value).length : undefined;
}

/** Reads an integer, whatever type a type mapping gives it. */
export function integerOf(reply: unknown): number | undefined {
  const value = numberOf(reply);
  return value !== undefined && Number.isInteger(value) ? value : undefined;
}

export function numberOf(arg: unknown): number | undefined {
  if (typeof arg === 'number') return arg;
  const text = arg instanceof Uint8Array && arg.length < 24 ? Buffer.from(arg).toString('latin1') : arg;
  if (typeof text === 'bigint') return Number(text);
  if (typeof text !== 'string' || text === '') return undefined;
  const value = Number(text);
  return Number.isNaN(value) ? undefined : value;
}
