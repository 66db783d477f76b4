// Knows: the server of each client of ioredis, and the database that its replies come from.
// Must not know: commands, spans, metrics.
import type { ClientFacts, ClientRef, Write, Writes } from '../../core/events';
import { KeptBack } from '../shared/kept-back';
import type { Client, ClientOptions, Cluster } from './library';
import type { Transaction } from './transactions';

const DEFAULT_HOST = 'localhost';
const DEFAULT_PORT = 6379;
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
    private readonly client: Client,
    /** Created by the library for itself: it asks a sentinel, or a node for the topology. */
    readonly isInternal: boolean,
    private readonly clusterOf: (client: Client) => ClientFacts | undefined,
  ) {
    this.facts = factsOf(client);
    this.node = nodeOf(this.facts);
    this.writes = new KeptBack(() => !this.isReady);
  }

  /** Whether a command that is sent now is written at once. */
  get isReady(): boolean {
    const { status, stream } = this.client;
    return status === 'ready' && stream?.writable === true;
  }

  get status(): string | undefined {
    return this.client.status;
  }

  get condition(): Client['condition'] {
    return this.client.condition;
  }

  /** It is known from its first use on whose node a client is. */
  place(): void {
    if (this.isPlaced) return;
    this.isPlaced = true;
    const cluster = this.clusterOf(this.client);
    if (cluster === undefined) return;
    const { serverAddress, serverPort } = this.facts;
    this.facts = Object.freeze({ ...cluster, peerAddress: serverAddress, peerPort: serverPort });
  }

  /** A sentinel may have named another server. */
  connected(): void {
    if (!Array.isArray(this.client.options.sentinels)) return;
    this.facts = Object.freeze({ ...this.facts, ...peerOf(this.client) });
    this.node = nodeOf(this.facts);
  }

  /** Later replies come from another database. */
  select(database: unknown): void {
    const namespace = String(database);
    if (namespace !== this.facts.namespace) this.facts = Object.freeze({ ...this.facts, namespace });
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
    const serverAddress = addressOfAll(cluster.startupNodes, DEFAULT_PORT);
    const facts = Object.freeze({
      serverAddress,
      serverPort: undefined,
      peerAddress: undefined,
      peerPort: undefined,
      namespace: '0',
    });
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

function nodeOf(facts: ClientFacts): ClientFacts {
  const { peerAddress, peerPort } = facts;
  if (peerAddress === undefined) return facts;
  return Object.freeze({
    ...facts,
    serverAddress: peerAddress,
    serverPort: peerPort,
    peerAddress: undefined,
    peerPort: undefined,
  });
}

function sentinelAddress({ sentinels, name }: ClientOptions): string {
  return `${addressOfAll(sentinels as unknown[], SENTINEL_PORT)}/${name}`;
}

/** With sentinels, the options name the default server; the address of the socket is the real one. */
function peerOf({ stream }: Client): Pick<ClientFacts, 'peerAddress' | 'peerPort'> {
  return { peerAddress: stream?.remoteAddress, peerPort: stream?.remotePort };
}

/** The configured addresses, in an order that does not depend on the configuration. */
function addressOfAll(nodes: readonly unknown[] = [], defaultPort: number): string {
  return nodes
    .map((node) => hostAndPort(node, defaultPort))
    .sort()
    .join(',');
}

/** The address of a node, given as a port, a URL, `host:port`, or an object. */
function hostAndPort(node: unknown, defaultPort: number): string {
  if (typeof node === 'number') return `${DEFAULT_HOST}:${node}`;
  if (typeof node === 'string') {
    if (/^\d+$/.test(node)) return `${DEFAULT_HOST}:${node}`;
    const url = node.includes('://') ? node : `redis://${node}`;
    if (!URL.canParse(url)) return `${DEFAULT_HOST}:${defaultPort}`;
    const { hostname, port } = new URL(url);
    return `${hostname.replace(/^\[|\]$/g, '') || DEFAULT_HOST}:${port || defaultPort}`;
  }
  const { host, port } = (node ?? {}) as ClientOptions;
  return `${textOf(host) ?? DEFAULT_HOST}:${portOf(port) ?? defaultPort}`;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function portOf(value: unknown): number | undefined {
  const port = typeof value === 'string' ? Number(value) : value;
  return typeof port === 'number' && Number.isInteger(port) ? port : undefined;
}
