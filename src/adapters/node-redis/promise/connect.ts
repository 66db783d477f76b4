// Knows: how a client of redis 4 to 6 is asked to connect.
// Must not know: spans, metrics, attribute names; what becomes of the connection later.
import type { ClientRef } from '../../../core/events';
import type { Tap } from '../../../core/operation';
import { observe } from '../../shared/observe';

export type Connect<C extends object> = (this: C) => Promise<unknown>;

/** Records a call of the application, with any number of attempts. Later reconnects are not part of it. */
export function wrapConnect<C extends object>(
  tap: Tap,
  clientOf: (client: C) => ClientRef,
  original: Connect<C>,
): Connect<C> {
  return function connect(this: C): Promise<unknown> {
    const connecting = tap.beginConnect(clientOf(this));
    const promise = original.apply(this, arguments as never);
    if (connecting === undefined) return promise;
    return observe(promise, {
      succeed: () => tap.settleConnect(connecting, false, undefined),
      fail: (error) => tap.settleConnect(connecting, true, error),
    });
  };
}
