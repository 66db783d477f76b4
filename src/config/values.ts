// Knows: the types of values that options have, as an application sees them.
// Must not know: which options there are, how they are read.

/** Attributes that are written only when asked for. */
export type OptionalAttribute =
  | 'db.redis.key'
  | 'db.redis.args_count'
  | 'db.redis.queue_ms'
  | 'db.redis.wire_ms'
  | 'db.redis.event_loop_delay_ms';

/** `stable`: today's names only. `dup`: the names of before the stable conventions as well. */
export type SemconvMode = 'stable' | 'dup';

/** `all`: every operation that nothing else excludes. `notable`: those that somebody should look at. */
export type SpanChoice = 'all' | 'notable';

/** A client library, by the name of its package. `redis` stands for `@redis/client` too. */
export type ClientName = 'redis' | 'ioredis' | 'iovalkey';

/** What to do about another OpenTelemetry instrumentation of redis in the process. */
export type ConflictMode = 'takeover' | 'stand-down' | 'both';

/** What a `spanName` hook is told. It never sees an argument. */
export interface SpanNameInfo {
  /** `db.operation.name`, for a batch `MULTI GET`, `PIPELINE` … */
  readonly operation: string;
  /** The name the span has without the hook. */
  readonly defaultName: string;
}

/** What an `ignore` hook is told before a command or a batch runs. It sees every argument, secrets included. */
export interface OperationInfo {
  /** `db.operation.name`: `GET`, `CONFIG GET`; for a batch `MULTI` or `PIPELINE`. */
  readonly operation: string;
  /** The arguments behind the name. Empty for a batch, whose commands are not known yet. */
  readonly args: readonly unknown[];
  /** Host name, address or path of the server, as configured. `undefined` for a batch, or where it is not known. */
  readonly serverAddress: string | undefined;
  readonly serverPort: number | undefined;
  /** Index of the database, as a string. */
  readonly database: string | undefined;
}

/** What a `spanHook` is told of the operation that has ended. It sees every argument and reply, secrets included. */
export interface SpanInfo {
  /** `db.operation.name`, for a batch `MULTI GET`, `PIPELINE` … */
  readonly operation: string;
  /** The name and the arguments of each command: one, or those of a batch. */
  readonly commands: readonly (readonly unknown[])[];
  /** How many commands the span stands for. Of several that `compressSpans` joined, `commands` has the first alone. */
  readonly count: number;
  /** The reply; `undefined` for commands that `compressSpans` joined; for a batch the list of replies, in which an `Error` stands where a command failed. */
  readonly reply: unknown;
  readonly failed: boolean;
  /** Why it failed: the reason of the rejection. */
  readonly error: unknown;
  /** From the call to the reply, in milliseconds. */
  readonly durationMs: number;
}
