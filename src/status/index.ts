// Knows: when the instrumentation writes its status: only on request.
// Must not know: the content, who reads it.
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
// Not the globals: a test runner may replace them with fake clocks.
import { setInterval } from 'node:timers';
import { threadId } from 'node:worker_threads';
import type { Tracer } from '@opentelemetry/api';
import type { Operation } from '../core/operation';
import type { Report } from '../core/recorder';
import { CountedOperation, Counts } from './counts';
import { STATUS_ENDING, STATUS_VARIABLE, type State, type Status } from './shape';

export { describeProvider } from './provider';
export type { State } from './shape';

const INTERVAL_MS = 100;
const SAID_KEPT = 50;

/** The file to which an instrumentation writes its status. */
export class StatusFile {
  private readonly said: string[] = [];
  private readonly counts: Counts;
  private readonly file: string;

  private constructor(
    folder: string,
    private readonly state: () => State,
    isMeasuring: () => boolean,
  ) {
    this.counts = new Counts(isMeasuring);
    // A test runner has several contexts in one thread, each with an instrumentation.
    this.file = join(folder, `${process.pid}-${threadId}-${Math.random().toString(36).slice(2)}${STATUS_ENDING}`);
    setInterval(() => this.write(), INTERVAL_MS).unref();
    process.once('exit', () => this.write());
  }

  /** undefined: no status was requested, and it costs nothing. */
  static wanted(state: () => State, isMeasuring: () => boolean): StatusFile | undefined {
    const folder = process.env[STATUS_VARIABLE];
    return folder === undefined || folder === '' ? undefined : new StatusFile(folder, state, isMeasuring);
  }

  /** Returns the operation that is to be used, which counts. */
  operation(report: Report): Operation {
    return new CountedOperation(report, this.counts);
  }

  /** Returns the tracer that is to be used, which counts. */
  tracer(source: () => Tracer | undefined): () => Tracer | undefined {
    return this.counts.counting(source);
  }

  say(message: string): void {
    if (this.said.length < SAID_KEPT) this.said.push(message);
  }

  private write(): void {
    try {
      const { spans } = this.counts;
      const counted = { commands: this.counts.commands(), spans, said: this.said };
      const status: Status = { pid: process.pid, thread: threadId, ...this.state(), ...counted };
      writeFileSync(`${this.file}.part`, JSON.stringify(status), { mode: 0o600 });
      renameSync(`${this.file}.part`, this.file);
    } catch {
      // The file cannot be written. The doctor reports what it can see otherwise.
    }
  }
}
