// Knows: the meaning of the attributes of our spans.
// Must not know: what is done with it.
import { familyOf, lookup } from '../../catalog';
import * as semconv from '../../core/semconv';
import type { Attributes, Point, Span } from '../otlp/message';
import type { Occurrence } from './attention';

export function isRedisSpan({ attributes }: Pick<Span, 'attributes'>): boolean {
  const redis = semconv.DB_SYSTEM_NAME_VALUE_REDIS;
  return attributes[semconv.ATTR_DB_SYSTEM_NAME] === redis || attributes[semconv.ATTR_MESSAGING_SYSTEM_NAME] === redis;
}

/** All databases and brokers share metric names. An attribute, or the scope, shows whether a point is about Redis. */
export function isRedisPoint({ attributes, scope }: Pick<Point, 'attributes' | 'scope'>): boolean {
  const system = attributes[semconv.ATTR_DB_SYSTEM_NAME] ?? attributes[semconv.ATTR_MESSAGING_SYSTEM_NAME];
  return system === undefined ? /redis/i.test(scope) : system === semconv.DB_SYSTEM_NAME_VALUE_REDIS;
}

/** The command or batch of a span; undefined for a delivered message. */
export function commandOf({ attributes }: Pick<Span, 'attributes'>): string | undefined {
  return textOf(attributes[semconv.ATTR_DB_OPERATION_NAME]);
}

/** The text of the command, as far as it is shown. */
export function queryOf(span: Span): string {
  return textOf(span.attributes[semconv.ATTR_DB_QUERY_TEXT]) ?? span.name;
}

/** A request that the application served: its method and path, by the stable names and by the old ones. */
export function requestOf({ attributes }: Pick<Span, 'attributes'>): string | undefined {
  const method = textOf(attributes['http.request.method'] ?? attributes['http.method']);
  const path = textOf(attributes['url.path'] ?? attributes['http.target'] ?? attributes['http.route']);
  return method === undefined || path === undefined ? undefined : `${method} ${path}`;
}

export interface Lookup {
  readonly hits: number;
  readonly misses: number;
}

/** What a span counts as look-ups, as the metrics have it. */
export function lookupOf(span: Pick<Span, 'attributes'>): Lookup | undefined {
  const found = foundBy(span.attributes);
  // The span of a request has the sum of others.
  if (found === undefined || commandOf(span) === undefined) return undefined;
  const rule = ruleOf(span);
  // EXISTS gets no value.
  if (rule?.counts !== undefined) return undefined;
  // Several fields are one record. A composite span has the sum of records.
  if (rule?.hit !== 'record' || compositeOf(span) !== undefined) return found;
  return found.hits > 0 ? { hits: 1, misses: 0 } : { hits: 0, misses: 1 };
}

/** How many keys or fields were there, and how many were not. */
export function foundBy(attributes: Attributes): Lookup | undefined {
  const hits = attributes[semconv.ATTR_CACHE_HIT_COUNT];
  const misses = attributes[semconv.ATTR_CACHE_MISS_COUNT];
  if (isOfSeveral(attributes)) return { hits: Number(hits ?? 0), misses: Number(misses ?? 0) };
  const hit = attributes[semconv.ATTR_CACHE_HIT];
  if (hit === undefined) return undefined;
  return hit === true ? { hits: 1, misses: 0 } : { hits: 0, misses: 1 };
}

/** The span looked up several items, so its counts say more than yes or no. */
export function isOfSeveral(attributes: Attributes): boolean {
  return (
    attributes[semconv.ATTR_CACHE_HIT_COUNT] !== undefined || attributes[semconv.ATTR_CACHE_MISS_COUNT] !== undefined
  );
}

export function errorOf({ failed, attributes }: Pick<Span, 'failed' | 'attributes'>): string | undefined {
  return failed ? (textOf(attributes[semconv.ATTR_ERROR_TYPE]) ?? 'error') : undefined;
}

/** A client rejects with these because the program closed it, as programs do when they end. */
const CLOSED = new Set(['ClientClosedError', 'DisconnectsClientError', 'ConnectionClosedError', 'NR_CLOSED']);

/** Whether an error counts as a failure, by its type. It is as the alerts have it. */
export function isFailure(error: string | undefined): error is string {
  return error !== undefined && !CLOSED.has(error);
}

export type LockStep = 'acquired' | 'refused' | 'renewed' | 'released' | 'lost';

/** undefined: also for a renewal or release of a lock that was reported lost before. */
export function lockStepOf(attributes: Attributes): LockStep | undefined {
  if (attributes[semconv.ATTR_REDIS_LOCK_LOST] === true) return 'lost';
  const acquired = attributes[semconv.ATTR_REDIS_LOCK_ACQUIRED];
  if (acquired !== undefined) return acquired === true ? 'acquired' : 'refused';
  if (attributes[semconv.ATTR_REDIS_LOCK_RENEWED] === true) return 'renewed';
  return attributes[semconv.ATTR_REDIS_LOCK_RELEASED] === true ? 'released' : undefined;
}

/** The run of commands that one span represents; undefined: it is a single command. */
export function compositeOf({
  attributes,
}: Pick<Span, 'attributes'>): { count: number; sumMs: number; maxMs: number } | undefined {
  const count = numberOf(attributes[semconv.ATTR_REDIS_COMPOSITE_COUNT]);
  if (count === undefined) return undefined;
  const sumMs = numberOf(attributes[semconv.ATTR_REDIS_COMPOSITE_SUM_MS]) ?? 0;
  return { count, sumMs, maxMs: numberOf(attributes[semconv.ATTR_REDIS_COMPOSITE_MAX_MS]) ?? sumMs };
}

/** The number of sequential calls up to this one; undefined: too few to report. */
export function repeatedCallsOf({ attributes }: Pick<Span, 'attributes'>): number | undefined {
  return numberOf(attributes[semconv.ATTR_REDIS_REPEATED_CALLS]);
}

/** The family of the key. A lock only has its key. */
export function keyFamilyOf(attributes: Attributes): string | undefined {
  const lock = textOf(attributes[semconv.ATTR_REDIS_LOCK_KEY]);
  return textOf(attributes[semconv.ATTR_REDIS_KEY_FAMILY]) ?? (lock === undefined ? undefined : familyOf(lock));
}

/** Whether the duration depends on other clients, not on Redis. */
export function isBlocking(span: Span): boolean {
  if (span.attributes[semconv.ATTR_REDIS_OPERATION_BLOCKING] === true) return true;
  const blocks = ruleOf(span)?.blocks;
  return blocks === true || (blocks !== undefined && / BLOCK /i.test(queryOf(span)));
}

/** undefined: also for a batch. */
function ruleOf(span: Pick<Span, 'attributes'>) {
  const [name = '', word] = (commandOf(span) ?? '').split(' ');
  return lookup(word === undefined ? [name] : [name, word]).rule;
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The reason why a span needs attention. */
export function attentionOf(span: Span): Pick<Occurrence, 'kind' | 'text' | 'callers'> | undefined {
  const { attributes } = span;
  const family = keyFamilyOf(attributes);
  const ofFamily = family === undefined ? '' : ` of ${family}`;
  const error = errorOf(span);
  if (isFailure(error)) return { kind: 'error', text: `${commandOf(span) ?? span.name} failed: ${error}` };
  const callers = numberOf(attributes[semconv.ATTR_CACHE_STAMPEDE_WIDTH]);
  if (callers !== undefined)
    return { kind: 'stampede', text: `A key${ofFamily} was loaded while others loaded it`, callers };
  if (lockStepOf(attributes) === 'lost')
    return { kind: 'lock', text: `A lock${ofFamily} was gone before it was given back` };
  const isAborted = attributes[semconv.ATTR_REDIS_TRANSACTION_ABORTED] === true;
  return isAborted ? { kind: 'transaction', text: 'A transaction was aborted: a watched key changed' } : undefined;
}
