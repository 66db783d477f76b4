// Knows: when commands that a client keeps back until it is connected are handed to its socket.
// Must not know: how a client says that it is not connected, who asks for it.
import type { Write, Writes } from '../../core/events';

/** A command is handed over as it is called, or kept back until the connection is ready. */
export class KeptBack implements Writes {
  private waiting: Waiting | undefined;

  constructor(private readonly isOffline: () => boolean) {}

  next(): Write {
    if (!this.isOffline()) return AT_ONCE;
    this.waiting ??= new Waiting(Number.POSITIVE_INFINITY);
    return this.waiting;
  }

  /** What was kept back passes now, all of it. */
  resume(): void {
    if (this.waiting !== undefined) this.waiting.mark = performance.now();
    this.waiting = undefined;
  }
}

class Waiting implements Write {
  constructor(public mark: number) {}

  markOf(): number {
    return this.mark;
  }
}

const AT_ONCE = new Waiting(Number.NEGATIVE_INFINITY);
