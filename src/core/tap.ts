// Knows: what adapters tell of an operation, and in which order.
// Must not know: what is recorded of it.
import type {
  Arguments,
  Batch,
  BatchKind,
  BatchOutcome,
  BatchStart,
  ClientRef,
  Command,
  Connecting,
  Write,
} from './events';

/** What happens to an operation that is called now: it has a span, it is only counted, or it is not recorded. */
export type Decision = 'trace' | 'count' | 'pass';

/** Whether the operations or messages of one library are recorded. It is stopped until `start` is called. */
export interface Switch {
  start(): void;
  stop(): void;
}

/** The interface for adapters: decide → remember → (the call) → settle. */
export interface Tap {
  /** The cheapest check. It is called before anything else about a command is read. */
  decide(): Decision;
  /**
   * undefined: call directly, nothing is recorded.
   * @param decision the result of `decide`, if it was called
   * @param procedure the application's own name of the script, if the library knows it
   */
  begin(client: ClientRef, args: Arguments, decision?: Decision, procedure?: string): Command | undefined;
  /** Whether `beginInternal` has to be called. Check this if preparing the call costs something. */
  readonly wantsInternal: boolean;
  /** Begins a command that the client sends by itself. undefined: nothing is recorded. */
  beginInternal(client: ClientRef, args: Arguments): Command | undefined;
  /** @param isLocal the client answered from its own cache; default false */
  succeed(command: Command, reply: unknown, isLocal?: boolean): void;
  /** @param endMonotonicMs the end, on the monotonic clock; default now */
  fail(command: Command, error: unknown, endMonotonicMs?: number): void;
  /** Begins the connect of a client. undefined: nothing is recorded. */
  beginConnect(client: ClientRef): Connecting | undefined;
  settleConnect(connecting: Connecting, failed: boolean, error: unknown): void;
  /** @param commandsOf called for the commands, if they can be known and are needed already */
  beginBatch(kind: BatchKind, commandsOf?: () => readonly Arguments[]): BatchStart | undefined;
  /** Returns what is sent in place of a command that joins a batch which has begun; undefined: the command itself. */
  injectMember(start: BatchStart, args: Arguments): Arguments | undefined;
  /** The commands of a batch are known now, which were not when it began. */
  completeBatch(start: BatchStart, commands: readonly Arguments[]): BatchStart;
  /** Handles the reply of one command that the application gets before the batch has ended. */
  extractMember(start: BatchStart, index: number, reply: unknown, client: ClientRef): void;
  settleBatch(start: BatchStart, settled: SettledBatch): void;
}

/** What an adapter knows at the end of a batch. */
export interface SettledBatch extends Omit<BatchOutcome, 'durationMs' | 'timing'> {
  readonly kind: BatchKind;
  readonly commands: readonly Arguments[];
  readonly size?: Batch['size'];
  readonly isMasked?: true;
  readonly client: ClientRef;
  /** The write that sent its first command. */
  readonly write?: Write | undefined;
  /** The end, on the monotonic clock; default now. */
  readonly endMonotonicMs?: number;
  readonly resends?: Batch['resends'];
  /** See Command: of its only command. */
  readonly script?: Command['script'];
  readonly procedure?: Command['procedure'];
}
