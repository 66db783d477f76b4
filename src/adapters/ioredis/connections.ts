// Knows: when connections of ioredis are made and lost, and how many commands wait for them.
// Must not know: commands, spans, metrics, attribute names.
import type { Connecting, ConnectionState } from '../../core/events';
import type { ConnectionRecorder } from '../../core/recorder';
import type { Tap } from '../../core/tap';
import { PatchLedger, prototypeOf, type Target } from '../shared/patch';
import type { Client } from './library';
import type { Server, Servers } from './servers';

/** The state of a client's connection. A client has one at a time, and a new one after each loss. */
interface Known {
  connecting: Connecting | undefined;
  wasReady: boolean;
  /** The connection was ready, and the application did not close it. */
  isLost: boolean;
  /** Why this connection failed, if that was reported. */
  failure: { readonly error: unknown } | undefined;
}

type ErrorHandler = (client: Client) => (...args: unknown[]) => unknown;

/** Watches the connections of clients, including those of a cluster's nodes. */
export class ConnectionWatch {
  private readonly known = new WeakMap<Server, Known>();

  constructor(
    private readonly tap: Tap,
    private readonly recorder: ConnectionRecorder,
    private readonly servers: () => Servers,
  ) {}

  /** `Redis.js`. Returns false if the seam is unknown; then nothing was changed. */
  patchRedis(moduleExports: Target, ledger: PatchLedger): boolean {
    const prototype = prototypeOf(moduleExports);
    if (!PatchLedger.has(prototype, 'setStatus', 'parseOptions')) return false;
    // Set this first: other instrumentations of a client have to be known before it connects.
    ledger.after<Client, unknown>(prototype, 'parseOptions', (client) => this.servers().of(client));
    // A password that is refused, a server that is not ready: the library gives up the connection.
    if (PatchLedger.has(prototype, 'recoverFromFatalError'))
      ledger.before<Client>(prototype, 'recoverFromFatalError', (client, [, error]) => this.failed(client, error));
    ledger.before<Client>(prototype, 'setStatus', (client, [status]) => this.changed(client, status));
    return true;
  }

  /** `redis/event_handler.js`: an error of the socket. */
  patchHandlers(moduleExports: Target, ledger: PatchLedger): boolean {
    if (!PatchLedger.has(moduleExports, 'errorHandler')) return false;
    const failed = (client: Client, error: unknown) => this.failed(client, error);
    ledger.wrap<ErrorHandler>(moduleExports, 'errorHandler', (original) => (client) => {
      const handle = original(client);
      return function errorHandler(this: unknown, error): unknown {
        failed(client, error);
        return handle.apply(this, arguments as unknown as [unknown]);
      };
    });
    return true;
  }

  /** A client that was not known. */
  watch(client: Client, server: Server): void {
    if (server.isInternal) return;
    const isReady = client.status === 'ready';
    this.known.set(server, { connecting: undefined, wasReady: isReady, isLost: false, failure: undefined });
    // A weak reference: watching must not keep the client alive.
    const reference = new WeakRef(client);
    const facts = (): Server['node'] => server.node;
    this.recorder.watchConnection({
      get facts() {
        return facts();
      },
      read: () => read(reference.deref()),
    });
  }

  /** Called before the client is informed. */
  private changed(client: Client, status: unknown): void {
    const server = this.servers().of(client);
    const known = this.known.get(server);
    if (status === 'connect') server.connected();
    if (status === 'close' || status === 'end') server.transaction = undefined;
    if (known === undefined) return;
    if (status === 'connecting') {
      known.failure = undefined;
      known.connecting = this.tap.beginConnect(server);
    } else if (status === 'ready') this.ready(known, server);
    else if (status === 'close') this.closed(known, server, client);
  }

  private ready(known: Known, server: Server): void {
    settle(this.tap, known, false, undefined);
    if (known.isLost) this.recorder.reconnected(server.node);
    known.wasReady = true;
    known.isLost = false;
  }

  private closed(known: Known, server: Server, client: Client): void {
    const isMeant = Boolean(client.manuallyClosing);
    known.isLost = !isMeant && (known.isLost || known.wasReady);
    const { error } = known.failure ?? { error: lossError() };
    if (known.wasReady) this.recorder.connectionClosed(server.node, isMeant ? 'application_close' : 'error', error);
    known.wasReady = false;
    if (isMeant) known.connecting = undefined;
    else this.reportFailure(known, server, error);
  }

  private failed(client: Client, error: unknown): void {
    const server = this.servers().of(client);
    const known = this.known.get(server);
    if (known !== undefined && !client.manuallyClosing) this.reportFailure(known, server, error);
  }

  private reportFailure(known: Known, server: Server, error: unknown): void {
    settle(this.tap, known, true, error);
    if (known.failure === undefined) this.recorder.connectionFailed(server.node, error);
    known.failure ??= { error };
  }
}

function settle(tap: Tap, known: Known, failed: boolean, error: unknown): void {
  const { connecting } = known;
  known.connecting = undefined;
  if (connecting !== undefined) tap.settleConnect(connecting, failed, error);
}

function read(client: Client | undefined): ConnectionState | undefined {
  return client && { isReady: client.status === 'ready', waiting: client.offlineQueue?.length ?? 0 };
}

/** The library has no error for it; this is the name in node-redis. */
function lossError(): Error {
  return Object.assign(new Error(), { name: 'SocketClosedUnexpectedlyError' });
}
