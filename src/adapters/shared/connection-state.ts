// Knows: what becomes of one connection: it is made, fails, is lost, is made again, and is ended.
// Must not know: how a client shows that, spans, metrics.
import type { ClientFacts, ClientRef, Connecting } from '../../core/events';
import type { ConnectionRecorder } from '../../core/recorder';
import type { Tap } from '../../core/tap';

/** A connection and those that a client makes in its place, one at a time. What is told twice is recorded once. */
export class ConnectionState {
  private connecting: Connecting | undefined;
  /** The connection was up, and the application did not close it. */
  private isLost = false;
  /** Why this attempt failed, if that was reported. It may become ready all the same, before it is closed. */
  failure: { readonly error: unknown } | undefined;

  /** @param facts of the server itself, whichever group it belongs to */
  constructor(
    private readonly recorder: ConnectionRecorder,
    private readonly facts: () => ClientFacts,
    public isUp = false,
  ) {}

  /** An attempt begins, by itself: no call of the application started it. */
  begin(tap: Tap, client: ClientRef): void {
    this.failure = undefined;
    this.connecting = tap.beginConnect(client);
  }

  ready(tap?: Tap): void {
    this.settle(tap, false, undefined);
    if (this.isLost) this.recorder.reconnected(this.facts());
    this.isUp = true;
    this.isLost = false;
  }

  fail(error: unknown, tap?: Tap): void {
    this.settle(tap, true, error);
    if (this.failure !== undefined && this.failure.error === error) return;
    this.failure = { error };
    this.recorder.connectionFailed(this.facts(), error);
  }

  /** It was up, and the application did not close it. */
  lose(error?: unknown): void {
    if (this.isUp) this.recorder.connectionClosed(this.facts(), 'error', error);
    this.isLost ||= this.isUp;
    this.isUp = false;
  }

  /** The application closes it. @param tap is told if an attempt failed meanwhile */
  end(tap?: Tap, error?: unknown): void {
    this.settle(tap, true, error);
    if (this.isUp) this.recorder.connectionClosed(this.facts(), 'application_close');
    this.isUp = false;
    this.isLost = false;
    this.failure = undefined;
  }

  private settle(tap: Tap | undefined, failed: boolean, error: unknown): void {
    const { connecting } = this;
    this.connecting = undefined;
    if (connecting !== undefined) tap?.settleConnect(connecting, failed, error);
  }
}

/** Clients that have no error for a loss: the names are those of later versions of node-redis. */
export function lossError(name = 'SocketClosedUnexpectedlyError'): Error {
  return Object.assign(new Error(), { name });
}
