// Knows: what a path is, and how its spans are written down.
// Must not know: any single path, or how a version is tapped.
import type { Attributes } from '@opentelemetry/api';
import type { RedisServer } from '../support/redis-server';
import { type Client, connect, end, isFrom, isIoredis, major, type Redis, type Version } from '../support/versions';

export interface PathContext {
  readonly client: Client;
  readonly redis: Redis;
  readonly server: RedisServer;
  readonly version: Version;
  /** What the application heard, for comparison with the control. */
  readonly events: string[];
  /** Runs a call in a span of its own, which that call's span must have for a parent. */
  asCaller<T>(call: () => Promise<T>): Promise<T>;
}

export interface ExpectedSpan {
  /** Default: the operation and the server. */
  readonly name?: string;
  readonly kind?: string;
  /** Beyond the system, namespace 0 and the server. */
  readonly attributes: Attributes;
  /** The description of the ERROR status. */
  readonly error?: string;
  /** Its names are in the case that is written here, whatever the library makes of its methods. */
  readonly isSpelled?: true;
}

export interface Path {
  readonly title: string;
  /** The versions that have the path; default all. */
  on?(version: Version): boolean;
  /** Commands that prepare the server. */
  readonly given?: readonly (readonly string[])[];
  options?(server: RedisServer): object;
  run(context: PathContext): Promise<unknown>;
  spans(version: Version, server: RedisServer): readonly ExpectedSpan[];
  /** How often the client complains meanwhile, and in which words, is up to the network. */
  readonly breaksConnection?: boolean;
  /** The spans have other parents than the caller: checked by the path itself. */
  readonly ownParents?: boolean;
}

/** A span of one command: its name, its text, and what else it has. */
export function span(operation: string, text: string, attributes: Attributes = {}, error?: string): ExpectedSpan {
  const family = 'cache.hit' in attributes ? familyIn(text) : {};
  return { attributes: { 'db.operation.name': operation, 'db.query.text': text, ...family, ...attributes }, error };
}

/** Of a look-up of one key. Keys here are a word each, or end in a number. */
function familyIn(text: string): Attributes {
  const [, key = '', ...more] = text.split(' ');
  if (more.some((word) => word !== '?')) return {};
  return { 'db.redis.key_family': key === '?' ? '_other' : key.replace(/\d+/g, '{}') };
}

/** A span of a command that Redis refused. */
export function failed(operation: string, text: string, prefix: string, description: string, attributes: Attributes = {}): ExpectedSpan {
  return span(operation, text, { 'error.type': prefix, 'db.response.status_code': prefix, ...attributes }, description);
}

/** A span of a command that never got an answer. */
export function unanswered(operation: string, text: string, type: string, description: string, attributes: Attributes = {}): ExpectedSpan {
  return span(operation, text, { 'error.type': type, ...attributes }, description);
}

export const hit = (valueLength: number): Attributes => ({ 'cache.hit': true, 'db.redis.value_length': valueLength });
/** A miss of a key that nobody in this process has written. */
export const miss: Attributes = { 'cache.hit': false, 'cache.miss.reason': 'unknown' };
/** Of a command that may wait for others. */
export const blocking: Attributes = { 'redis.client.operation.blocking': true };
/** An attempt to get the lock `lock:k`. */
export const lockAttempt = (acquired: boolean, ttlSeconds: number): Attributes => ({
  'db.redis.lock.key': 'lock:k',
  'db.redis.lock.ttl': ttlSeconds,
  'db.redis.lock.acquired': acquired,
  'db.redis.ttl_seconds': ttlSeconds,
});
export const items = (hits: number, misses: number): Attributes => ({
  'cache.hit': misses === 0 && hits > 0,
  'cache.hit_count': hits,
  'cache.miss_count': misses,
});
export const batch = (size: number, attributes: Attributes = {}): Attributes => ({ 'db.operation.batch.size': size, ...attributes });
export const batchItems = (hits: number, misses: number): Attributes => ({ 'cache.hit_count': hits, 'cache.miss_count': misses });
export const firstFailed = (index: number, count = 1): Attributes => ({
  'db.redis.batch.failed_count': count,
  'db.redis.batch.first_failed_index': index,
});

export const WRONGTYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value';
export const v4 = (version: Version): boolean => major(version) === 4;
/** The promise API: redis 2 and 3 have callbacks, and less of everything. */
export const fromV4 = (version: Version): boolean => major(version) >= 4;
export const isBeforeV46 = (version: Version): boolean => v4(version) && !isFrom(version, '4.6');
export const fromV41 = (version: Version): boolean => isFrom(version, '4.1');
export const fromV5 = (version: Version): boolean => major(version) >= 5;

export const notIoredis = (version: Version): boolean => !isIoredis(version);
/** Those whose clients know scripts as commands. */
export const withScripts = (version: Version): boolean => fromV4(version) || isIoredis(version);

/** Calls a callback API and waits for the callback. */
export function called(start: (callback: (error: unknown, reply: unknown) => void) => void): Promise<unknown> {
  return new Promise((resolve, reject) => start((error, reply) => (error ? reject(error) : resolve(reply))));
}

/** Runs with a client of its own, which knows more commands or has other options than the path's. */
export async function withClient(context: PathContext, options: object, run: (client: Client) => Promise<unknown>): Promise<unknown> {
  const client = await connect(context.redis, context.server, options);
  try {
    return await run(client);
  } finally {
    await end(client);
  }
}
