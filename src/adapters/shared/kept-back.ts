// Knows: when a client that is not connected yet writes its queued commands to the socket.
// Must not know: how a client shows that it is not connected, who asks for the times.
import type { Write, Writes } from '../../core/events';

/** A command is written when it is called, or queued until the connection is ready. */
export class KeptBack implements Writes {
  private waiting: { monotonicMs: number } | undefined;

  constructor(private readonly isOffline: () => boolean) {}

  next(): Write {
    if (!this.isOffline()) return AT_ONCE;
    this.waiting ??= { monotonicMs: Number.POSITIVE_INFINITY };
    return this.waiting;
  }

  /** All queued commands are written now. */
  resume(): void {
    if (this.waiting !== undefined) this.waiting.monotonicMs = performance.now();
    this.waiting = undefined;
  }
}

const AT_ONCE: Write = { monotonicMs: Number.NEGATIVE_INFINITY };
