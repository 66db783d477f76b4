// Knows: for how long the event loop was held up, lately.
// Must not know: commands, spans.
import timers from 'node:timers';

/** Node's own: a test of the application may put a clock of its own, or that of a browser, in place of the global ones. */
const { clearTimeout, setTimeout } = timers;

/** How often it is looked at while commands are called. */
const INTERVAL_MS = 10;

/** A timer is never quite on time. */
const MIN_DELAY_MS = 5;

/** A reply that is waited for long needs no exact answer, and an idle process is to be left to sleep. */
const MAX_INTERVAL_MS = 1_000;
const WATCHED_MS = 60_000;

/** Delays that are remembered: more than a second of a process that is never on time. */
const MAX_DELAYS = 256;

interface Delay {
  readonly fromMark: number;
  readonly toMark: number;
}

/**
 * Watches the event loop while commands are called, and for a minute after, ever more rarely: a timer that is late tells
 * that nothing else could run either. It keeps no process alive. A histogram (`monitorEventLoopDelay`) would not do, for
 * commands overlap; nor would the loop's idle time, for a loop that is busy with many things keeps nothing waiting.
 */
export class EventLoop {
  private timer: NodeJS.Timeout | undefined;
  private slowTimer: NodeJS.Timeout | undefined;
  private sinceMark: number | undefined;
  private calledMark = 0;
  private dueMark = 0;
  private readonly delays: Delay[] = [];
  private next = 0;

  /** To be called where no request is: a timer keeps the context in which it was made, and gives it to those it makes. */
  start(): void {
    this.timer ??= setTimeout(() => this.look(performance.now()), INTERVAL_MS).unref();
  }

  stop(): void {
    clearTimeout(this.timer);
    clearTimeout(this.slowTimer);
    this.timer = undefined;
    this.slowTimer = undefined;
    this.sinceMark = undefined;
  }

  /** A command is called. */
  watch(nowMark: number): void {
    this.calledMark = nowMark;
    if (this.sinceMark === undefined) this.sinceMark = nowMark;
    else if (this.slowTimer === undefined) return;
    else this.note(nowMark);
    clearTimeout(this.slowTimer);
    this.slowTimer = undefined;
    this.dueMark = nowMark + INTERVAL_MS;
    this.timer?.refresh();
  }

  /** The longest delay from then to now. undefined: it was not watched all the time. */
  longestDelay(fromMark: number, nowMark: number): number | undefined {
    if (this.sinceMark === undefined || fromMark < this.sinceMark) return undefined;
    // One that goes on is not noted yet.
    let longest = nowMark - this.dueMark < MIN_DELAY_MS ? 0 : nowMark - Math.max(this.dueMark, fromMark);
    for (const delay of this.delays) longest = Math.max(longest, delay.toMark - Math.max(delay.fromMark, fromMark));
    return longest;
  }

  private look(nowMark: number): void {
    if (this.sinceMark === undefined) return;
    this.note(nowMark);
    const idleMs = nowMark - this.calledMark;
    const intervalMs = Math.min(Math.max(INTERVAL_MS, idleMs / 10), MAX_INTERVAL_MS);
    this.dueMark = nowMark + intervalMs;
    if (idleMs > WATCHED_MS) this.sinceMark = undefined;
    else if (intervalMs > INTERVAL_MS) this.slowTimer = setTimeout(() => this.look(performance.now()), intervalMs).unref();
    else {
      this.slowTimer = undefined;
      this.timer?.refresh();
    }
  }

  private note(nowMark: number): void {
    if (nowMark - this.dueMark < MIN_DELAY_MS) return;
    this.delays[this.next] = { fromMark: this.dueMark, toMark: nowMark };
    this.next = (this.next + 1) % MAX_DELAYS;
  }
}
