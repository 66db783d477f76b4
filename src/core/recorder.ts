// Knows: what a recorder is, and how several live beside each other.
// Must not know: any recorder.
import type { Context } from '@opentelemetry/api';
import type {
  Arguments,
  Batch,
  BatchKind,
  BatchOutcome,
  BatchStart,
  ClientCache,
  ClientFacts,
  Command,
  Connecting,
  Connection,
  Message,
  Outcome,
  Pool,
  ProcessOutcome,
} from './events';
import type { BatchFacts, Facts } from './facts';

/** Writes down what happened. Each recorder is on its own: a throw in one reaches neither the others nor the application. */
export interface Recorder {
  /** Whether anybody listens. Asked once per command, before anything is built: keep it cheap. */
  isActive(): boolean;
  command(command: Command, outcome: Outcome, facts: Facts): void;
  batch(batch: Batch, outcome: BatchOutcome, facts: BatchFacts): void;
  /** The span of a command has to be there now, for its id travels. Returns the context with it; it ends with `command`. */
  open?(command: Command): Context | undefined;
  /** The same for a batch, whose client is not known yet. */
  openBatch?(kind: BatchKind, commands: readonly Arguments[], started: BatchStart): Context | undefined;
}

/** Writes down how clients connect. */
export interface ConnectRecorder {
  isActive(): boolean;
  connect(connecting: Connecting, outcome: ProcessOutcome): void;
}

/** Writes down delivered messages. Told before the listeners run: a span of theirs has to be there already. */
export interface MessageRecorder {
  isActive(): boolean;
  begin(message: Message): Processing;
}

/** One message while its listeners run. */
export interface Processing {
  /** Where the listeners are to run; undefined: it does not matter. */
  readonly context: Context | undefined;
  end(outcome: ProcessOutcome): void;
}

/** What node-redis measures itself at the moment. Ours beside it would be counted twice. */
export interface NativeMetrics {
  /** How long operations take. */
  readonly operations: boolean;
  /** How long connections take to be made. */
  readonly connections: boolean;
  /** How long tasks wait for a connection of a pool. */
  readonly waits: boolean;
  /** What the client-side cache does. */
  readonly cache: boolean;
}

/** Watches the connections of the process, and the caches of its clients. */
export interface ConnectionRecorder {
  watchConnection(connection: Connection): void;
  /** A connection that was lost is ready again. */
  reconnected(server: ClientFacts): void;
  /** A connection was lost, or could not be made. */
  connectionFailed(server: ClientFacts, error: unknown): void;
  watchCache(cache: ClientCache): void;
}

/** Watches the connection pools of the process. */
export interface PoolRecorder {
  /** Whether anybody listens. Where not, nothing is timed. */
  isActive(): boolean;
  watch(pool: Pool): void;
  /** A connection was made. */
  created(pool: Pool, durationMs: number): void;
  /** A task got its connection. */
  waited(pool: Pool, durationMs: number): void;
  /** A task gave its connection back. */
  used(pool: Pool, durationMs: number): void;
  /** A task got none in time. */
  timedOut(pool: Pool): void;
}

/** Reports a fault of ours or of a user's hook: each message once, so that a fault per command is one line. */
export type Report = (message: string, error?: unknown) => void;

/** More messages than a healthy process has; a bound, so that a message that varies cannot grow without end. */
const MAX_MESSAGES = 100;

/** Makes a Report that passes every message on once. Of an error only the class is passed on: its text may hold values. */
export function reportOnce(write: (message: string) => void): Report {
  const written = new Set<string>();
  return (message, error) => {
    const line = error === undefined ? message : `${message} (${error instanceof Error ? error.name : typeof error})`;
    if (written.has(line) || written.size >= MAX_MESSAGES) return;
    written.add(line);
    try {
      write(line);
    } catch {
      // The logger is the user's own, and this is the last place that could have told him.
    }
  };
}
