// Knows: the server of each client of ioredis, and the database that its replies come from.
// Must not know: commands, spans, metrics.
import type { ClientFacts, ClientRef, Write, Writes } from '../../core/events';
import { KeptBack } from '../shared/kept-back';
import {
  addressOfAll,
  asItself,
  asNodeOf,
  DEFAULT_HOST,
  DEFAULT_PORT,
  factsOfGroup,
  portOf,
  selectDatabase,
  textOf,
} from '../shared/servers';
import type { Client, ClientOptions, Cluster } from './library';
import type { Transaction } from './transactions';

const SENTINEL_PORT = 26_379;

/** One client with a connection of its own. */
export class Server implements ClientRef {
  facts: ClientFacts;
  /** The server that it is connected to, whichever group that belongs to. */
  node: ClientFacts;
  readonly writes: KeptBack;
  /** The transaction that was begun by a single MULTI. Redis queues the commands that follow. */
  transaction: Transaction | undefined;
  /** The database after the EXEC. */
  queuedDatabase: unknown;
  /** The number of LOAD commands that the library sends next: version 4 asks which scripts of a pipeline exist. */
  expectedLoads = 0;
  /** Whether we see what the library sends when this client connects. */
  isSeenConnecting = false;
  private isPlaced = false;

  constructor(
    readonly client: Client,
    /** Created by the library for itself: it asks a sentinel, or a node for the topology. */
    readonly isInternal: boolean,
    private readonly clusterOf: (client: Client) => ClientFacts | undefined,
  ) {
    this.facts = factsOf(client);
    this.node = asItself(this.facts);
    this.writes = new KeptBack(() => !this.isReady);
  }

  /** Whether a command that is sent now is written at once. */
  get isReady(): boolean {
    const { status, stream } = this.client;
    return status === 'ready' && stream?.writable === true;
  }

  /** It is known from its first use on whose node a client is. */
  place(): void {
    if (this.isPlaced) return;
    this.isPlaced = true;
    const cluster = this.clusterOf(this.client);
    if (cluster !== undefined) this.facts = asNodeOf(cluster.serverAddress, this.facts);
  }

  /** A sentinel may have named another server. */
  connected(): void {
    if (!Array.isArray(this.client.options.sentinels)) return;
    this.facts = Object.freeze({ ...this.facts, ...peerOf(this.client) });
    this.node = asItself(this.facts);
  }

  /** Later replies come from another database. */
  select(database: unknown): void {
    selectDatabase(this, String(database));
  }
}

/** The connection of one call and the time it was written, for calls whose connection is chosen later or changes. */
export class Route implements ClientRef, Writes, Write {
  monotonicMs = Number.POSITIVE_INFINITY;

  constructor(public facts: ClientFacts) {}

  get writes(): Writes {
    return this;
  }

  next(): Write {
    return this;
  }

  /** A redirected call counts as written from the first attempt on. */
  at({ isReady }: Server): void {
    if (isReady && this.monotonicMs === Number.POSITIVE_INFINITY) this.monotonicMs = performance.now();
  }
}

/** All clients and clusters of the process. */
export class Servers {
  private readonly known = new WeakMap<object, Server>();
  private clusters: { readonly cluster: WeakRef<Cluster>; readonly facts: ClientFacts }[] = [];
  private readonly clusterFacts = new WeakMap<object, ClientFacts>();

  /** @param seen called once for every client @param isInternal whether the library is creating one for itself */
  constructor(
    private readonly seen: (client: Client, server: Server) => void,
    private readonly isInternal: () => boolean,
  ) {}

  of(client: Client): Server {
    const known = this.known.get(client);
    if (known !== undefined) return known;
    const server = new Server(client, this.isInternal(), (one) => this.clusterOf(one));
    this.known.set(client, server);
    this.seen(client, server);
    return server;
  }

  /** The facts of a whole cluster. From now on its nodes are told apart from other clients. */
  ofCluster(cluster: Cluster): ClientFacts {
    const known = this.clusterFacts.get(cluster);
    if (known !== undefined) return known;
    const facts = factsOfGroup(addressOfAll(cluster.startupNodes), '0');
    this.clusterFacts.set(cluster, facts);
    this.clusters = this.clusters.filter((one) => one.cluster.deref() !== undefined);
    this.clusters.push({ cluster: new WeakRef(cluster), facts });
    return facts;
  }

  private clusterOf(client: Client): ClientFacts | undefined {
    return this.clusters.find(({ cluster }) => isOf(client, cluster.deref()))?.facts;
  }
}

/** Whether a client belongs to a cluster: to a node, or as its subscriber. */
function isOf(client: Client, cluster: Cluster | undefined): boolean {
  if (cluster === undefined) return false;
  const { host, port } = client.options;
  if (cluster.connectionPool?.getInstanceByKey?.(`${host}:${port}`) === client) return true;
  if (cluster.subscriber?.subscriber === client) return true;
  return [...(cluster.shardedSubscribers?.shardedSubscribers?.values() ?? [])].some(
    ({ instance }) => instance === client,
  );
}

function factsOf(client: Client): ClientFacts {
  const { options } = client;
  const path = textOf(options.path);
  const isSentinel = Array.isArray(options.sentinels);
  return Object.freeze({
    serverAddress: isSentinel ? sentinelAddress(options) : (path ?? textOf(options.host) ?? DEFAULT_HOST),
    serverPort: isSentinel || path !== undefined ? undefined : (portOf(options.port) ?? DEFAULT_PORT),
    ...(isSentinel ? peerOf(client) : { peerAddress: undefined, peerPort: undefined }),
    namespace: String(options.db ?? 0),
  });
}

function sentinelAddress({ sentinels, name }: ClientOptions): string {
  return `${addressOfAll(sentinels, SENTINEL_PORT)}/${name}`;
}

/** With sentinels, the options name the default server; the address of the socket is the real one. */
function peerOf({ stream }: Client): Pick<ClientFacts, 'peerAddress' | 'peerPort'> {
  return { peerAddress: stream?.remoteAddress, peerPort: stream?.remotePort };
}
