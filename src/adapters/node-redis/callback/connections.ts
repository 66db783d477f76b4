// Knows: when connections of redis 2.6 to 3 are made and lost, and how many commands wait for them.
// Must not know: spans, metrics, attribute names, commands.
import type { ClientRef, ConnectionState as ConnectionReading } from '../../../core/events';
import type { ConnectionRecorder } from '../../../core/recorder';
import type { Tap } from '../../../core/tap';
import { ConnectionState, lossError } from '../../shared/connection-state';
import { before, type PatchLedger } from '../../shared/patch';

/** The part of a client that we read. All of it is public. */
interface Client {
  readonly ready: unknown;
  readonly closing: unknown;
  /** Set from the loss of a connection to the next attempt. */
  readonly retry_timer?: unknown;
  readonly offline_queue: { readonly length: number };
}

/** Watches the connections of redis 2 and 3. A client has one at a time, and a new one after each loss. */
export class LegacyConnections {
  private readonly known = new WeakMap<Client, ConnectionState>();

  constructor(
    private readonly tap: Tap,
    private readonly recorder: ConnectionRecorder,
    private readonly clientOf: (client: object) => ClientRef,
  ) {}

  /** The client's prototype. Returns false if the seam is unknown; then nothing was changed. */
  patchClient(prototype: unknown, ledger: PatchLedger): boolean {
    // Before each method: it changes the state that tells a loss from its consequences.
    const methods = {
      create_stream: before<Client>((client) => this.see(client).begin(this.tap, this.clientOf(client))),
      on_ready: before<Client>((client) => this.see(client).ready(this.tap)),
      on_error: before<Client>((client, [error]) => this.failed(client, error)),
      connection_gone: before<Client>((client, [why, error]) => this.gone(client, why, error)),
      // It takes the client's listeners off its socket.
      end: before<Client>((client) => this.see(client).end()),
    };
    return ledger.patch(prototype, methods, 'connections');
  }

  /** Also called for a client from before us, at its first command. */
  see(client: Client): ConnectionState {
    const known = this.known.get(client);
    if (known !== undefined) return known;
    const facts = () => this.clientOf(client).facts;
    const seen = new ConnectionState(this.recorder, facts, client.ready === true);
    this.known.set(client, seen);
    // A weak reference: watching must not keep the client alive.
    const reference = new WeakRef(client);
    this.recorder.watchConnection({ facts: facts(), read: () => read(reference.deref()) });
    return seen;
  }

  private failed(client: Client, error: unknown): void {
    if (client.closing) this.see(client).end(this.tap, error);
    else this.see(client).fail(error, this.tap);
  }

  /** A socket ends, closes and fails for one reason. The first of these events sets the timer for the next attempt. */
  private gone(client: Client, why: unknown, given: unknown): void {
    const error = why === 'error' ? given : lossError(why === 'timeout' ? 'ConnectionTimeoutError' : undefined);
    if (client.closing) this.see(client).end(this.tap, error);
    else this.see(client).lose(error);
    if (why !== 'error' && !client.retry_timer) this.failed(client, error);
  }
}

function read(client: Client | undefined): ConnectionReading | undefined {
  return client && { isReady: client.ready === true, waiting: client.offline_queue.length };
}
