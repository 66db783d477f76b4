// Knows: how the end of a promise is seen on the way, where the caller has to get another promise.
// Must not know: whose promise it is.

/** Is told how something ends. Must not throw. */
export interface Observer {
  succeed(value: unknown): void;
  fail(error: unknown): void;
}

/**
 * A promise that ends as `promise` does, a turn later: same value, same rejection, and unhandled it stays unhandled. One
 * on the side would either add an unhandled rejection or swallow it. For what the library hands to nobody but itself,
 * and handles, see `watch`.
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

/** The promise itself, seen from the side: only where the library itself handles its rejection, at once and always. */
export function watch<T>(promise: Promise<T>, observer: Observer): Promise<T> {
  promise.then(
    (value) => observer.succeed(value),
    (error: unknown) => observer.fail(error),
  );
  return promise;
}
