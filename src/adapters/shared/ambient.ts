// Knows: a value that holds while a call runs, synchronously.
// Must not know: what the value is for.

/**
 * A value that holds during a call. The previous value is restored when the call ends or throws, so calls can nest.
 */
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

  /** For hot paths, without a function per call. @returns the argument for `leave`, to be called in a `finally` */
  enter(value: T | undefined): T | undefined {
    const outer = this.value;
    this.value = value;
    return outer;
  }

  leave(outer: T | undefined): void {
    this.value = outer;
  }
}
