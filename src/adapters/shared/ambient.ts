// Knows: what is so while a call runs, synchronously.
// Must not know: what for.

/** A value that holds while a call runs, and is what it was when the call is over: calls nest, and throw. */
export class Ambient<T> {
  private value: T | undefined;

  get current(): T | undefined {
    return this.value;
  }

  run<R>(value: T | undefined, call: () => R): R {
    const outer = this.value;
    this.value = value;
    try {
      return call();
    } finally {
      this.value = outer;
    }
  }

  /** For a path on which no function is to be made for each call. @returns what `leave` takes, in a `finally` */
  enter(value: T | undefined): T | undefined {
    const outer = this.value;
    this.value = value;
    return outer;
  }

  leave(outer: T | undefined): void {
    this.value = outer;
  }
}
