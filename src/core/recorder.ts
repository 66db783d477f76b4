// Knows: the interfaces of recorders.
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

/** Records what happened. If one recorder throws, neither the others nor the application are affected. */
export interface Recorder {
  /** Whether anything is recorded. Called once per command, before anything is built, so it must be cheap. */
  isActive(): boolean;
  command(command: Command, outcome: Outcome, facts: Facts): void;
  batch(batch: Batch, outcome: BatchOutcome, facts: BatchFacts): void;
  /** Starts the span of a command early, because its id is sent. Returns the context with it; `command` ends it. */
  open?(command: Command): Context | undefined;
  /** The same for a batch, whose client is not known yet. */
  openBatch?(kind: BatchKind, commands: readonly Arguments[], started: BatchStart): Context | undefined;
}

/** Measures operations while there is a meter. */
export type OperationMetrics = Pick<Recorder, 'command' | 'batch'>;

/** Records how clients connect. */
export interface ConnectRecorder {
  isActive(): boolean;
  connect(connecting: Connecting, outcome: ProcessOutcome): void;
}

/** Records delivered messages. It is called before the listeners run: their spans need the parent. */
export interface MessageRecorder {
  isActive(): boolean;
  begin(message: Message): Processing;
}

/** One message while its listeners run. */
export interface Processing {
  /** The context in which the listeners run; undefined: the current one. */
  readonly context: Context | undefined;
  end(outcome: ProcessOutcome): void;
}

/** What node-redis measures itself at the moment. Our own metric beside it would count twice. */
export interface NativeMetrics {
  /** Durations of operations. */
  readonly operations: boolean;
  /** Durations of connecting. */
  readonly connections: boolean;
  /** The times that tasks wait for a connection of a pool. */
  readonly waits: boolean;
  /** The client-side cache. */
  readonly cache: boolean;
  /** Errors, and what servers announce of their maintenance. */
  readonly errors: boolean;
  /** Why connections are closed. */
  readonly closed: boolean;
  /** Messages of channels. */
  readonly pubSub: boolean;
  /** How late entries of streams are read. */
  readonly streams: boolean;
}

/** In the words of node-redis. */
export type CloseReason = 'application_close' | 'error';

/** What a server announces, and what its client makes of it. The server is undefined if the client is not known. */
export interface MaintenanceRecorder {
  /** @param notification as the server calls it: `MOVING` */
  notified(notification: string, server: ClientFacts | undefined): void;
  handedOff(server: ClientFacts | undefined): void;
  /** @param by 1: a time out was made longer; -1: it is as it was */
  relaxed(by: number, server: ClientFacts | undefined): void;
}

/** Watches the connections of the process, and the caches of its clients. */
export interface ConnectionRecorder {
  watchConnection(connection: Connection): void;
  /** A lost connection is ready again. */
  reconnected(server: ClientFacts): void;
  /** A connection was lost, or could not be made. */
  connectionFailed(server: ClientFacts, error: unknown): void;
  /**
   * A connection that was ready is not there any more: the application closed it, or it was lost.
   * @param error why it was lost
   */
  connectionClosed(server: ClientFacts, reason: CloseReason, error?: unknown): void;
  watchCache(cache: ClientCache): void;
  /** A client's own cache gave up entries. @param reason in the words of node-redis */
  evicted(reason: string, count: number): void;
}

/** Watches the connection pools of the process. */
export interface PoolRecorder {
  /** Whether anything is recorded. Otherwise nothing is timed. */
  isActive(): boolean;
  watch(pool: Pool): void;
  /** A connection was made. */
  created(pool: Pool, durationMs: number): void;
  /** A task got its connection. */
  waited(pool: Pool, durationMs: number): void;
  /** A task returned its connection. */
  used(pool: Pool, durationMs: number): void;
  /** A task got no connection in time. */
  timedOut(pool: Pool): void;
}

/** Reports a fault of ours or of a user's hook. Each message is reported once, so a fault per command is one line. */
export type Report = (message: string, error?: unknown) => void;

/** More messages than a healthy process has. The limit keeps variable messages from using up memory. */
const MAX_MESSAGES = 100;

/**
 * Returns a Report that passes every message on once. Only the class of an error is passed on: its text may hold
 * values.
 */
export function reportOnce(write: (message: string) => void): Report {
  const written = new Set<string>();
  return (message, error) => {
    const line = error === undefined ? message : `${message} (${error instanceof Error ? error.name : typeof error})`;
    if (written.has(line) || written.size >= MAX_MESSAGES) return;
    written.add(line);
    try {
      write(line);
    } catch {
      // The user's own logger failed, and there is no other place to report it.
    }
  };
}
