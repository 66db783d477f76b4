// Knows: the metrics of the connections to a server, and of its clients' caches.
// Must not know: sockets, clients.
import type { Attributes, BatchObservableResult } from '@opentelemetry/api';
import type { CacheNews, ClientCache, ClientFacts, Connection, ConnectionState } from '../core/events';
import { poolNameOf } from '../core/pool-name';
import type { CloseReason, ConnectionRecorder, Report } from '../core/recorder';
import * as semconv from '../core/semconv';
import { classify } from '../insights/errors';
import { addServer } from './attributes';
import { counter, type Made, observedGauge, observedUpDownCounter } from './instruments';
import { Living } from './living';
import type { Instrumented, Meters } from './meters';

/** Beyond this number, servers without a connection are forgotten: addresses may change without end. */
export const MAX_SERVERS = 1_000;

const INSTRUMENTS = {
  open: observedUpDownCounter(semconv.METRIC_REDIS_CONNECTIONS, '{connection}', 'Connections that are ready.'),
  waiting: observedUpDownCounter(semconv.METRIC_REDIS_OFFLINE_QUEUE_DEPTH, '{command}', 'Commands in offline queues.'),
  reconnects: counter(semconv.METRIC_REDIS_RECONNECTS, '{connection}', 'Lost connections that are ready again.'),
  errors: counter(semconv.METRIC_REDIS_CONNECTION_ERRORS, '{error}', 'Connections lost or not made.'),
  cacheRequests: counter(semconv.METRIC_REDIS_CSC_REQUESTS, '{request}', 'Look-ups in client-side caches, by result.'),
  cacheEvictions: counter(semconv.METRIC_REDIS_CSC_EVICTIONS, '{eviction}', 'Entries that caches gave up, by reason.'),
  cacheItems: observedGauge(semconv.METRIC_REDIS_CSC_ITEMS, '{item}', 'Entries of the client-side cache.'),
};
type Instruments = Made<typeof INSTRUMENTS>;

/** All connections to one server. */
interface Server {
  readonly attributes: Attributes;
  open: number;
  waiting: number;
}

/** Entries of the caches of one pool. */
interface Items {
  readonly attributes: Attributes;
  value: number;
}

/** Why a cache gives up entries, in the words of node-redis. */
const REASONS: ReadonlySet<string> = new Set(['full', 'ttl', 'invalidation']);

/** Sums up single connections and caches by server, whenever metrics are collected. */
export class ServerMetrics implements ConnectionRecorder {
  private readonly connections = new Living<ConnectionState, Connection>();
  /** A cache reports each event once, so it must not be read in vain. */
  private readonly caches = new Living<CacheNews, ClientCache>(() => this.addUp());
  private readonly servers = new Map<string, Server>();
  /** Entries of caches, by the pool or client that has the cache. */
  private readonly items = new Map<string, Items>();
  /** Redis 5.12 and later tell each eviction and its reason. Earlier ones only have a number. */
  private areReasonsTold = false;
  // Sockets from before `disable()` still report their events.
  private isStopped = true;
  private readonly instrumented: Instrumented<Instruments>;

  constructor(
    private readonly meters: Meters,
    private readonly report: Report,
    private readonly also: readonly Partial<Pick<ConnectionRecorder, 'connectionFailed' | 'connectionClosed'>>[],
  ) {
    this.instrumented = meters.hold(INSTRUMENTS, {
      observe: (result, instruments) => this.observe(result, instruments),
      moved: () => this.addUp(),
    });
  }

  start(): void {
    this.isStopped = false;
  }

  stop(): void {
    this.isStopped = true;
  }

  watchConnection(connection: Connection): void {
    this.connections.add(connection);
    this.meters.refresh();
  }

  watchCache(cache: ClientCache): void {
    this.caches.add(cache);
    this.meters.refresh();
  }

  evicted(reason: string, count: number): void {
    this.guarded(() => {
      this.areReasonsTold = true;
      this.instrumented.current?.cacheEvictions.add(count, {
        ...this.onlyCachedServer()?.attributes,
        [semconv.ATTR_REDIS_CSC_REASON]: REASONS.has(reason) ? reason : semconv.VALUE_OTHER,
      });
    });
  }

  /** A cache does not say whose it is when it gives something up. */
  private onlyCachedServer(): Server | undefined {
    let only: Server | undefined;
    for (const { facts } of this.caches.all) {
      const server = this.serverOf(facts);
      if (only !== undefined && server !== only) return undefined;
      only = server;
    }
    return only;
  }

  reconnected(facts: ClientFacts): void {
    this.guarded(() => this.instrumented.current?.reconnects.add(1, this.serverOf(facts).attributes));
  }

  connectionFailed(facts: ClientFacts, error: unknown): void {
    this.guarded(() => {
      for (const other of this.also) other.connectionFailed?.(facts, error);
      const { type } = classify(error);
      this.instrumented.current?.errors.add(1, { ...this.serverOf(facts).attributes, [semconv.ATTR_ERROR_TYPE]: type });
    });
  }

  connectionClosed(facts: ClientFacts, reason: CloseReason, error?: unknown): void {
    this.guarded(() => {
      for (const other of this.also) other.connectionClosed?.(facts, reason, error);
    });
  }

  private observe(result: BatchObservableResult, instruments: Instruments): void {
    this.addUp();
    for (const { open, waiting, attributes } of this.servers.values()) {
      result.observe(instruments.open, open, attributes);
      result.observe(instruments.waiting, waiting, attributes);
    }
    for (const { value, attributes } of this.items.values()) result.observe(instruments.cacheItems, value, attributes);
  }

  private addUp(): void {
    const isCrowded = this.servers.size > MAX_SERVERS || this.items.size > MAX_SERVERS;
    for (const [key, server] of this.servers) {
      if (isCrowded && server.open + server.waiting === 0) this.servers.delete(key);
      server.open = 0;
      server.waiting = 0;
    }
    for (const [{ facts }, { isReady, waiting }] of this.connections.read()) {
      const server = this.serverOf(facts);
      if (isReady) server.open += 1;
      server.waiting += waiting;
    }
    // Caches that are gone stay with 0: the SDK keeps exporting the last value of a series that is no longer observed.
    for (const [pool, items] of this.items) {
      if (isCrowded && items.value === 0) this.items.delete(pool);
      items.value = 0;
    }
    for (const [{ facts }, news] of this.caches.read()) this.addCache(facts, news);
  }

  private addCache(facts: ClientFacts, news: CacheNews): void {
    const { attributes } = this.serverOf(facts);
    const { hits, misses, evictions } = news;
    const { current } = this.instrumented;
    if (hits + misses > 0) {
      current?.cacheRequests.add(hits, { ...attributes, [semconv.ATTR_REDIS_CSC_RESULT]: 'hit' });
      current?.cacheRequests.add(misses, { ...attributes, [semconv.ATTR_REDIS_CSC_RESULT]: 'miss' });
    }
    // Another client's write evicts an entry that nobody asks for.
    if (evictions > 0 && !this.areReasonsTold) current?.cacheEvictions.add(evictions, attributes);
    if (news.items === undefined) return;
    const pool = poolNameOf(facts);
    const ofPool = { ...attributes, [semconv.ATTR_DB_CLIENT_CONNECTION_POOL_NAME]: pool };
    const items = this.items.get(pool) ?? { attributes: ofPool, value: 0 };
    items.value += news.items;
    this.items.set(pool, items);
  }

  /** Servers stay while they are few: a server without connections is worth a metric. */
  private serverOf(facts: ClientFacts): Server {
    const key = `${facts.serverAddress}:${facts.serverPort}`;
    const known = this.servers.get(key);
    if (known !== undefined) return known;
    const attributes: Attributes = {};
    addServer(attributes, facts);
    const server: Server = { attributes, open: 0, waiting: 0 };
    this.servers.set(key, server);
    return server;
  }

  /** This runs inside an event of the client. */
  private guarded(record: () => void): void {
    if (this.isStopped) return;
    try {
      this.meters.refresh();
      record();
    } catch (error) {
      this.report('a connection could not be measured', error);
    }
  }
}
