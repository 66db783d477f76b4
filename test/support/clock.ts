// Knows: how a test has the clock that durations are read from to itself.
// Must not know: what is measured.
import { setTimeout as sleep } from 'node:timers/promises';
import sinon from 'sinon';

/** The monotonic clock of a test. It stands still unless the test moves it: how fast the machine is makes no difference. */
export class Clock {
  /** Time never goes back: the watch of the event loop remembers. */
  private static latestMs = 0;
  private nowMs = Math.max(performance.now(), Clock.latestMs);
  private readonly stub = sinon.stub(performance, 'now').callsFake(() => this.nowMs);

  /** Time passes while the event loop runs. It is never ahead of the loop's timers, which come in time then. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1) {
      await sleep(1);
      this.nowMs += 1;
    }
  }

  /** Time passes, and nothing else can run. */
  block(ms: number): void {
    this.nowMs += ms;
  }

  restore(): void {
    Clock.latestMs = this.nowMs;
    this.stub.restore();
  }
}
