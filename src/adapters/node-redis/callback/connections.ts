// Knows: how the connections of redis 2.6 to 3 come and go, and what waits for them.
// Must not know: spans, metrics, attribute names, commands.
import type { ClientRef, Connecting, ConnectionState } from '../../../core/events';
import type { Tap } from '../../../core/operation';
import type { ConnectionRecorder } from '../../../core/recorder';
import { PatchLedger, type Target } from '../../shared/patch';

/** What we read of a client. It keeps nothing of this to itself. */
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
  connecting: Connecting | undefined;
}

type Method = (this: Client, ...args: unknown[]) => unknown;

/** Watches the connections of redis 2 and 3: a client has one, and a new one whenever that is lost. */
export class LegacyConnections {
  private readonly known = new WeakMap<Client, Known>();

  constructor(
    private readonly tap: Tap,
    private readonly recorder: ConnectionRecorder,
    private readonly clientOf: (client: object) => ClientRef,
  ) {}

  /** The client's prototype. False if the seam is not what we know: then nothing is touched. */
  patchClient(prototype: unknown, ledger: PatchLedger): boolean {
    if (!PatchLedger.has(prototype, 'create_stream', 'on_ready', 'on_error', 'connection_gone')) return false;
    this.watch(prototype, 'create_stream', ledger, (client) => this.connect(client));
    this.watch(prototype, 'on_ready', ledger, (client) => this.ready(client));
    this.watch(prototype, 'on_error', ledger, (client, error) => this.failed(client, error));
    this.watch(prototype, 'connection_gone', ledger, (client, why) => this.gone(client, why));
    return true;
  }

  /** Told before the method runs: it changes what tells a loss from its aftermath. */
  private watch(prototype: Target, name: string, ledger: PatchLedger, seen: (client: Client, argument: unknown) => void): void {
    const wrapper = (original: Method): Method =>
      function method(this: Client, argument?: unknown): unknown {
        seen(this, argument);
        return original.apply(this, arguments as unknown as unknown[]);
      };
    ledger.wrap<Method>(prototype, name, wrapper, 'connections');
  }

  /** Also called for a client of before we came, at its first command. */
  see(client: Client): Known {
    const known = this.known.get(client);
    if (known !== undefined) return known;
    const seen = { times: client.ready === true ? 1 : 0, connecting: undefined };
    this.known.set(client, seen);
    // Weakly: watching a client must not keep it.
    const reference = new WeakRef(client);
    this.recorder.watchConnection({ facts: this.clientOf(client).facts, read: () => read(reference.deref()) });
    return seen;
  }

  /** Every try is one by itself: nobody asked for it but the client. */
  private connect(client: Client): void {
    this.see(client).connecting = this.tap.beginConnect(this.clientOf(client));
  }

  private ready(client: Client): void {
    const known = this.see(client);
    this.settle(known, false, undefined);
    known.times += 1;
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

  /** A socket ends, closes and fails for one reason: the first of these sets the timer for the next attempt. */
  private gone(client: Client, why: unknown): void {
    if (client.ready === true) this.recorder.connectionClosed(this.clientOf(client).facts, client.closing ? 'application_close' : 'error');
    if (why !== 'error' && !client.retry_timer) this.failed(client, lossError(why));
  }
}

function read(client: Client | undefined): ConnectionState | undefined {
  return client && { isReady: client.ready === true, waiting: client.offline_queue.length };
}

/** There is none in these versions; later ones have these classes for it. */
function lossError(why: unknown): Error {
  const name = why === 'timeout' ? 'ConnectionTimeoutError' : 'SocketClosedUnexpectedlyError';
  return Object.assign(new Error(), { name });
}
