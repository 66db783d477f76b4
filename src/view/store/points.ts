// Knows: how each of our counters and histograms updates the records.
// Must not know: spans.
import * as semconv from '../../core/semconv';
import type { Attributes, Point } from '../otlp/message';
import { isFailure, isRedisPoint, textOf } from './reading';
import { addLookup, type Records } from './records';
import type { Increase } from './series';
import { OTHER, stepOf } from './window';

const MS_PER_SECOND = 1_000;

export function addPoint(to: Records, point: Point, nowMs: number): void {
  if (!isRedisPoint(point)) return;
  const step = stepOf(nowMs);
  if (point.metric === semconv.METRIC_DB_CLIENT_CONNECTION_COUNT) addPoolUse(to, point, step);
  const increase = to.series.add(point, nowMs);
  if (increase !== undefined) READERS[increase.metric]?.(to, increase, step, nowMs);
}

function addPoolUse(to: Records, { attributes, value }: Point, step: number): void {
  if (attributes[semconv.ATTR_DB_CLIENT_CONNECTION_STATE] === 'used')
    to.pools.row(poolIn(attributes), step).peakUsed.raise(value, step);
}

/** A process that was silent for this long no longer counts as holding connections. */
export const STALE_MS = 150_000;

/** Counts open connections after an export. */
export function addConnections(to: Records, nowMs: number): void {
  const fresh = to.series.of(semconv.METRIC_REDIS_CONNECTIONS).filter(({ seenAtMs }) => nowMs - seenAtMs < STALE_MS);
  const open = fresh.reduce((sum, { value }) => sum + value, 0);
  to.connections.set(open, stepOf(nowMs));
}

type Reader = (to: Records, increase: Increase, step: number, nowMs: number) => void;

/** How each counter and histogram updates the records. */
const READERS: Readonly<Record<string, Reader>> = {
  [semconv.METRIC_CACHE_REQUESTS]: (to, { attributes, count }, step) => {
    const isHit = attributes[semconv.ATTR_CACHE_RESULT] === 'hit';
    addLookup(to.lookups.metrics, familyIn(attributes), { hits: isHit ? count : 0, misses: isHit ? 0 : count }, step);
  },
  [semconv.METRIC_DB_CLIENT_OPERATION_DURATION]: (to, { attributes, count }, step) => {
    const row = to.commands.metrics.row(textOf(attributes[semconv.ATTR_DB_OPERATION_NAME]) ?? OTHER, step);
    row.calls.add(count, step);
    const error = textOf(attributes[semconv.ATTR_ERROR_TYPE]);
    if (!isFailure(error)) return;
    row.errors.add(count, step);
    to.errorTypes.metrics.row(error, step).errors.add(count, step);
  },
  [semconv.METRIC_CACHE_WRITES]: (to, { attributes, count }, step) => {
    if (attributes[semconv.ATTR_CACHE_TTL] === 'no')
      to.families.row(familyIn(attributes), step).immortal.add(count, step);
  },
  [semconv.METRIC_CACHE_UNFILLED_MISSES]: (to, { attributes, count }, step, nowMs) => {
    const family = familyIn(attributes);
    to.families.row(family, step).unfilled.add(count, step);
    to.attention.note({
      kind: 'unfilled',
      text: `Misses of ${family} not filled by this process`,
      lastMs: nowMs,
      count,
    });
  },
  [semconv.METRIC_REDIS_LOCK_HOLD_DURATION]: (to, { attributes, count, sum }, step) => {
    const row = to.locks.row(familyIn(attributes), step);
    row.held.add(count, step);
    row.heldMs.add(sum * MS_PER_SECOND, step);
  },
  [semconv.METRIC_REDIS_LOCK_WAIT_DURATION]: (to, { attributes, count, sum }, step) => {
    const row = to.locks.row(familyIn(attributes), step);
    row.waited.add(count, step);
    row.waitedMs.add(sum * MS_PER_SECOND, step);
  },
  [semconv.METRIC_MESSAGING_SENT_MESSAGES]: (to, { attributes, count }, step) => {
    to.channels.row(channelIn(attributes), step).sent.add(count, step);
  },
  [semconv.METRIC_MESSAGING_CONSUMED_MESSAGES]: (to, { attributes, count }, step) => {
    to.channels.row(channelIn(attributes), step).consumed.add(count, step);
  },
  [semconv.METRIC_MESSAGING_PROCESS_DURATION]: (to, { attributes, count, sum }, step) => {
    const row = to.channels.row(channelIn(attributes), step);
    row.processed.add(count, step);
    row.processedMs.add(sum * MS_PER_SECOND, step);
  },
  [semconv.METRIC_DB_CLIENT_CONNECTION_WAIT_TIME]: (to, { attributes, count, sum }, step) => {
    const row = to.pools.row(poolIn(attributes), step);
    row.waited.add(count, step);
    row.waitedMs.add(sum * MS_PER_SECOND, step);
  },
  [semconv.METRIC_DB_CLIENT_CONNECTION_TIMEOUTS]: (to, { attributes, count }, step, nowMs) => {
    to.pools.row(poolIn(attributes), step).timeouts.add(count, step);
    to.attention.note({
      kind: 'pool',
      text: `Tasks got no connection of pool ${poolIn(attributes)} in time`,
      lastMs: nowMs,
      count,
    });
  },
  [semconv.METRIC_REDIS_RECONNECTS]: (to, { count }, _, nowMs) => {
    to.attention.note({ kind: 'connection', text: 'A client connected again', lastMs: nowMs, count });
  },
  [semconv.METRIC_REDIS_CONNECTION_ERRORS]: (to, { attributes, count }, _, nowMs) => {
    to.attention.note({
      kind: 'connection',
      text: `A connection failed: ${textOf(attributes[semconv.ATTR_ERROR_TYPE]) ?? 'error'}`,
      lastMs: nowMs,
      count,
    });
  },
};

function familyIn(attributes: Attributes): string {
  return textOf(attributes[semconv.ATTR_REDIS_KEY_FAMILY]) ?? OTHER;
}

function channelIn(attributes: Attributes): string {
  return textOf(attributes[semconv.ATTR_MESSAGING_DESTINATION_TEMPLATE]) ?? OTHER;
}

function poolIn(attributes: Attributes): string {
  return textOf(attributes[semconv.ATTR_DB_CLIENT_CONNECTION_POOL_NAME]) ?? OTHER;
}
