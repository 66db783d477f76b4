// Knows: who is told of an outcome, and that a fault in one recorder affects neither the others nor the application.
// Must not know: when an operation ends, which operations have a span, any recorder.
import type { Batch, BatchOutcome, Command, Connecting, Outcome, ProcessOutcome } from './events';
import type { BatchFacts, Facts, Insights } from './facts';
import type { ConnectRecorder, Recorder, Report } from './recorder';

export class Outcomes {
  constructor(
    private readonly insights: Insights,
    private readonly spans: Recorder & ConnectRecorder,
    private readonly metrics: Recorder,
    /** Called for every command, with or without a span or metrics. */
    private readonly totals: Recorder | undefined,
    private readonly report: Report,
  ) {}

  /** Whether there is somebody who records spans. */
  isTraced(): boolean {
    return this.spans.isActive();
  }

  isMeasured(): boolean {
    return this.metrics.isActive();
  }

  /** Whether an operation without a span is recorded in another way. @param isTraced whether its caller is */
  isFollowed(isTraced: boolean): boolean {
    return this.metrics.isActive() || (this.totals !== undefined && isTraced);
  }

  command(command: Command, outcome: Outcome): void {
    // Check this first: a reader that begins to collect counts what insights say from now on.
    const isMeasured = this.metrics.isActive();
    const facts = this.read(command, outcome, isMeasured);
    if (facts === undefined) return;
    if (command.traced) {
      try {
        this.spans.command(command, outcome, facts);
      } catch (error) {
        this.report('a span could not be recorded', error);
      }
    }
    if (this.totals !== undefined) {
      try {
        this.totals.command(command, outcome, facts);
      } catch (error) {
        this.report('a command could not be added to the totals', error);
      }
    }
    if (!isMeasured) return;
    try {
      this.metrics.command(command, outcome, facts);
    } catch (error) {
      this.report('a metric could not be recorded', error);
    }
  }

  batch(batch: Batch, outcome: BatchOutcome): void {
    const isMeasured = this.metrics.isActive();
    let facts: BatchFacts;
    try {
      facts = this.insights.batch(batch, outcome, isMeasured);
    } catch (error) {
      this.report('a batch could not be read', error);
      return;
    }
    if (this.totals !== undefined) this.tellBatch(this.totals, batch, outcome, facts);
    if (batch.traced) this.tellBatch(this.spans, batch, outcome, facts);
    if (isMeasured) this.tellBatch(this.metrics, batch, outcome, facts);
  }

  connect(connecting: Connecting, outcome: ProcessOutcome): void {
    try {
      this.spans.connect(connecting, outcome);
    } catch (error) {
      this.report('a connection could not be recorded', error);
    }
  }

  private read(command: Command, outcome: Outcome, isCounted: boolean): Facts | undefined {
    try {
      return this.insights.command(command, outcome, isCounted);
    } catch (error) {
      this.report('a command could not be read', error);
      return undefined;
    }
  }

  private tellBatch(recorder: Recorder, batch: Batch, outcome: BatchOutcome, facts: BatchFacts): void {
    try {
      recorder.batch(batch, outcome, facts);
    } catch (error) {
      this.report('a batch could not be recorded', error);
    }
  }
}
