// Knows: how to observe the end of a promise, by passing on another promise or the same one, or by looking at it.
// Must not know: whose promise it is.
import { inspect } from 'node:util';

/** Is called when an operation ends, before the application is. Must not throw. */
export interface Observer {
  succeed(value: unknown): void;
  fail(error: unknown): void;
}

/**
 * Returns a promise that ends like `promise`, one turn later: with the same value or rejection. If it is not handled,
 * it is reported as unhandled. A side branch would either add an unhandled rejection or hide one. For promises that
 * only the library itself gets and handles, see `watch`.
 */
export function observe<T>(promise: Promise<T>, observer: Observer): Promise<T> {
  return promise.then(
    (value) => {
      observer.succeed(value);
      return value;
    },
    (error: unknown) => {
      observer.fail(error);
      throw error;
    },
  );
}

/**
 * Returns the same promise, with a side branch. Only for promises whose rejection the library always handles at once.
 */
export function watch<T>(promise: Promise<T>, observer: Observer): Promise<T> {
  promise.then(
    (value) => observer.succeed(value),
    (error: unknown) => observer.fail(error),
  );
  return promise;
}

/** Looks at a promise without handling it. Returns the reason as text; undefined: it is not rejected. */
export function rejectionOf(promise: Promise<unknown>): string | undefined {
  try {
    return /^Promise \{\s*<rejected> (.*)/s.exec(inspect(promise, { customInspect: false, depth: 0 }))?.[1];
  } catch {
    // The error belongs to the application.
    return undefined;
  }
}
