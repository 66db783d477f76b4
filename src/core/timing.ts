// Knows: how the time of an operation was spent, and for which operations that is measured.
// Must not know: how a write is observed, spans.
import { EventLoop } from './event-loop';
import type { Command, Started, Timing, Write, Writes } from './events';

type Timed = Started & Pick<Command, 'traced'>;

/** Separates the time in the queue from the time on the wire, and the delay of the event loop from both. */
export class Timings {
  private readonly loop = new EventLoop();
  private timedFromMs = Number.POSITIVE_INFINITY;
  private isOn = false;
  private isStarted = false;

  /** @param timedFromMs from this duration on the timing is reported, in milliseconds; Infinity: never */
  use(timedFromMs: number): void {
    this.timedFromMs = timedFromMs;
    this.isOn = timedFromMs !== Number.POSITIVE_INFINITY;
    if (this.isStarted) this.start();
  }

  start(): void {
    this.isStarted = true;
    if (this.isOn) this.loop.start();
    else this.loop.stop();
  }

  stop(): void {
    this.isStarted = false;
    this.loop.stop();
  }

  /** Called for every traced command. It only reads the connection, and allocates nothing. */
  begin(startMonotonicMs: number, writes: Writes | undefined): Write | undefined {
    if (!this.isOn) return undefined;
    this.loop.watch(startMonotonicMs);
    return writes?.next();
  }

  of({ traced, startMonotonicMs }: Timed, write: Write | undefined, durationMs: number): Timing | undefined {
    if (!traced || durationMs < this.timedFromMs) return undefined;
    const eventLoopDelayMs = this.loop.longestDelay(startMonotonicMs, startMonotonicMs + durationMs);
    const writtenMonotonicMs = write?.monotonicMs;
    if (writtenMonotonicMs === undefined) return { queueMs: undefined, wireMs: undefined, eventLoopDelayMs };
    const queueMs = Math.min(Math.max(0, writtenMonotonicMs - startMonotonicMs), durationMs);
    return { queueMs, wireMs: durationMs - queueMs, eventLoopDelayMs };
  }
}
