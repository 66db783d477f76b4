// Knows: how a client of redis 4 to 6 is asked to connect.
// Must not know: spans, metrics, attribute names; what becomes of the connection later.
import type { ClientRef, Connecting } from '../../../core/events';
import type { Tap } from '../../../core/tap';
import { Ambient } from '../../shared/ambient';
import { type Observer, observe, watch } from '../../shared/observe';
import { after, around, type PatchLedger, prototypeOf, type Target } from '../../shared/patch';

/** Records calls of the application, with any number of attempts. Later reconnects are not part of them. */
export class Connects {
  private readonly call = new Ambient<ConnectCall>();

  /** `client/index.js`. The prototype has the method. */
  patchClient<C>(prototype: Target, ledger: PatchLedger, tap: Tap, clientOf: (client: C) => ClientRef): void {
    const connect = around<C, Promise<unknown>>((client, call) => {
      const connecting = tap.beginConnect(clientOf(client));
      if (connecting === undefined) return call();
      const begun = new ConnectCall(tap, connecting);
      const promise = this.call.run(begun, call);
      return begun.isFollowed ? promise : observe(promise, begun);
    });
    ledger.patch(prototype, { connect }, 'caller');
  }

  /** `client/socket.js`: the client connects its socket synchronously, and handles that promise. */
  patchSocket(moduleExports: Target, ledger: PatchLedger): boolean {
    const connect = after<unknown, Promise<unknown>>((_socket, promise) => {
      const begun = this.call.current;
      if (begun === undefined) return;
      begun.isFollowed = true;
      watch(promise, begun);
    });
    return ledger.patch(prototypeOf(moduleExports), { connect });
  }
}

/** A call of `connect` that was begun. */
class ConnectCall implements Observer {
  /** Whether the socket's promise is followed: then the caller gets the client's own. */
  isFollowed = false;

  constructor(
    private readonly tap: Tap,
    private readonly connecting: Connecting,
  ) {}

  succeed(): void {
    this.tap.settleConnect(this.connecting, false, undefined);
  }

  fail(error: unknown): void {
    this.tap.settleConnect(this.connecting, true, error);
  }
}
