// Knows: what a log record of ours consists of, and who takes it. The API has these types from 1.10 on; before, they
// are in a package that we do not depend on.
// Must not know: when a record is written, or what is in it.
import type { Attributes, Context } from '@opentelemetry/api';

export interface LogRecord {
  readonly eventName: string;
  /** Milliseconds of the wall clock. */
  readonly timestamp: number;
  readonly severityNumber: number;
  /** The text that is displayed. */
  readonly body: string;
  readonly attributes: Attributes;
  readonly context: Context;
}

/** The part of a logger that we use. */
export interface Logger {
  emit(record: LogRecord): void;
}
