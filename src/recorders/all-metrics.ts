// Knows: that several recorders follow the same operations, with or without spans, and that a fault in one does not
// affect the others.
// Must not know: any recorder.
import type { Batch, BatchOutcome, Command, Outcome } from '../core/events';
import type { BatchFacts, Facts } from '../core/facts';
import type { OperationMetrics, Recorder, Report } from '../core/recorder';

/** One recorder for all: the first is called for every operation, the others on request. */
export class AllMetrics implements Recorder {
  private others: readonly OperationMetrics[] = [];
  private events: Recorder | undefined;

  constructor(
    private readonly first: Recorder,
    private readonly report: Report,
  ) {}

  /**
   * Sets who else is called, from now on.
   * @param others what has the same meter as the first
   * @param events what does not need a meter
   */
  use(others: readonly OperationMetrics[], events?: Recorder): void {
    this.others = events === undefined ? others : [...others, events];
    this.events = events;
  }

  isActive(): boolean {
    return this.first.isActive() || this.events?.isActive() === true;
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
