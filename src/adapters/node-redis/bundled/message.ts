// Knows: what node-redis publishes on its diagnostics channels.
// Must not know: what becomes of it.

/**
 * A message that node-redis publishes. It is one object from a command's start to its end, to which the outcome is
 * added.
 */
export interface Message {
  readonly clientId?: unknown;
  readonly serverAddress?: unknown;
  readonly serverPort?: unknown;
  readonly database?: unknown;
  readonly args?: unknown;
  readonly batchMode?: unknown;
  readonly batchSize?: unknown;
  readonly reason?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
}
