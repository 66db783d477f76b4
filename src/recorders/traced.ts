// Knows: the interface of span recorders, and what recorders before them add.
// Must not know: any recorder.
import type { Tracer } from '@opentelemetry/api';
import type { Arguments, Command, Outcome } from '../core/events';
import type { Facts, Miss } from '../core/facts';
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

/** Records a run of similar commands as one span. */
export interface CompositeRecorder extends TracedRecorder {
  composite(composite: Composite): void;
}

/** A run of similar commands. */
export interface Composite {
  /** The command that ended first. */
  readonly first: Command;
  readonly facts: Facts;
  readonly isLocal: boolean;
  readonly tracer: Tracer;
  /** The common arguments, with {@link Varying} where they differ. */
  readonly args: Arguments;
  readonly count: number;
  readonly startTimeMs: number;
  /** From the start of the first to the end of the last, in milliseconds. */
  readonly durationMs: number;
  readonly sumMs: number;
  readonly maxMs: number;
  readonly hits: number;
  readonly misses: number;
  readonly missHandles: readonly Miss[];
  /** The total size of read or written values; undefined: no size is known. */
  readonly valueBytes: number | undefined;
  readonly family: string | undefined;
  /** The repetition as of the last command. */
  readonly repeated: Repetition | undefined;
}

/** Takes the place of arguments that differ. */
export class Varying {
  /** @param shown the text that may be shown for all of them */
  constructor(readonly shown: string) {}
}
