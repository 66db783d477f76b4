// Knows: how a client of redis 4 to 6 is asked to connect.
// Must not know: spans, metrics, attribute names; what becomes of the connection later.
import type { ClientRef, Connecting } from '../../../core/events';
import type { Tap } from '../../../core/tap';
import { Ambient } from '../../shared/ambient';
import { type Observer, observe, watch } from '../../shared/observe';
import { PatchLedger, prototypeOf, type Target } from '../../shared/patch';

export type Connect<C extends object> = (this: C) => Promise<unknown>;

/** Records calls of the application, with any number of attempts. Later reconnects are not part of them. */
export class Connects {
  private readonly call = new Ambient<ConnectCall>();

  /** `connect` of a client. */
  wrap<C extends object>(tap: Tap, clientOf: (client: C) => ClientRef, original: Connect<C>): Connect<C> {
    const { call } = this;
    return function connect(this: C): Promise<unknown> {
      const connecting = tap.beginConnect(clientOf(this));
      if (connecting === undefined) return original.apply(this, arguments as never);
      const begun = new ConnectCall(tap, connecting);
      const promise = call.run(begun, () => original.apply(this, arguments as never));
      return begun.isFollowed ? promise : observe(promise, begun);
    };
  }

  /** `client/socket.js`: the client connects its socket synchronously, and handles that promise. */
  patchSocket(moduleExports: Target, ledger: PatchLedger): boolean {
    const prototype = prototypeOf(moduleExports);
    if (!PatchLedger.has(prototype, 'connect')) return false;
    const { call } = this;
    ledger.wrap<Connect<object>>(prototype, 'connect', (original) => {
      return function connect(this: object): Promise<unknown> {
        const begun = call.current;
        const promise = original.apply(this, arguments as never);
        return begun === undefined ? promise : watch(promise, begun.follow());
      };
    });
    return true;
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

  follow(): this {
    this.isFollowed = true;
    return this;
  }

  succeed(): void {
    this.tap.settleConnect(this.connecting, false, undefined);
  }

  fail(error: unknown): void {
    this.tap.settleConnect(this.connecting, true, error);
  }
}
