// Knows: when connections of redis 2.6 to 3 are made and lost, and how many commands wait for them.
// Must not know: spans, metrics, attribute names, commands.
import type { ClientRef, Connecting, ConnectionState } from '../../../core/events';
import type { CloseReason, ConnectionRecorder } from '../../../core/recorder';
import type { Tap } from '../../../core/tap';
import { PatchLedger } from '../../shared/patch';

/** The part of a client that we read. All of it is public. */
interface Client {
  readonly ready: unknown;
  readonly closing: unknown;
  /** Set from the loss of a connection to the next attempt. */
  readonly retry_timer?: unknown;
  readonly offline_queue: { readonly length: number };
}

/** A connection that was ready, and how often. */
interface Known {
  times: number;
  /** `quit` takes `ready` away before the connection is closed. */
  isUp: boolean;
  connecting: Connecting | undefined;
}

/** Watches the connections of redis 2 and 3. A client has one at a time, and a new one after each loss. */
export class LegacyConnections {
  private readonly known = new WeakMap<Client, Known>();

  constructor(
    private readonly tap: Tap,
    private readonly recorder: ConnectionRecorder,
    private readonly clientOf: (client: object) => ClientRef,
  ) {}

  /** The client's prototype. Returns false if the seam is unknown; then nothing was changed. */
  patchClient(prototype: unknown, ledger: PatchLedger): boolean {
    if (!PatchLedger.has(prototype, 'create_stream', 'on_ready', 'on_error', 'connection_gone')) return false;
    // Before each method: it changes the state that tells a loss from its consequences.
    const before = (name: string, seen: (client: Client, args: readonly unknown[]) => void): void =>
      ledger.before(prototype, name, seen, 'connections');
    before('create_stream', (client) => this.connect(client));
    before('on_ready', (client) => this.ready(client));
    before('on_error', (client, [error]) => this.failed(client, error));
    before('connection_gone', (client, [why, error]) => this.gone(client, why, error));
    // It takes the client's listeners off its socket.
    if (PatchLedger.has(prototype, 'end')) before('end', (client) => this.closed(client, 'application_close'));
    return true;
  }

  /** Also called for a client from before us, at its first command. */
  see(client: Client): Known {
    const known = this.known.get(client);
    if (known !== undefined) return known;
    const isUp = client.ready === true;
    const seen = { times: isUp ? 1 : 0, isUp, connecting: undefined };
    this.known.set(client, seen);
    // A weak reference: watching must not keep the client alive.
    const reference = new WeakRef(client);
    this.recorder.watchConnection({ facts: this.clientOf(client).facts, read: () => read(reference.deref()) });
    return seen;
  }

  /** Every attempt is recorded by itself: no call of the application started it. */
  private connect(client: Client): void {
    this.see(client).connecting = this.tap.beginConnect(this.clientOf(client));
  }

  private ready(client: Client): void {
    const known = this.see(client);
    this.settle(known, false, undefined);
    known.times += 1;
    known.isUp = true;
    if (known.times > 1) this.recorder.reconnected(this.clientOf(client).facts);
  }

  private failed(client: Client, error: unknown): void {
    this.settle(this.see(client), true, error);
    if (!client.closing) this.recorder.connectionFailed(this.clientOf(client).facts, error);
  }

  private settle(known: Known, failed: boolean, error: unknown): void {
    const { connecting } = known;
    known.connecting = undefined;
    if (connecting !== undefined) this.tap.settleConnect(connecting, failed, error);
  }

  /** Recorded once: a socket ends and closes for one reason. */
  private closed(client: Client, reason: CloseReason, error?: unknown): void {
    const known = this.see(client);
    if (known.isUp) this.recorder.connectionClosed(this.clientOf(client).facts, reason, error);
    known.isUp = false;
  }

  /** A socket ends, closes and fails for one reason. The first of these events sets the timer for the next attempt. */
  private gone(client: Client, why: unknown, given: unknown): void {
    const error = why === 'error' ? given : lossError(why);
    this.closed(client, client.closing ? 'application_close' : 'error', error);
    if (why !== 'error' && !client.retry_timer) this.failed(client, error);
  }
}

function read(client: Client | undefined): ConnectionState | undefined {
  return client && { isReady: client.ready === true, waiting: client.offline_queue.length };
}

/** These versions have no error for it; later ones have these classes. */
function lossError(why: unknown): Error {
  const name = why === 'timeout' ? 'ConnectionTimeoutError' : 'SocketClosedUnexpectedlyError';
  return Object.assign(new Error(), { name });
}
