// Knows: when connections of ioredis are made and lost, and how many commands wait for them.
// Must not know: commands, spans, metrics, attribute names.
import type { ConnectionState as ConnectionReading } from '../../core/events';
import type { ConnectionRecorder } from '../../core/recorder';
import type { Tap } from '../../core/tap';
import { ConnectionState, lossError } from '../shared/connection-state';
import { after, around, before, type PatchLedger, prototypeOf, type Target } from '../shared/patch';
import type { Client } from './library';
import type { Server, Servers } from './servers';

type Handle = (this: unknown, ...args: unknown[]) => unknown;

/** Watches the connections of clients, including those of a cluster's nodes. */
export class ConnectionWatch {
  private readonly known = new WeakMap<Server, ConnectionState>();

  constructor(
    private readonly tap: Tap,
    private readonly recorder: ConnectionRecorder,
    private readonly servers: () => Servers,
  ) {}

  /** `Redis.js`. Returns false if the seam is unknown; then nothing was changed. */
  patchRedis(moduleExports: Target, ledger: PatchLedger): boolean {
    const prototype = prototypeOf(moduleExports);
    const isKnown = ledger.patch(prototype, {
      // Other instrumentations of a client have to be known before it connects.
      parseOptions: after<Client, unknown>((client) => this.servers().of(client)),
      setStatus: before<Client>((client, [status]) => this.changed(client, status)),
    });
    // A password that is refused, a server that is not ready: the library gives up the connection.
    const recoverFromFatalError = before<Client>((client, [, error]) => this.failed(client, error));
    if (isKnown) ledger.patch(prototype, { recoverFromFatalError });
    return isKnown;
  }

  /** `redis/event_handler.js`: an error of the socket. */
  patchHandlers(moduleExports: Target, ledger: PatchLedger): boolean {
    const errorHandler = around<unknown, Handle>((_exports, call, [client]) =>
      before((_stream, [error]) => this.failed(client as Client, error))(call()),
    );
    return ledger.patch(moduleExports, { errorHandler });
  }

  /** A client that was not known. */
  watch(client: Client, server: Server): void {
    if (server.isInternal) return;
    const facts = (): Server['node'] => server.node;
    this.known.set(server, new ConnectionState(this.recorder, facts, client.status === 'ready'));
    // A weak reference: watching must not keep the client alive.
    const reference = new WeakRef(client);
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
    const state = this.known.get(server);
    if (status === 'connect') server.connected();
    if (status === 'close' || status === 'end') server.transaction = undefined;
    if (state === undefined) return;
    if (status === 'connecting') state.begin(this.tap, server);
    else if (status === 'ready') state.ready(this.tap);
    else if (status === 'close') this.closed(state, client);
  }

  private closed(state: ConnectionState, { manuallyClosing }: Client): void {
    if (manuallyClosing) {
      state.end();
      return;
    }
    // The library has no error for it.
    const error = state.failure === undefined ? lossError() : state.failure.error;
    state.lose(error);
    state.fail(error, this.tap);
  }

  /** The first error of an attempt says why it failed. */
  private failed(client: Client, error: unknown): void {
    const state = this.known.get(this.servers().of(client));
    if (state !== undefined && !client.manuallyClosing) state.fail(state.failure?.error ?? error, this.tap);
  }
}

function read(client: Client | undefined): ConnectionReading | undefined {
  return client && { isReady: client.status === 'ready', waiting: client.offlineQueue?.length ?? 0 };
}
