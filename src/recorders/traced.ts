// Knows: the interface of span recorders, and what recorders before them add.
// Must not know: any recorder.
import type { Context } from '@opentelemetry/api';
import type {
  Arguments,
  Batch,
  BatchKind,
  BatchOutcome,
  BatchStart,
  Command,
  Connecting,
  Outcome,
  ProcessOutcome,
} from '../core/events';
import type { BatchFacts, Facts } from '../core/facts';
import type { ConnectRecorder, Recorder } from '../core/recorder';

/** Similar calls that followed each other. */
export interface Repetition {
  /** Including this one. */
  readonly count: number;
  /** undefined: families are off, or there is no key. */
  readonly family: string | undefined;
}

/** Called for operations whose caller is traced. */
export interface TracedRecorder extends Required<Recorder>, ConnectRecorder {
  /** @param repeated undefined: too few similar calls to report */
  command(command: Command, outcome: Outcome, facts: Facts, repeated?: Repetition): void;
}

/** Passes all calls on. Subclasses override those that they change. */
export class PassingRecorder<Next extends TracedRecorder = TracedRecorder> implements TracedRecorder {
  constructor(protected readonly next: Next) {}

  isActive(): boolean {
    return this.next.isActive();
  }

  command(command: Command, outcome: Outcome, facts: Facts, repeated?: Repetition): void {
    this.next.command(command, outcome, facts, repeated);
  }

  batch(batch: Batch, outcome: BatchOutcome, facts: BatchFacts): void {
    this.next.batch(batch, outcome, facts);
  }

  connect(connecting: Connecting, outcome: ProcessOutcome): void {
    this.next.connect(connecting, outcome);
  }

  open(command: Command): Context | undefined {
    return this.next.open(command);
  }

  openBatch(kind: BatchKind, commands: readonly Arguments[], started: BatchStart): Context | undefined {
    return this.next.openBatch(kind, commands, started);
  }
}

/** Takes the place of arguments that differ. */
export class Varying {
  /** @param shown the text that may be shown for all of them */
  constructor(readonly shown: string) {}
}
