// Knows: the sockets of redis 4 to 6, the queues that write to them, and how they come and go.
// Must not know: spans, metrics, attribute names.
import type { ClientFacts, ClientRef, ConnectionState } from '../../../core/events';
import type { ConnectionRecorder } from '../../../core/recorder';
import { type Class, onConstruct, PatchLedger, type Target } from '../../shared/patch';
import { prototypeOf } from '../client/client';
import { type ClientOptions, factsFrom, UNKNOWN_SERVER } from '../server-info';

/** A client's own socket object, which no application sees: a listener more on it is noticed by nobody. */
interface Socket {
  readonly isReady?: boolean;
  on?(event: string, listener: (value?: unknown) => void): unknown;
}

interface AddOptions {
  readonly asap?: unknown;
}

type AddCommand = (this: object, ...args: never[]) => Promise<unknown>;

interface Connection extends ClientRef {
  readonly facts: ClientFacts;
  readonly socket: WeakRef<Socket>;
  isUp: boolean;
  /** It was up, and nobody closed it. */
  isLost: boolean;
  /** The last that was counted: what ends a client is told twice by redis 4 and 5. */
  error: unknown;
  /** How often it was ready. */
  times: number;
  /** Commands that wait for it to be ready. */
  waiting: number;
}

const UNKNOWN: ClientRef = Object.freeze({ facts: UNKNOWN_SERVER });

/** Connections and their queues. A client keeps both to itself, and builds them back to back: see `pair`. */
export class Connections {
  private readonly connections = new WeakMap<object, Connection>();
  /** Those that are to be ready and are not. As long as there is none, a command is not looked at. */
  private readonly down = new Set<Connection>();
  private lonelyQueue: object | undefined;

  constructor(private readonly recorder: ConnectionRecorder) {}

  /** `client/commands-queue.js` of redis 5 and 6. False if the seam is not what we know: then nothing is touched. */
  patchQueue(moduleExports: Target, ledger: PatchLedger): boolean {
    return replaceClass(moduleExports, ledger, (queue) => {
      this.lonelyQueue = queue;
    });
  }

  /** `client/socket.js` of redis 5 and 6. The options are its last argument; 5.0 has two, later ones three. */
  patchSocket(moduleExports: Target, ledger: PatchLedger): boolean {
    if (!PatchLedger.has(prototypeOf(moduleExports), 'connect')) return false;
    return replaceClass(moduleExports, ledger, (socket, args) => {
      // A socket that takes the place of another during maintenance comes without a queue.
      this.pair(this.lonelyQueue, socket, args.at(-1) as ClientOptions['socket']);
      this.lonelyQueue = undefined;
    });
  }

  /** A queue writes to this socket. */
  pair(queue: object | undefined, socket: Socket, options: ClientOptions['socket']): void {
    const connection: Connection = {
      facts: factsFrom({ socket: options }),
      socket: new WeakRef(socket),
      isUp: false,
      isLost: false,
      error: undefined,
      times: 0,
      waiting: 0,
    };
    if (queue !== undefined) this.connections.set(queue, connection);
    this.down.add(connection);
    this.recorder.watchConnection({ facts: connection.facts, read: () => this.read(connection) });
    socket.on?.('ready', () => this.ready(connection));
    socket.on?.('error', (error) => this.failed(connection, error));
    socket.on?.('reconnecting', () => this.lost(connection));
    socket.on?.('end', () => this.ended(connection));
  }

  /** Before the client has told more: the server, in the database every connection begins with. */
  serverOf(queue: object): ClientRef {
    return this.connections.get(queue) ?? UNKNOWN;
  }

  /** Counts the commands that wait for a connection. Not those that make it. */
  counting<F extends AddCommand>(original: F): F {
    const { down } = this;
    const count = (queue: object, promise: Promise<unknown>) => this.count(queue, promise);
    const addCommand = function (this: object, _args: unknown, options?: AddOptions): Promise<unknown> {
      const promise = original.apply(this, arguments as never);
      return down.size === 0 || options?.asap === true ? promise : count(this, promise);
    };
    return addCommand as unknown as F;
  }

  private count(queue: object, promise: Promise<unknown>): Promise<unknown> {
    const connection = this.connections.get(queue);
    if (connection === undefined || !this.down.has(connection)) return promise;
    const { times } = connection;
    connection.waiting += 1;
    const settle = (): void => {
      // Once the connection is ready, all of them are on their way.
      if (connection.times === times) connection.waiting -= 1;
    };
    return promise.then(
      (reply) => {
        settle();
        return reply;
      },
      (error: unknown) => {
        settle();
        throw error;
      },
    );
  }

  private ready(connection: Connection): void {
    this.down.delete(connection);
    connection.isUp = true;
    connection.waiting = 0;
    connection.times += 1;
    if (connection.isLost) this.recorder.reconnected(connection.facts);
    recover(connection);
  }

  private failed(connection: Connection, error: unknown): void {
    this.lost(connection);
    if (error !== undefined && error === connection.error) return;
    connection.error = error;
    this.recorder.connectionFailed(connection.facts, error);
  }

  private lost(connection: Connection): void {
    connection.isLost ||= connection.isUp;
    connection.isUp = false;
    this.down.add(connection);
  }

  /** A client that is closed takes no commands. */
  private ended(connection: Connection): void {
    connection.isUp = false;
    recover(connection);
    this.down.delete(connection);
  }

  private read(connection: Connection): ConnectionState | undefined {
    const socket = connection.socket.deref();
    // 4.0 stays ready when it has lost its connection; during maintenance a socket is taken away without a word.
    if (socket !== undefined) return { isReady: connection.isUp && socket.isReady === true, waiting: connection.waiting };
    this.down.delete(connection);
    return undefined;
  }
}

/** Nothing is the matter with it any more. */
function recover(connection: Connection): void {
  connection.isLost = false;
  connection.error = undefined;
}

function replaceClass(moduleExports: Target, ledger: PatchLedger, seen: (instance: object, args: readonly unknown[]) => void): boolean {
  if (prototypeOf(moduleExports) === undefined) return false;
  ledger.replace(moduleExports, 'default', onConstruct(moduleExports.default as Class, seen));
  return true;
}
