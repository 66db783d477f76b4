// Knows: the attributes of an operation, built from facts.
// Must not know: clients, patches, tracers, meters.
import type { Attributes, Link, Span } from '@opentelemetry/api';
import type { SpanSettings } from '../config';
import type { ClientFacts, Timing } from '../core/events';
import type { CacheFacts, DataFacts, Failure, Fill, ItemCounts, LockFacts, Lookup } from '../core/facts';
import * as semconv from '../core/semconv';
import type { Composite, Repetition } from './traced';

const DEFAULT_PORT = 6379;

/** `server.port` is written only where it is not the port everybody expects. */
function shownPort(facts: ClientFacts): number | undefined {
  return facts.serverPort === DEFAULT_PORT ? undefined : facts.serverPort;
}

/** What an operation is called: by its target, a stored procedure or the server with its port if unusual. */
export function nameFor(operation: string, procedure: string | undefined, facts: ClientFacts): string {
  const port = shownPort(facts);
  const server = facts.serverAddress === undefined || port === undefined ? facts.serverAddress : `${facts.serverAddress}:${port}`;
  const target = procedure ?? server;
  return target === undefined ? operation : `${operation} ${target}`;
}

/** What a client that connects is told by. */
export function connectAttributes(facts: ClientFacts, failure: Failure | undefined): Attributes {
  const attributes: Attributes = { [semconv.ATTR_DB_SYSTEM_NAME]: semconv.DB_SYSTEM_NAME_VALUE_REDIS };
  if (facts.namespace !== undefined) attributes[semconv.ATTR_DB_NAMESPACE] = facts.namespace;
  addServer(attributes, facts);
  if (failure !== undefined) addFailure(attributes, failure);
  return attributes;
}

/** What every span has. The rest only where it is there: the SDK copies undefined members too, twice, before it passes over them. */
export function spanAttributes(operation: string, facts: ClientFacts, text: string | undefined, failure: Failure | undefined): Attributes {
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
  if (failure !== undefined) addFailure(attributes, failure);
  return attributes;
}

/** What a metric counts an operation under. Without undefined members: they would be part of its identity. */
export function metricAttributes(operation: string, facts: ClientFacts, failure: Failure | undefined): Attributes {
  const attributes: Attributes = {
    [semconv.ATTR_DB_SYSTEM_NAME]: semconv.DB_SYSTEM_NAME_VALUE_REDIS,
    [semconv.ATTR_DB_OPERATION_NAME]: operation,
  };
  if (facts.namespace !== undefined) attributes[semconv.ATTR_DB_NAMESPACE] = facts.namespace;
  addServer(attributes, facts);
  if (failure !== undefined) addFailure(attributes, failure);
  return attributes;
}

function addFailure(attributes: Attributes, failure: Failure): void {
  attributes[semconv.ATTR_ERROR_TYPE] = failure.type;
  if (failure.statusCode !== undefined) attributes[semconv.ATTR_DB_RESPONSE_STATUS_CODE] = failure.statusCode;
}

/** Hit and miss of a lookup. For several items `cache.hit` is true only if all were there; of a record its fields are counted. */
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

/** Where the time went: all of it of slow operations, of others what is asked for. */
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

/** What a run of commands comes to. */
export function addComposite(attributes: Attributes, { count, sumMs, maxMs, valueBytes, hits, misses, facts, isLocal }: Composite): void {
  attributes[semconv.ATTR_REDIS_COMPOSITE_COUNT] = count;
  attributes[semconv.ATTR_REDIS_COMPOSITE_SUM_MS] = sumMs;
  attributes[semconv.ATTR_REDIS_COMPOSITE_MAX_MS] = maxMs;
  if (valueBytes !== undefined) attributes[semconv.ATTR_REDIS_COMPOSITE_VALUE_BYTES] = valueBytes;
  if (facts.lookup !== undefined) addLookup(attributes, { hits, misses, several: true });
  if (isLocal) attributes[semconv.ATTR_REDIS_CACHE_LOCAL] = true;
}

/** What a look-up or a write did in the cache. */
export function addCache(attributes: Attributes, { missReason, fills }: CacheFacts): void {
  if (missReason !== undefined) attributes[semconv.ATTR_CACHE_MISS_REASON] = missReason;
  if (fills.length > 0) addFills(attributes, fills);
}

/** That it is one of a loop, and of which. */
export function setRepetition(span: Span, { count, family }: Repetition): void {
  span.setAttribute(semconv.ATTR_REDIS_REPEATED_CALLS, count);
  if (family !== undefined) span.setAttribute(semconv.ATTR_REDIS_KEY_FAMILY, family);
}

/** The family of its keys: of writes only those that fill what was missed are told. */
export function setFamily(span: Span, { family, fills }: CacheFacts, isLookup: boolean): void {
  if (family !== undefined && (isLookup || fills.length > 0)) span.setAttribute(semconv.ATTR_REDIS_KEY_FAMILY, family);
}

/** Of several the longest load and the widest stampede. */
export function addFills(attributes: Attributes, fills: readonly Fill[]): void {
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

/** More than this many look-ups are not pointed at by one write. */
const MAX_LINKS = 32;

/** Links to the spans of the look-ups that missed what is filled, each once. */
export function linksTo(fills: readonly Fill[]): Link[] {
  const links: Link[] = [];
  for (const { miss } of fills) {
    const context = miss.span;
    if (context === undefined || links.length >= MAX_LINKS || links.some((link) => link.context === context)) continue;
    links.push({ context });
  }
  return links;
}

/** What a command did with a lock. @param key as it may be shown */
export function addLock(attributes: Attributes, key: string, { ttlSeconds, acquired, released }: LockFacts): void {
  attributes[semconv.ATTR_REDIS_LOCK_KEY] = key;
  if (ttlSeconds !== undefined) attributes[semconv.ATTR_REDIS_LOCK_TTL] = ttlSeconds;
  if (acquired !== undefined) attributes[semconv.ATTR_REDIS_LOCK_ACQUIRED] = acquired;
  if (released !== undefined) attributes[semconv.ATTR_REDIS_LOCK_RELEASED] = released;
}

/** Sizes, times to live and counts, as far as the command has them. */
export function setData(span: Span, { valueLength, ttlSeconds, keysDeleted, keyExists, keysExisting }: DataFacts): void {
  if (valueLength !== undefined) span.setAttribute(semconv.ATTR_REDIS_VALUE_LENGTH, valueLength);
  if (ttlSeconds !== undefined) span.setAttribute(semconv.ATTR_REDIS_TTL_SECONDS, ttlSeconds);
  if (keysDeleted !== undefined) span.setAttribute(semconv.ATTR_REDIS_KEYS_DELETED, keysDeleted);
  if (keyExists !== undefined) span.setAttribute(semconv.ATTR_REDIS_KEY_EXISTS, keyExists);
  if (keysExisting === undefined) return;
  span.setAttribute(semconv.ATTR_CACHE_HIT_COUNT, keysExisting.hits);
  span.setAttribute(semconv.ATTR_CACHE_MISS_COUNT, keysExisting.misses);
}

/** Where an operation went, for one that is no database's. */
export function addServer(attributes: Attributes, facts: ClientFacts): void {
  if (facts.serverAddress !== undefined) attributes[semconv.ATTR_SERVER_ADDRESS] = facts.serverAddress;
  const port = shownPort(facts);
  if (port !== undefined) attributes[semconv.ATTR_SERVER_PORT] = port;
}

/** The names of before the stable conventions, beside the new ones, for dashboards that still ask for them. */
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

/** The same of a message. */
export function addOldMessagingNames(attributes: Attributes): void {
  attributes[semconv.ATTR_GUIDE_MESSAGING_SYSTEM] = attributes[semconv.ATTR_MESSAGING_SYSTEM_NAME];
  attributes[semconv.ATTR_GUIDE_PAYLOAD_SIZE] = attributes[semconv.ATTR_MESSAGING_MESSAGE_BODY_SIZE];
}

/** The same of a batch. @param results how many replies came; undefined: none did */
export function addOldBatchNames(attributes: Attributes, commands: number, results: number | undefined): void {
  attributes[semconv.ATTR_GUIDE_PIPELINE_COMMAND_COUNT] = commands;
  if (results !== undefined) attributes[semconv.ATTR_GUIDE_RESULT_COUNT] = results;
}
