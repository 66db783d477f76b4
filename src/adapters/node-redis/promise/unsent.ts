// Knows: how to record a call that a cluster or sentinel rejected before it had a node to send it to.
// Must not know: how a call is followed, spans.
import { handleRejection } from '../../../core/application-functions';
import type { Arguments, BatchKind, ClientRef, Started } from '../../../core/events';
import type { Tap } from '../../../core/tap';
import type { Run } from './group-calls';

interface Parser {
  readonly redisArgs?: unknown;
}

/** The commands of a batch. */
type Queue = readonly { readonly args: Arguments }[];

/** What is known of a call that was not sent. */
export interface Unsent {
  readonly client: ClientRef;
  readonly startMonotonicMs: number;
  readonly error: unknown;
}

/**
 * Only the library's own function knows what would have been sent. It passes it on to the node that it is given.
 * @param isPart whether the function sends a part of a call that is recorded as a whole, while it runs
 */
export function recordUnsent(tap: Tap, run: Run, unsent: Unsent, isPart: () => boolean): void {
  const command = (args: unknown): void => {
    if (!isPart()) failCommand(tap, args, unsent);
  };
  const node = {
    sendCommand: command,
    _executeCommand: (_command: unknown, { redisArgs }: Parser) => command(redisArgs),
    _executeScript: (_script: unknown, { redisArgs }: Parser) => command(redisArgs),
    _executeMulti: (queue: Queue) => failBatch(tap, 'MULTI', queue, unsent),
    _executePipeline: (queue: Queue) => failBatch(tap, 'PIPELINE', queue, unsent),
  };
  try {
    handleRejection(run(node as never));
  } catch {
    // Another method, as WATCH has.
  }
}

function failCommand(tap: Tap, args: unknown, { client, startMonotonicMs, error }: Unsent): void {
  if (!Array.isArray(args) || args.length === 0) return;
  const command = tap.begin(client, args as Arguments);
  if (command !== undefined) tap.fail({ ...command, ...since(command, startMonotonicMs) }, error);
}

function failBatch(tap: Tap, kind: BatchKind, queue: Queue, { client, startMonotonicMs, error }: Unsent): void {
  const commands = queue.map(({ args }) => args);
  const start = tap.beginBatch(kind, () => commands);
  if (start === undefined) return;
  const ended = { failed: true, aborted: false, error, replies: [] };
  tap.settleBatch({ ...start, ...since(start, startMonotonicMs) }, { kind, commands, client, ...ended });
}

function since(begun: Started, startMonotonicMs: number): Started {
  return { startTimeMs: begun.startTimeMs - (begun.startMonotonicMs - startMonotonicMs), startMonotonicMs };
}
