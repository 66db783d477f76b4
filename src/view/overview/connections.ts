// Knows: the current state of pools and connections.
// Must not know: commands, traces.
import * as semconv from '../../core/semconv';
import { STALE_MS } from '../store/points';
import { textOf } from '../store/reading';
import type { Records } from '../store/records';
import { type Course, ratio } from './course';

export function poolsOf(records: Records, step: number, steps: number, nowMs: number) {
  const rows = new Map(records.pools.all(step).map((entry) => [entry.name, entry]));
  const {
    METRIC_DB_CLIENT_CONNECTION_LIMIT,
    METRIC_DB_CLIENT_CONNECTION_COUNT,
    METRIC_DB_CLIENT_CONNECTION_PENDING_REQUESTS,
  } = semconv;
  const counts = standings(records, METRIC_DB_CLIENT_CONNECTION_COUNT, nowMs);
  const limits = standings(records, METRIC_DB_CLIENT_CONNECTION_LIMIT, nowMs);
  const waiting = standings(records, METRIC_DB_CLIENT_CONNECTION_PENDING_REQUESTS, nowMs);
  const named = (pool: string) => ({ [semconv.ATTR_DB_CLIENT_CONNECTION_POOL_NAME]: pool });
  const names = new Set(
    counts.flatMap(({ attributes }) => textOf(attributes[semconv.ATTR_DB_CLIENT_CONNECTION_POOL_NAME]) ?? []),
  );
  return [...names].map((pool) => ({
    pool,
    used: sumWhere(counts, { ...named(pool), [semconv.ATTR_DB_CLIENT_CONNECTION_STATE]: 'used' }),
    idle: sumWhere(counts, { ...named(pool), [semconv.ATTR_DB_CLIENT_CONNECTION_STATE]: 'idle' }),
    limit: sumWhere(limits, named(pool)) || undefined,
    waiting: sumWhere(waiting, named(pool)),
    timeouts: rows.get(pool)?.sums.timeouts ?? 0,
    meanWaitMs: ratio(rows.get(pool)?.sums.waitedMs ?? 0, rows.get(pool)?.sums.waited ?? 0),
    usedCourse: rows.get(pool)?.row.peakUsed.read(step, steps) ?? [],
  }));
}

export function serversOf(records: Records, nowMs: number) {
  const connections = standings(records, semconv.METRIC_REDIS_CONNECTIONS, nowMs);
  const queued = standings(records, semconv.METRIC_REDIS_OFFLINE_QUEUE_DEPTH, nowMs);
  const servers = new Map(connections.map(({ attributes }) => [serverIn(attributes), serverOf(attributes)]));
  return [...servers].map(([server, where]) => ({
    server,
    connections: sumWhere(connections, where),
    queued: sumWhere(queued, where),
  }));
}

/** Programs export at intervals; between two exports the last number is kept. */
export function connectionsOverTime(records: Records, step: number, steps: number): Course {
  let last: number | undefined;
  return records.connections.read(step, steps).map((open) => {
    if (open > 0) last = open;
    return last;
  });
}

type Attributes = Readonly<Record<string, unknown>>;

function serverOf(attributes: Attributes): Attributes {
  const { ATTR_SERVER_ADDRESS, ATTR_SERVER_PORT } = semconv;
  return { [ATTR_SERVER_ADDRESS]: attributes[ATTR_SERVER_ADDRESS], [ATTR_SERVER_PORT]: attributes[ATTR_SERVER_PORT] };
}

function serverIn(attributes: Attributes): string {
  const port = attributes[semconv.ATTR_SERVER_PORT];
  return `${attributes[semconv.ATTR_SERVER_ADDRESS] ?? 'unknown'}${port === undefined ? '' : `:${port}`}`;
}

function standings(records: Records, metric: string, nowMs: number) {
  return records.series.of(metric).filter(({ seenAtMs }) => nowMs - seenAtMs < STALE_MS);
}

function sumWhere(series: ReturnType<typeof standings>, where: Attributes): number {
  const matching = series.filter(({ attributes }) =>
    Object.entries(where).every(([name, value]) => attributes[name] === value),
  );
  return matching.reduce((sum, { value }) => sum + value, 0);
}
