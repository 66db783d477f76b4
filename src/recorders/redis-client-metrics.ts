// Knows: the metrics that Redis's own clients record, under the names that Redis's dashboards ask for.
// Must not know: clients, redis versions, spans, the metrics that the conventions have for the same.
import type { Attributes } from '@opentelemetry/api';
import { type Entry, type KeyMask, lookup, partsByStream } from '../catalog';
import type { Arguments, Batch, BatchOutcome, ClientFacts, Command, Outcome } from '../core/events';
import type { BatchFacts, Facts, Failure } from '../core/facts';
import { poolNameOf } from '../core/pool-name';
import type { CloseReason, ConnectionRecorder, MaintenanceRecorder, OperationMetrics } from '../core/recorder';
import * as semconv from '../core/semconv';
import { isMissing, lengthOf } from '../insights/cache';
import { categoryOf, classify } from '../insights/errors';
import { addServer } from './attributes';
import { counter, DURATION_BUCKETS, histogram, type Made, upDownCounter } from './instruments';
import { messageIdOf } from './messaging';
import type { Instrumented, Meters } from './meters';

/** The number of servers that are counted. */
const MAX_SERVERS = 1_000;

/** The number of entries of one reply whose lag is recorded, evenly spread over the reply. */
const MAX_LAGS = 64;

/** An id that is older was not made from a clock. */
const FIRST_CLOCK_MS = 1e12;

const NOTIFICATION = /^[A-Z_]{1,32}$/;

const INSTRUMENTS = {
  errors: counter(semconv.METRIC_REDIS_CLIENT_ERRORS, '{error}', 'Errors, including those that clients handle.'),
  closed: counter(semconv.METRIC_REDIS_CONNECTION_CLOSED, '{connection}', 'Connections that were closed or lost.'),
  handoffs: counter(semconv.METRIC_REDIS_CONNECTION_HANDOFF, '{handoff}', 'Connections moved before maintenance.'),
  relaxed: upDownCounter(
    semconv.METRIC_REDIS_CONNECTION_RELAXED_TIMEOUT,
    '{relaxation}',
    'Connections whose time outs are longer during maintenance.',
  ),
  notifications: counter(
    semconv.METRIC_REDIS_MAINTENANCE_NOTIFICATIONS,
    '{notification}',
    'What servers announced of their maintenance.',
  ),
  lag: histogram(semconv.METRIC_REDIS_STREAM_LAG, 's', DURATION_BUCKETS, 'Age of stream entries when they are read.'),
  saved: counter(semconv.METRIC_REDIS_CSC_NETWORK_SAVED, 'By', 'Bytes of texts that client-side caches answered.'),
};
type Instruments = Made<typeof INSTRUMENTS>;

/** Bytes that the caches of the clients of one server have saved. */
interface Saved {
  readonly attributes: Attributes;
  bytes: number;
}

type Closing = Pick<ConnectionRecorder, 'connectionFailed' | 'connectionClosed'>;

export class RedisClientMetrics implements OperationMetrics, Closing, MaintenanceRecorder {
  /** undefined: no name of a stream may be shown. */
  private streams: KeyMask | undefined;
  private groups: KeyMask | undefined;
  private readonly saved = new Map<string, Saved>();
  private readonly instrumented: Instrumented<Instruments>;

  /** @param isWanted whether these names are on */
  constructor(meters: Meters, isWanted: () => boolean) {
    this.instrumented = meters.hold(INSTRUMENTS, {
      observe: (_result, { saved }) => {
        for (const { attributes, bytes } of this.saved.values()) saved.add(bytes, attributes);
        this.saved.clear();
      },
      moved: () => this.saved.clear(),
      isWanted,
    });
  }

  /** Sets how streams and groups are shown, from now on. */
  use(streams: KeyMask | undefined, groups: KeyMask | undefined): void {
    this.streams = streams;
    this.groups = groups;
  }

  /** Nearly all commands have nothing of it. */
  command(command: Command, outcome: Outcome, { failure }: Facts): void {
    const { args, client, isInternal } = command;
    if (failure !== undefined) this.failed(client.facts, failure, isInternal === true);
    else if (outcome.isLocal) this.answered(client.facts, outcome.reply);
    else {
      const entry = lookup(args);
      if (READS.has(entry.canonical)) this.read(entry, args, client.facts, outcome.reply);
    }
  }

  batch({ client }: Batch, _outcome: BatchOutcome, { failure }: BatchFacts): void {
    if (failure !== undefined) this.failed(client.facts, failure, false);
  }

  connectionFailed(server: ClientFacts, error: unknown): void {
    this.failed(server, classify(error), true);
  }

  connectionClosed(server: ClientFacts, reason: CloseReason): void {
    this.instrumented.current?.closed.add(1, { ...serverOf(server), [semconv.ATTR_REDIS_CLOSE_REASON]: reason });
  }

  notified(notification: string, server: ClientFacts | undefined): void {
    if (!NOTIFICATION.test(notification)) return;
    this.instrumented.current?.notifications.add(1, {
      ...poolOf(server),
      [semconv.ATTR_REDIS_NOTIFICATION]: notification,
    });
  }

  handedOff(server: ClientFacts | undefined): void {
    this.instrumented.current?.handoffs.add(1, poolOf(server));
  }

  relaxed(by: number, server: ClientFacts | undefined): void {
    this.instrumented.current?.relaxed.add(by, poolOf(server));
  }

  /** @param isInternal the client deals with it, and nobody's call was rejected */
  private failed(facts: ClientFacts, failure: Failure, isInternal: boolean): void {
    const attributes = serverOf(facts);
    if (facts.namespace !== undefined) attributes[semconv.ATTR_DB_NAMESPACE] = facts.namespace;
    attributes[semconv.ATTR_ERROR_TYPE] = failure.type;
    if (failure.statusCode !== undefined) attributes[semconv.ATTR_DB_RESPONSE_STATUS_CODE] = failure.statusCode;
    attributes[semconv.ATTR_REDIS_ERRORS_CATEGORY] = categoryOf(failure);
    attributes[semconv.ATTR_REDIS_ERRORS_INTERNAL] = isInternal;
    this.instrumented.current?.errors.add(1, attributes);
  }

  /** What the client's own cache had: of texts their bytes are known without a walk through the reply. */
  private answered(facts: ClientFacts, reply: unknown): void {
    const bytes = lengthOf(reply);
    if (bytes === undefined) return;
    const key = `${facts.serverAddress}:${facts.serverPort}`;
    const saved = this.saved.get(key) ?? { attributes: serverOf(facts), bytes: 0 };
    saved.bytes += bytes;
    if (this.saved.size < MAX_SERVERS) this.saved.set(key, saved);
  }

  /** How long entries of streams have been there when they are read. */
  private read(entry: Entry, args: Arguments, facts: ClientFacts, reply: unknown): void {
    const { current } = this.instrumented;
    if (current === undefined || isMissing(reply)) return;
    const now = Date.now();
    for (const [stream, entries] of partsByStream(reply)) {
      const attributes = this.streamAttributes(entry, args, facts, stream);
      const step = Math.ceil(entries.length / MAX_LAGS);
      for (let index = 0; index < entries.length; index += step) {
        const sentMs = clockOf(entries[index]);
        if (sentMs !== undefined) current.lag.record(Math.max(0, now - sentMs) / 1_000, attributes);
      }
    }
  }

  private streamAttributes(
    { from, canonical }: Entry,
    args: Arguments,
    facts: ClientFacts,
    stream: unknown,
  ): Attributes {
    const attributes = serverOf(facts);
    if (this.streams !== undefined) attributes[semconv.ATTR_REDIS_STREAM_NAME] = this.streams(stream);
    // XREADGROUP GROUP workers …
    if (this.groups !== undefined && canonical === READ_GROUP) {
      attributes[semconv.ATTR_REDIS_STREAM_GROUP] = this.groups(args[from + 1]);
    }
    return attributes;
  }
}

const READ_GROUP = 'XREADGROUP';
const READS: ReadonlySet<string> = new Set(['XREAD', READ_GROUP]);

/** An entry is a pair of its id and its fields, or an object. */
function clockOf(entry: unknown): number | undefined {
  const id = messageIdOf(Array.isArray(entry) ? entry[0] : (entry as { readonly id?: unknown } | null)?.id);
  const time = id === undefined ? Number.NaN : Number.parseInt(id, 10);
  return time >= FIRST_CLOCK_MS ? time : undefined;
}

/** As Redis's clients name it: the connection of one client is a pool of one. */
function poolOf(facts: ClientFacts | undefined): Attributes {
  return facts === undefined
    ? {}
    : { ...serverOf(facts), [semconv.ATTR_DB_CLIENT_CONNECTION_POOL_NAME]: poolNameOf(facts) };
}

function serverOf(facts: ClientFacts): Attributes {
  const attributes: Attributes = {};
  addServer(attributes, facts);
  return attributes;
}
