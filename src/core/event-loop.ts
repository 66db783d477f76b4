// Knows: how long the event loop was blocked lately.
// Must not know: commands, spans.
import timers from 'node:timers';

/** Node's own timers: tests may replace the global ones by a fake clock, or by those of a browser. */
const { clearTimeout, setTimeout } = timers;

/** The interval of the timer while commands are called. */
const INTERVAL_MS = 10;

/** A timer is never exact; shorter delays are ignored. */
const MIN_DELAY_MS = 5;

/** A command that waits long needs no exact answer, and an idle process should sleep. */
const MAX_INTERVAL_MS = 1_000;
const WATCHED_MS = 60_000;

/** The number of remembered delays: more than a second of a process that is always late. */
const MAX_DELAYS = 256;

interface Delay {
  readonly fromMonotonicMs: number;
  readonly toMonotonicMs: number;
}

/**
 * Watches the event loop while commands are called, and for a minute after, at growing intervals. A late timer shows
 * that nothing else could run either. The timer does not keep the process alive. A histogram
 * (`monitorEventLoopDelay`) does not work because commands overlap; the loop's idle time does not either, as a busy
 * loop need not delay anything.
 */
export class EventLoop {
  private timer: NodeJS.Timeout | undefined;
  private slowTimer: NodeJS.Timeout | undefined;
  private sinceMonotonicMs: number | undefined;
  private calledMonotonicMs = 0;
  private dueMonotonicMs = 0;
  private readonly delays: Delay[] = [];
  private next = 0;

  /** Call this outside of a request: a timer keeps the context in which it was created, and passes it on. */
  start(): void {
    this.timer ??= setTimeout(() => this.look(performance.now()), INTERVAL_MS).unref();
  }

  stop(): void {
    clearTimeout(this.timer);
    clearTimeout(this.slowTimer);
    this.timer = undefined;
    this.slowTimer = undefined;
    this.sinceMonotonicMs = undefined;
  }

  /** Called for every command. */
  watch(nowMonotonicMs: number): void {
    this.calledMonotonicMs = nowMonotonicMs;
    if (this.sinceMonotonicMs === undefined) this.sinceMonotonicMs = nowMonotonicMs;
    else if (this.slowTimer === undefined) return;
    else this.note(nowMonotonicMs);
    clearTimeout(this.slowTimer);
    this.slowTimer = undefined;
    this.dueMonotonicMs = nowMonotonicMs + INTERVAL_MS;
    this.timer?.refresh();
  }

  /** Returns the longest delay between two times. undefined: the loop was not watched the whole time. */
  longestDelay(fromMonotonicMs: number, nowMonotonicMs: number): number | undefined {
    if (this.sinceMonotonicMs === undefined || fromMonotonicMs < this.sinceMonotonicMs) return undefined;
    // A delay that is still going on is not recorded yet.
    let longest =
      nowMonotonicMs - this.dueMonotonicMs < MIN_DELAY_MS
        ? 0
        : nowMonotonicMs - Math.max(this.dueMonotonicMs, fromMonotonicMs);
    for (const delay of this.delays)
      longest = Math.max(longest, delay.toMonotonicMs - Math.max(delay.fromMonotonicMs, fromMonotonicMs));
    return longest;
  }

  private look(nowMonotonicMs: number): void {
    if (this.sinceMonotonicMs === undefined) return;
    this.note(nowMonotonicMs);
    const idleMs = nowMonotonicMs - this.calledMonotonicMs;
    const intervalMs = Math.min(Math.max(INTERVAL_MS, idleMs / 10), MAX_INTERVAL_MS);
    this.dueMonotonicMs = nowMonotonicMs + intervalMs;
    if (idleMs > WATCHED_MS) this.sinceMonotonicMs = undefined;
    else if (intervalMs > INTERVAL_MS)
      this.slowTimer = setTimeout(() => this.look(performance.now()), intervalMs).unref();
    else {
      this.slowTimer = undefined;
      this.timer?.refresh();
    }
  }

  private note(nowMonotonicMs: number): void {
    if (nowMonotonicMs - this.dueMonotonicMs < MIN_DELAY_MS) return;
    this.delays[this.next] = { fromMonotonicMs: this.dueMonotonicMs, toMonotonicMs: nowMonotonicMs };
    this.next = (this.next + 1) % MAX_DELAYS;
  }
}
