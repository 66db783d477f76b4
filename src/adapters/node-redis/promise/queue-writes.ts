// Knows: when the queues of redis 4 to 6 write their commands to the socket.
// Must not know: who asks for it, spans.
import type { Write, Writes } from '../../../core/events';
import type { Observer } from '../../shared/observe';

/**
 * The writes of one queue. While its socket accepts all data, each write empties the queue: one time serves all
 * commands that waited for it. If the socket was behind, later writes take the commands that were left, in order, and
 * they are answered in that order. So the reply to the first command of a write shows that it and the commands after it
 * were written then. No other command is touched: only a slow one looks up its time, when it is answered.
 */
export class QueueWrites implements Writes {
  /** When the commands that are answered now were written, if an earlier write had left them. */
  leftUntilMonotonicMs = Number.NEGATIVE_INFINITY;
  private waiting: QueueWrite | undefined;
  private isBehind = false;

  next(): Write {
    this.waiting ??= new QueueWrite(this);
    return this.waiting;
  }

  /** The last write may have left commands: the socket was full, or the connection was lost. */
  leave(): void {
    this.isBehind = true;
  }

  /** Begins a write. Returns an observer for the first command that it takes; undefined: the last write left none. */
  begin(): Observer | undefined {
    if (this.waiting === undefined && !this.isBehind) return undefined;
    const nowMonotonicMs = performance.now();
    if (this.waiting !== undefined) this.waiting.begunMonotonicMs = nowMonotonicMs;
    this.waiting = undefined;
    if (!this.isBehind) return undefined;
    this.isBehind = false;
    const answered = (): void => {
      this.leftUntilMonotonicMs = nowMonotonicMs;
    };
    return { succeed: answered, fail: answered };
  }
}

/** The first write after some commands were called. */
class QueueWrite implements Write {
  begunMonotonicMs = Number.POSITIVE_INFINITY;

  constructor(private readonly writes: QueueWrites) {}

  get monotonicMs(): number {
    return Math.max(this.begunMonotonicMs, this.writes.leftUntilMonotonicMs);
  }
}
