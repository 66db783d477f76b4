// Knows: that several recorders measure the same operations, and that a fault in one does not affect the others.
// Must not know: any recorder.
import type { Batch, BatchOutcome, Command, Outcome } from '../core/events';
import type { BatchFacts, Facts } from '../core/facts';
import type { Recorder, Report } from '../core/recorder';

/** One recorder for all: the first is called for every operation, the others on request. */
export class AllMetrics implements Recorder {
  private others: readonly Recorder[] = [];

  constructor(
    private readonly first: Recorder,
    private readonly report: Report,
  ) {}

  /** @param others called after the first, from now on */
  use(others: readonly Recorder[]): void {
    this.others = others;
  }

  /** All have the same meter. */
  isActive(): boolean {
    return this.first.isActive();
  }

  command(command: Command, outcome: Outcome, facts: Facts): void {
    for (const other of this.others) {
      try {
        other.command(command, outcome, facts);
      } catch (error) {
        this.report('a command could not be measured', error);
      }
    }
    this.first.command(command, outcome, facts);
  }

  batch(batch: Batch, outcome: BatchOutcome, facts: BatchFacts): void {
    for (const other of this.others) {
      try {
        other.batch(batch, outcome, facts);
      } catch (error) {
        this.report('a batch could not be measured', error);
      }
    }
    this.first.batch(batch, outcome, facts);
  }
}
