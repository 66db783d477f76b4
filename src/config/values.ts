// Knows: the types of option values, as an application sees them.
// Must not know: which options there are, how they are read.

/** Attributes that are written only on request. */
export type OptionalAttribute =
  | 'db.redis.key'
  | 'db.redis.args_count'
  | 'db.query.summary'
  | 'db.response.returned_rows'
  | 'db.redis.queue_ms'
  | 'db.redis.wire_ms'
  | 'db.redis.event_loop_delay_ms';

/** `stable`: only the current names. `dup`: also the names from before the stable conventions. */
export type SemconvMode = 'stable' | 'dup';

/** `all`: every operation that no other option excludes. `notable`: only those that need attention. */
export type SpanChoice = 'all' | 'notable';

/** A client library, by the name of its package. `redis` also stands for `@redis/client`. */
export type ClientName = 'redis' | 'ioredis' | 'iovalkey';

/** What to do about another OpenTelemetry instrumentation of redis in the process. */
export type ConflictMode = 'takeover' | 'stand-down' | 'both';

/** The input of a `spanName` hook. It never contains an argument. */
export interface SpanNameInfo {
  /** `db.operation.name`; for a batch `MULTI GET`, `PIPELINE` … */
  readonly operation: string;
  /** The name of the span without the hook. */
  readonly defaultName: string;
}

/** The input of an `ignore` hook before a command or a batch runs. It contains every argument, secrets included. */
export interface OperationInfo {
  /** `db.operation.name`: `GET`, `CONFIG GET`; for a batch `MULTI` or `PIPELINE`. */
  readonly operation: string;
  /** The arguments after the name. Empty for a batch, whose commands are not known yet. */
  readonly args: readonly unknown[];
  /** Host name, address or path of the server, as configured. `undefined` for a batch, or if it is not known. */
  readonly serverAddress: string | undefined;
  readonly serverPort: number | undefined;
  /** Index of the database, as a string. */
  readonly database: string | undefined;
}

/** The input of a `requestHook`. It contains every argument, secrets included. */
export interface RequestInfo {
  /** The name of the command, as the client sends it. */
  readonly cmdName: string;
  readonly cmdArgs: Array<string | Buffer>;
}

/** The input of a `spanHook` after the operation. It contains every argument and reply, secrets included. */
export interface SpanInfo {
  /** `db.operation.name`; for a batch `MULTI GET`, `PIPELINE` … */
  readonly operation: string;
  /** The name and the arguments of each command: a single one, or those of a batch. */
  readonly commands: readonly (readonly unknown[])[];
  /**
   * The number of commands that the span represents. If `compressSpans` joined several, `commands` has only the
   * first.
   */
  readonly count: number;
  /**
   * The reply; `undefined` for commands that `compressSpans` joined. For a batch it is the list of replies, with an
   * `Error` for each failed command.
   */
  readonly reply: unknown;
  readonly failed: boolean;
  /** The reason of the rejection, if it failed. */
  readonly error: unknown;
  /** The time from the call to the reply, in milliseconds. */
  readonly durationMs: number;
}
