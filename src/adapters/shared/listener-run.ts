// Knows: how the listeners of one message are run and followed. What they return and throw stays theirs.
// Must not know: where a version keeps its listeners, spans.
import { types } from 'node:util';
import { context } from '@opentelemetry/api';
import type { Delivery, MessageTap } from '../../core/delivery';

export type Listener = (this: unknown, ...args: unknown[]) => unknown;

/** What Redis tells of changed keys goes here, to subscribers with the old protocol. It is no message of the application's. */
export const INVALIDATION = '__redis__:invalidate';

/** Runs listeners that are no consumers: in no span, nor in that of whoever connected. */
export function runDetached<T>(messages: MessageTap, call: () => T): T {
  const detached = messages.detach();
  return detached === undefined ? call() : context.with(detached, call);
}

/** The listeners of one message, from the first call until what the last one promised is settled. */
export class Listening {
  // The calls themselves are the first thing that is waited for.
  private pending = 1;
  private failed = false;
  private error: unknown;

  constructor(private readonly delivery: Delivery) {}

  /** Runs all listeners, then waits for what they promised. */
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

  /** No listener will be called any more. */
  close(): void {
    this.pending -= 1;
    if (this.pending === 0) this.delivery.end(this.failed, this.error);
  }

  /** The listener, its promise observed. */
  observe(listener: Listener): Listener {
    const follow = (result: unknown): void => this.follow(result);
    return function observed(this: unknown): unknown {
      const result = listener.apply(this, arguments as unknown as unknown[]);
      follow(result);
      return result;
    };
  }

  /**
   * Nobody but us holds the promise of an async function whose caller drops it, so that it can be passed on: a
   * rejection is unhandled just once, as it was.
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
 * Whether a listener's promise can be followed. What any other function returns may be held by others as well, who
 * may or may not look at its rejection: to follow it would either hide the rejection or report it twice.
 */
export function isAsync(listener: unknown): listener is Listener {
  // By the tag and not by `types.isAsyncFunction`: a bound async function has it too.
  return (
    typeof listener === 'function' && (listener as { readonly [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === 'AsyncFunction'
  );
}
