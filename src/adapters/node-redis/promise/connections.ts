// Knows: the sockets of redis 4 to 6, the queues that write to them, and when connections are made and lost.
// Must not know: spans, metrics, attribute names.
import { BoundedMap } from '../../../core/bounded-map';
import type { ClientFacts, ConnectionState as ConnectionReading } from '../../../core/events';
import type { ConnectionRecorder } from '../../../core/recorder';
import { ConnectionState } from '../../shared/connection-state';
import type { Observer } from '../../shared/observe';
import { type Class, onConstruct, type PatchLedger, prototypeOf, type Target } from '../../shared/patch';
import { asItself } from '../../shared/servers';
import { type ClientOptions, factsFrom, MAX_CLIENTS } from '../server-info';
import { Connects } from './connect';
import { beginAnew } from './database';
import { QueueWrites } from './queue-writes';
import type { NodeRef } from './retries';

/** A client's own socket object, which no application sees, so an additional listener on it has no effect. */
interface Socket {
  readonly isReady?: boolean;
  on?(event: string, listener: (value?: unknown) => void): unknown;
}

/** The facts of a queue, whether it writes for a node of a group, and the state of its socket. */
export interface Connection extends NodeRef {
  /** undefined: not known yet. */
  isNode?: boolean;
  /** undefined: the queue was created before us. */
  readonly socket: WeakRef<Socket> | undefined;
  readonly writes: QueueWrites;
  readonly state: ConnectionState;
  /** The number of commands that wait for the connection to be ready: of the attempt that goes on now. */
  waiting: { count: number };
  /** The period in which its database was last known. */
  period: number;
}

interface KnownClient {
  readonly connection: WeakRef<Connection>;
  facts: ClientFacts | undefined;
}

/** Connections and their queues. A client keeps both private, and creates one right after the other. */
export class Connections {
  /** What the application asks of them. */
  readonly connects = new Connects();
  private readonly connections = new WeakMap<object, Connection>();
  /** Connections that should be ready and are not. While there are none, waiting commands are not checked. */
  private readonly down = new Set<Connection>();
  /** Clients by the id that redis 5.12 and later give them. */
  private readonly clients = new BoundedMap<string, KnownClient>(MAX_CLIENTS);
  private period = 0;
  private unpairedQueue: object | undefined;
  private unpairedSocket: { readonly socket: Socket; readonly options: ClientOptions['socket'] } | undefined;

  constructor(private readonly recorder: ConnectionRecorder) {}

  /** `client/commands-queue.js`. Returns false if the seam is unknown; then nothing was changed. */
  patchQueue(moduleExports: Target, ledger: PatchLedger): boolean {
    return replaceClass(moduleExports, ledger, (queue) => {
      const { unpairedSocket } = this;
      this.unpairedSocket = undefined;
      if (unpairedSocket === undefined) this.unpairedQueue = queue;
      else this.pair(queue, unpairedSocket.socket, unpairedSocket.options);
    });
  }

  /**
   * `client/socket.js`. The options are its last argument.
   * @param mayBeFirst whether a client may create its socket before its queue, as that of redis 4.0 does. In later
   *   versions a socket without a queue replaces another during maintenance.
   */
  patchSocket(moduleExports: Target, ledger: PatchLedger, mayBeFirst: boolean): boolean {
    if (!this.connects.patchSocket(moduleExports, ledger)) return false;
    return replaceClass(moduleExports, ledger, (socket, args) => {
      const { unpairedQueue } = this;
      this.unpairedQueue = undefined;
      const options = args.at(-1) as ClientOptions['socket'];
      if (unpairedQueue === undefined && mayBeFirst) this.unpairedSocket = { socket, options };
      else this.meet(args, this.pair(unpairedQueue, socket, options, this.clients.get(String(args[1]))));
    });
  }

  /**
   * The facts that a client had when it was first asked for: whoever counts it up has to count it down as the same.
   * undefined: it is not known, or was forgotten because so many came after it.
   */
  factsOf(clientId: string): ClientFacts | undefined {
    const known = this.clients.get(clientId);
    if (known !== undefined) known.facts ??= known.connection.deref()?.facts;
    return known?.facts;
  }

  /** Handles the arguments of a socket: from redis 5.12 on they name its client. A client that moves has several. */
  private meet([, clientId, ...options]: readonly unknown[], connection: Connection): void {
    if (options.length !== 1 || typeof clientId !== 'string' || this.clients.has(clientId)) return;
    this.clients.set(clientId, { connection: new WeakRef(connection), facts: undefined });
  }

  /** Whether any connection is being made, or was lost. */
  get isAnyDown(): boolean {
    return this.down.size > 0;
  }

  /** undefined: the queue was created before us, and has sent nothing since. */
  of(queue: object): Connection | undefined {
    return this.connections.get(queue);
  }

  /** The same, without a database that was known before we were disabled. */
  current(queue: object): Connection | undefined {
    const connection = this.connections.get(queue);
    if (connection !== undefined && connection.period !== this.period) {
      connection.period = this.period;
      connection.facts = Object.freeze({ ...connection.facts, namespace: undefined });
    }
    return connection;
  }

  /** Starts a new period: a SELECT may have been missed while nothing was watched. */
  beginPeriod(): void {
    this.period += 1;
  }

  /** Adds a queue whose creation was not seen. */
  add(queue: object, facts: ClientFacts): Connection {
    const connection = this.connectionOf(facts);
    this.connections.set(queue, connection);
    return connection;
  }

  /** Joins a queue with the socket that it writes to. */
  private pair(
    queue: object | undefined,
    socket: Socket,
    options: ClientOptions['socket'],
    moving?: KnownClient,
  ): Connection {
    // The queue of a client that moves writes to its new socket.
    const writes = queue === undefined ? moving?.connection.deref()?.writes : undefined;
    const connection = this.connectionOf(factsFrom({ socket: options }), socket, writes);
    if (queue !== undefined) this.connections.set(queue, connection);
    this.down.add(connection);
    this.recorder.watchConnection({ facts: connection.facts, read: () => this.read(connection) });
    socket.on?.('connect', () => {
      connection.period = this.period;
      beginAnew(connection);
    });
    socket.on?.('ready', () => this.ready(connection));
    socket.on?.('drain', () => connection.writes.leave());
    socket.on?.('error', (error) => this.failed(connection, error));
    socket.on?.('reconnecting', () => this.lost(connection));
    socket.on?.('end', () => this.ended(connection));
    return connection;
  }

  /**
   * Counts a command that waits for its connection. undefined: it does not wait, or is needed to make the connection.
   */
  waiting(queue: object, isAsap: boolean): Observer | undefined {
    if (this.down.size === 0 || isAsap) return undefined;
    const connection = this.connections.get(queue);
    if (connection === undefined || !this.down.has(connection)) return undefined;
    const { waiting } = connection;
    waiting.count += 1;
    const settle = (): void => {
      waiting.count -= 1;
    };
    return { succeed: settle, fail: settle };
  }

  private ready(connection: Connection): void {
    this.down.delete(connection);
    // All that waited are being sent.
    connection.waiting = { count: 0 };
    connection.state.ready();
  }

  /** Redis 4 and 5 report an error that ends a client twice. */
  private failed(connection: Connection, error: unknown): void {
    this.lost(connection, error);
    connection.state.fail(error);
  }

  private lost(connection: Connection, error?: unknown): void {
    connection.state.lose(error);
    connection.writes.leave();
    this.down.add(connection);
  }

  /** A closed client takes no commands. */
  private ended(connection: Connection): void {
    connection.state.end();
    this.down.delete(connection);
  }

  private connectionOf(facts: ClientFacts, socket?: Socket, writes = new QueueWrites()): Connection {
    const state = new ConnectionState(this.recorder, () => asItself(connection.facts));
    const connection: Connection = {
      facts,
      socket: socket && new WeakRef(socket),
      writes,
      state,
      waiting: { count: 0 },
      period: this.period,
    };
    return connection;
  }

  private read(connection: Connection): ConnectionReading | undefined {
    const socket = connection.socket?.deref();
    // Version 4.0 stays ready when its connection is lost; during maintenance a socket is removed without an event.
    if (socket !== undefined)
      return { isReady: connection.state.isUp && socket.isReady === true, waiting: connection.waiting.count };
    this.down.delete(connection);
    return undefined;
  }
}

function replaceClass(
  moduleExports: Target,
  ledger: PatchLedger,
  seen: (instance: object, args: readonly unknown[]) => void,
): boolean {
  if (prototypeOf(moduleExports) === undefined) return false;
  ledger.replace(moduleExports, 'default', onConstruct(moduleExports.default as Class, seen));
  return true;
}
