// Knows: how facts become the attributes of an operation.
// Must not know: clients, patches, tracers, meters.
import type { Attributes, Link, Span } from '@opentelemetry/api';
import { type Entry, type KeyMask, keyIndexOf } from '../catalog';
import type { SpanSettings } from '../config';
import type { Arguments, ClientFacts, Timing } from '../core/events';
import type { CacheFacts, DataFacts, Failure, Fill, ItemCounts, LockFacts, Lookup } from '../core/facts';
import type { Resends } from '../core/resends';
import * as semconv from '../core/semconv';
import type { Run } from './run';
import type { Repetition } from './traced';

const DEFAULT_PORT = 6379;

/** `server.port` is only written if it is not the default port. */
function shownPort(facts: ClientFacts): number | undefined {
  return facts.serverPort === DEFAULT_PORT ? undefined : facts.serverPort;
}

/**
 * The name of a span: the operation and its target, which is a stored procedure, or the server with an unusual port.
 */
export function nameFor(operation: string, procedure: string | undefined, facts: ClientFacts): string {
  const port = shownPort(facts);
  const server =
    facts.serverAddress === undefined || port === undefined ? facts.serverAddress : `${facts.serverAddress}:${port}`;
  const target = procedure ?? server;
  return target === undefined ? operation : `${operation} ${target}`;
}

/**
 * The attributes that every span has. Others are only added if they have a value: the SDK copies undefined members,
 * twice.
 */
export function spanAttributes(
  operation: string,
  facts: ClientFacts,
  text: string | undefined,
  failure: Failure | undefined,
): Attributes {
  const attributes: Attributes = {
    [semconv.ATTR_DB_SYSTEM_NAME]: semconv.DB_SYSTEM_NAME_VALUE_REDIS,
    [semconv.ATTR_DB_OPERATION_NAME]: operation,
    [semconv.ATTR_DB_NAMESPACE]: facts.namespace,
    [semconv.ATTR_DB_QUERY_TEXT]: text,
    [semconv.ATTR_SERVER_ADDRESS]: facts.serverAddress,
  };
  const port = shownPort(facts);
  if (port !== undefined) attributes[semconv.ATTR_SERVER_PORT] = port;
  if (facts.peerAddress !== undefined) {
    attributes[semconv.ATTR_NETWORK_PEER_ADDRESS] = facts.peerAddress;
    attributes[semconv.ATTR_NETWORK_PEER_PORT] = facts.peerPort;
  }
  if (isUnixSocket(facts)) attributes[semconv.ATTR_NETWORK_TRANSPORT] = semconv.NETWORK_TRANSPORT_VALUE_UNIX;
  if (failure !== undefined) addFailure(attributes, failure);
  return attributes;
}

/** A path, and no host. */
function isUnixSocket({ serverAddress, serverPort }: ClientFacts): boolean {
  return serverPort === undefined && serverAddress !== undefined && serverAddress.startsWith('/');
}

/**
 * The attributes of a metric, or of a connecting client. Undefined members are left out: they would be part of the
 * identity of a metric.
 */
export function plainAttributes(
  operation: string | undefined,
  facts: ClientFacts,
  failure: Failure | undefined,
): Attributes {
  const attributes: Attributes = { [semconv.ATTR_DB_SYSTEM_NAME]: semconv.DB_SYSTEM_NAME_VALUE_REDIS };
  if (operation !== undefined) attributes[semconv.ATTR_DB_OPERATION_NAME] = operation;
  if (facts.namespace !== undefined) attributes[semconv.ATTR_DB_NAMESPACE] = facts.namespace;
  addServer(attributes, facts);
  if (failure !== undefined) addFailure(attributes, failure);
  return attributes;
}

/**
 * `db.query.summary`: the operation and the family of its first key.
 * @param family how the family of a key is shown; undefined: it may not be shown
 */
export function querySummary(
  operation: string,
  entry: Entry,
  args: Arguments,
  cache: CacheFacts | undefined,
  family: KeyMask | undefined,
): string {
  const index = family === undefined ? -1 : keyIndexOf(entry, args);
  return index < 0 ? operation : `${operation} ${cache?.family ?? family?.(args[index])}`;
}

function addFailure(attributes: Attributes, failure: Failure): void {
  attributes[semconv.ATTR_ERROR_TYPE] = failure.type;
  if (failure.statusCode !== undefined) attributes[semconv.ATTR_DB_RESPONSE_STATUS_CODE] = failure.statusCode;
}

/**
 * Adds hit and miss of a look-up. For several items `cache.hit` is true only if all exist; of a record its fields
 * count.
 */
export function addLookup(attributes: Attributes, found: Lookup): void {
  const { hits, misses, several, fields } = found;
  attributes[semconv.ATTR_CACHE_HIT] = misses === 0 && hits > 0;
  if (several) addCounts(attributes, found);
  else if (fields !== undefined) addCounts(attributes, fields);
}

function addCounts(attributes: Attributes, { hits, misses }: ItemCounts): void {
  attributes[semconv.ATTR_CACHE_HIT_COUNT] = hits;
  attributes[semconv.ATTR_CACHE_MISS_COUNT] = misses;
}

/** Adds how the time was spent: completely for slow operations, otherwise only the requested attributes. */
export function addTiming(
  attributes: Attributes,
  { queueMs, wireMs, eventLoopDelayMs }: Timing,
  durationMs: number,
  { slowMs, withQueueMs, withWireMs, withEventLoopDelayMs }: SpanSettings,
): void {
  const isSlow = durationMs >= slowMs;
  if (queueMs !== undefined && (isSlow || withQueueMs)) attributes[semconv.ATTR_REDIS_QUEUE_MS] = queueMs;
  if (wireMs !== undefined && (isSlow || withWireMs)) attributes[semconv.ATTR_REDIS_WIRE_MS] = wireMs;
  if (eventLoopDelayMs === undefined || !(isSlow || withEventLoopDelayMs)) return;
  attributes[semconv.ATTR_REDIS_EVENT_LOOP_DELAY_MS] = eventLoopDelayMs;
}

/** Adds how often the call was sent again, and the last redirection. */
export function addResends(attributes: Attributes, { count, redirection }: Resends): void {
  if (count > 0) attributes[semconv.ATTR_REDIS_RETRY_ATTEMPTS] = count;
  if (redirection !== undefined) attributes[semconv.ATTR_REDIS_REDIRECTION_KIND] = redirection;
}

/** Adds the totals of a run of commands. */
export function addComposite(
  attributes: Attributes,
  { count, sumMs, maxMs, valueBytes, hits, misses, facts, outcome }: Run,
): void {
  attributes[semconv.ATTR_REDIS_COMPOSITE_COUNT] = count;
  attributes[semconv.ATTR_REDIS_COMPOSITE_SUM_MS] = sumMs;
  attributes[semconv.ATTR_REDIS_COMPOSITE_MAX_MS] = maxMs;
  if (valueBytes !== undefined) attributes[semconv.ATTR_REDIS_COMPOSITE_VALUE_BYTES] = valueBytes;
  if (facts.lookup !== undefined) addLookup(attributes, { hits, misses, several: true });
  if (outcome.isLocal) attributes[semconv.ATTR_REDIS_CACHE_LOCAL] = true;
}

/** Adds what a look-up or a write did in the cache. */
export function addCache(attributes: Attributes, { missReason, fills }: CacheFacts): void {
  if (missReason !== undefined) attributes[semconv.ATTR_CACHE_MISS_REASON] = missReason;
  if (fills.length > 0) addFills(attributes, fills);
}

/** Adds that the call is part of a loop, and of which. @param known the family that the span has already */
export function setRepetition(span: Span, { count, family }: Repetition, known: string | undefined): void {
  span.setAttribute(semconv.ATTR_REDIS_REPEATED_CALLS, count);
  if (family !== undefined && family !== known) span.setAttribute(semconv.ATTR_REDIS_KEY_FAMILY, family);
}

/** Adds the family of its keys. For a write it is only added if the write filled a miss. */
export function setFamily(span: Span, { family, fills }: CacheFacts, isLookup: boolean): void {
  if (family !== undefined && (isLookup || fills.length > 0)) span.setAttribute(semconv.ATTR_REDIS_KEY_FAMILY, family);
}

/** Adds the fills of a batch, and their family if it is one. */
export function addBatchFills(attributes: Attributes, fills: readonly Fill[]): void {
  addFills(attributes, fills);
  const name = fills[0]?.family.name;
  if (name !== undefined && fills.every(({ family }) => family.name === name))
    attributes[semconv.ATTR_REDIS_KEY_FAMILY] = name;
}

/** Of several fills, the longest load and the widest stampede are added. */
function addFills(attributes: Attributes, fills: readonly Fill[]): void {
  let loadMs = 0;
  let width = 0;
  for (const fill of fills) {
    loadMs = Math.max(loadMs, fill.loadMs);
    width = Math.max(width, fill.stampedeWidth ?? 0);
  }
  attributes[semconv.ATTR_CACHE_FILL] = true;
  attributes[semconv.ATTR_CACHE_LOAD_DURATION_MS] = loadMs;
  if (width > 1) attributes[semconv.ATTR_CACHE_STAMPEDE_WIDTH] = width;
}

/** The number of look-ups to which one write links. */
const MAX_LINKS = 32;

/** Links to the spans of the look-ups whose misses are filled, each once. */
export function linksTo(fills: readonly Fill[]): Link[] {
  const links: Link[] = [];
  for (const { miss } of fills) {
    const context = miss.span;
    if (context === undefined || links.length >= MAX_LINKS || links.some((link) => link.context === context)) continue;
    links.push({ context });
  }
  return links;
}

/** Adds what a command did with a lock. @param key the key as it may be shown */
export function addLock(attributes: Attributes, key: string, lock: LockFacts): void {
  const { ttlSeconds, acquired, renewed, released, lost } = lock;
  attributes[semconv.ATTR_REDIS_LOCK_KEY] = key;
  if (ttlSeconds !== undefined) attributes[semconv.ATTR_REDIS_LOCK_TTL] = ttlSeconds;
  if (acquired !== undefined) attributes[semconv.ATTR_REDIS_LOCK_ACQUIRED] = acquired;
  if (renewed !== undefined) attributes[semconv.ATTR_REDIS_LOCK_RENEWED] = renewed;
  if (released !== undefined) attributes[semconv.ATTR_REDIS_LOCK_RELEASED] = released;
  if (lost) attributes[semconv.ATTR_REDIS_LOCK_LOST] = true;
}

/** Adds the lock of a batch whose commands have no span: the one that was lost, or the only one. */
export function addBatchLock(attributes: Attributes, locks: readonly LockFacts[], mask: KeyMask): void {
  const lock = locks.find(({ lost }) => lost) ?? (locks.length === 1 ? locks[0] : undefined);
  if (lock !== undefined) addLock(attributes, mask(lock.key), lock);
}

/** Adds sizes, times to live and counts, as far as the command has them. */
export function setData(
  span: Span,
  { valueLength, ttlSeconds, keysDeleted, keyExists, keysExisting }: DataFacts,
): void {
  if (valueLength !== undefined) span.setAttribute(semconv.ATTR_REDIS_VALUE_LENGTH, valueLength);
  if (ttlSeconds !== undefined) span.setAttribute(semconv.ATTR_REDIS_TTL_SECONDS, ttlSeconds);
  if (keysDeleted !== undefined) span.setAttribute(semconv.ATTR_REDIS_KEYS_DELETED, keysDeleted);
  if (keyExists !== undefined) span.setAttribute(semconv.ATTR_REDIS_KEY_EXISTS, keyExists);
  if (keysExisting === undefined) return;
  span.setAttribute(semconv.ATTR_CACHE_HIT_COUNT, keysExisting.hits);
  span.setAttribute(semconv.ATTR_CACHE_MISS_COUNT, keysExisting.misses);
}

/** Adds the server, for an operation that is not a database operation. */
export function addServer(attributes: Attributes, facts: ClientFacts): void {
  if (facts.serverAddress !== undefined) attributes[semconv.ATTR_SERVER_ADDRESS] = facts.serverAddress;
  const port = shownPort(facts);
  if (port !== undefined) attributes[semconv.ATTR_SERVER_PORT] = port;
}

/** Adds the names from before the stable conventions, for dashboards that still use them. */
export function addOldNames(attributes: Attributes): void {
  attributes[semconv.ATTR_OLD_DB_SYSTEM] = attributes[semconv.ATTR_DB_SYSTEM_NAME];
  attributes[semconv.ATTR_OLD_DB_OPERATION] = attributes[semconv.ATTR_DB_OPERATION_NAME];
  attributes[semconv.ATTR_OLD_DB_STATEMENT] = attributes[semconv.ATTR_DB_QUERY_TEXT];
  attributes[semconv.ATTR_OLD_NET_PEER_NAME] = attributes[semconv.ATTR_SERVER_ADDRESS];
  attributes[semconv.ATTR_OLD_NET_PEER_PORT] = attributes[semconv.ATTR_SERVER_PORT];
  const namespace = attributes[semconv.ATTR_DB_NAMESPACE];
  if (namespace !== undefined) attributes[semconv.ATTR_OLD_DB_REDIS_DATABASE_INDEX] = Number(namespace);
  if (attributes[semconv.ATTR_MESSAGING_SYSTEM_NAME] !== undefined) addOldMessagingNames(attributes);
}

/** Does the same for a message. */
export function addOldMessagingNames(attributes: Attributes): void {
  attributes[semconv.ATTR_GUIDE_MESSAGING_SYSTEM] = attributes[semconv.ATTR_MESSAGING_SYSTEM_NAME];
  attributes[semconv.ATTR_GUIDE_PAYLOAD_SIZE] = attributes[semconv.ATTR_MESSAGING_MESSAGE_BODY_SIZE];
}

/** Does the same for a batch. @param results the number of replies; undefined: there were none */
export function addOldBatchNames(attributes: Attributes, commands: number, results: number | undefined): void {
  attributes[semconv.ATTR_GUIDE_PIPELINE_COMMAND_COUNT] = commands;
  if (results !== undefined) attributes[semconv.ATTR_GUIDE_RESULT_COUNT] = results;
}
