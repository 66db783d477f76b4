// Knows: how the listeners of one message are run and followed. Their return values and errors stay unchanged.
// Must not know: where a version keeps its listeners, spans.
import { types } from 'node:util';
import { context } from '@opentelemetry/api';
import type { Delivery, MessageTap } from '../../core/delivery';

export type Listener = (this: unknown, ...args: unknown[]) => unknown;

/**
 * The channel on which subscribers with the old protocol get changed keys. It is not a message for the application.
 */
export const INVALIDATION = '__redis__:invalidate';

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
      return this.enter(call);
    } finally {
      this.close();
    }
  }

  /** Runs one of several listeners; `close` has to follow the last. */
  enter<T>(call: () => T): T {
    try {
      return context.with(this.delivery.context, call);
    } catch (error) {
      this.fail(error);
      throw error;
    }
  }

  /** No further listener will be called. */
  close(): void {
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
