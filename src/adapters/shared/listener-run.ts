// Knows: how the listeners of one message are run and followed. Their return values and errors stay unchanged.
// Must not know: where a version keeps its listeners, spans.
import { types } from 'node:util';
import { context } from '@opentelemetry/api';
import type { Delivery, MessageTap } from '../../core/delivery';
import type { ClientRef } from '../../core/events';

export type Listener = (this: unknown, ...args: unknown[]) => unknown;

/**
 * The channel on which subscribers with the old protocol get changed keys. It is not a message for the application.
 */
const INVALIDATION = '__redis__:invalidate';

/**
 * Follows a message, as a server sends it: the kind, for `pmessage` the pattern, the channel and the body.
 * @param run runs the listeners with what the application gets, if there is a delivery in its context
 */
export function receive<T>(
  messages: MessageTap,
  clientOf: () => ClientRef,
  reply: readonly unknown[],
  run: (reply: readonly unknown[], delivery: Delivery | undefined) => T,
): T {
  const [kind, body] = [String(reply[0]), reply.at(-1)];
  const [channel, pattern] = kind === 'pmessage' ? [reply[2], reply[1]] : [reply[1], undefined];
  if (String(channel) === INVALIDATION) return runDetached(messages, () => run(reply, undefined));
  const delivery = messages.deliver({ client: clientOf(), channel, pattern, isSharded: kind === 'smessage', body });
  const isSame = delivery === undefined || delivery.body === body;
  return run(isSame ? reply : [...reply.slice(0, -1), delivery.body], delivery);
}

/** Runs listeners that are not consumers: without a span, and outside the context of the code that connected. */
export function runDetached<T>(messages: MessageTap, call: () => T): T {
  const detached = messages.detach();
  return detached === undefined ? call() : context.with(detached, call);
}

/** The listeners of one message, from the first call until the last promise is settled. */
export class Listening {
  // The calls themselves count as the first pending item.
  private pending = 1;
  private failed = false;
  private error: unknown;

  constructor(private readonly delivery: Delivery) {}

  /** Runs all listeners, then waits for their promises. */
  run<T>(call: () => T): T {
    try {
      return context.with(this.delivery.context, call);
    } catch (error) {
      this.fail(error);
      throw error;
    } finally {
      this.close();
    }
  }

  private close(): void {
    this.pending -= 1;
    if (this.pending === 0) this.delivery.end(this.failed, this.error);
  }

  /** Returns the listener with its promise observed. */
  observe(listener: Listener): Listener {
    const follow = (result: unknown): void => this.follow(result);
    return function observed(this: unknown): unknown {
      const result = listener.apply(this, arguments as unknown as unknown[]);
      follow(result);
      return result;
    };
  }

  /**
   * Follows the promise of an async function whose caller drops it. Only we hold that promise, so a rejection is
   * passed on and is unhandled exactly once, as before.
   */
  follow(result: unknown): void {
    if (!this.delivery.isFollowed || !types.isPromise(result)) return;
    this.pending += 1;
    result.then(
      () => this.close(),
      (error: unknown) => {
        this.fail(error);
        this.close();
        throw error;
      },
    );
  }

  private fail(error: unknown): void {
    if (this.failed) return;
    this.failed = true;
    this.error = error;
  }
}

/**
 * Whether a listener's promise can be followed. The promise of any other function may also be held by others, who may
 * or may not handle its rejection: following it would either hide the rejection or report it twice.
 */
export function isAsync(listener: unknown): listener is Listener {
  // By the tag and not by `types.isAsyncFunction`: a bound async function has the tag too.
  return (
    typeof listener === 'function' &&
    (listener as { readonly [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === 'AsyncFunction'
  );
}
