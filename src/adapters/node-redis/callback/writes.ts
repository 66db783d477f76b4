// Knows: when a client of redis 2 and 3 hands a command to its socket.
// Must not know: how a client says that it is not connected, who asks for it.
import type { Write, Writes } from '../../../core/events';

/** A command is handed over as it is called, or kept back until the connection is ready. */
export class LegacyWrites implements Writes {
  private waiting: LegacyWrite | undefined;

  constructor(private readonly isOffline: () => boolean) {}

  next(): Write {
    if (!this.isOffline()) return AT_ONCE;
    this.waiting ??= new LegacyWrite(Number.POSITIVE_INFINITY);
    return this.waiting;
  }

  /** What was kept back passes now, all of it. */
  resume(): void {
    if (this.waiting !== undefined) this.waiting.mark = performance.now();
    this.waiting = undefined;
  }
}

class LegacyWrite implements Write {
  constructor(public mark: number) {}

  markOf(): number {
    return this.mark;
  }
}

const AT_ONCE = new LegacyWrite(Number.NEGATIVE_INFINITY);
