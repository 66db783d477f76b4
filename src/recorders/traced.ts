// Knows: what a recorder of spans is told, and what recorders in front of it add.
// Must not know: any recorder.
import type { Tracer } from '@opentelemetry/api';
import type { Arguments, Command, Outcome } from '../core/events';
import type { Facts, Miss } from '../core/facts';
import type { ConnectRecorder, Recorder } from '../core/recorder';

/** Calls that came one after another, each like the one before. */
export interface Repetition {
  /** With this one. */
  readonly count: number;
  /** undefined: families are not wanted, or there is no key. */
  readonly family: string | undefined;
}

/** Is told of operations whose caller is traced. */
export interface TracedRecorder extends Required<Recorder>, ConnectRecorder {
  /** @param repeated undefined: too few like it came one after another to say so */
  command(command: Command, outcome: Outcome, facts: Facts, repeated?: Repetition): void;
}

/** Writes a run of commands that are alike as one span. */
export interface CompositeRecorder extends TracedRecorder {
  composite(composite: Composite): void;
}

/** A run of commands that are alike. */
export interface Composite {
  /** The one that was answered first. */
  readonly first: Command;
  readonly facts: Facts;
  readonly isLocal: boolean;
  readonly tracer: Tracer;
  /** The arguments of all, with {@link Varying} where they differ. */
  readonly args: Arguments;
  readonly count: number;
  readonly startTimeMs: number;
  /** From the start of the first to the end of the last. */
  readonly durationMs: number;
  readonly sumMs: number;
  readonly maxMs: number;
  readonly hits: number;
  readonly misses: number;
  readonly missHandles: readonly Miss[];
  /** Of all values that were read or written; undefined: that is not known of any. */
  readonly valueBytes: number | undefined;
  readonly family: string | undefined;
  /** As of the last of them. */
  readonly repeated: Repetition | undefined;
}

/** Stands in place of arguments that differ. */
export class Varying {
  /** @param shown what may be shown of all of them */
  constructor(readonly shown: string) {}
}
