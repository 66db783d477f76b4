// Knows: the calls of clusters and sentinels, which run a function on one node after another, and how such a call ends.
// Must not know: which group calls, how a command is followed, spans.
import { handleRejection } from '../../../core/application-functions';
import type { Arguments, BatchKind, ClientFacts, Started } from '../../../core/events';
import type { Tap } from '../../../core/tap';
import { RetriedCall, RetriedCalls } from '../../shared/retried-calls';

/** Sends a call to a node, by one of the methods of its client. */
export type Run = (client: never, options?: unknown) => unknown;

interface Parser {
  readonly redisArgs?: unknown;
}

/** The commands of a batch. */
type Queue = readonly { readonly args: Arguments }[];

export class GroupCalls {
  readonly retried = new RetriedCalls();

  /** @param isPart whether the function that is being called sends a part of a call that is recorded as a whole */
  constructor(
    private readonly tap: Tap,
    private readonly isPart: () => boolean,
  ) {}

  /** undefined: nothing is recorded of it. */
  begin(): RetriedCall | undefined {
    return this.tap.decide() === 'pass' ? undefined : new RetriedCall();
  }

  /** The call has ended, with the error that its caller gets. */
  reject(call: RetriedCall, run: Run, facts: ClientFacts, error: unknown): void {
    if (call.isSent) call.end(error);
    else this.recordUnsent(call, run, facts, error);
  }

  /**
   * A call that was rejected before there was a node for it. Only the library's own function knows what would have been
   * sent. It passes it on to the node that it is given.
   */
  private recordUnsent({ startMonotonicMs }: RetriedCall, run: Run, facts: ClientFacts, error: unknown): void {
    const client = { facts };
    const earlier = <T extends Started>(begun: T): T => {
      return {
        ...begun,
        startTimeMs: begun.startTimeMs - (begun.startMonotonicMs - startMonotonicMs),
        startMonotonicMs,
      };
    };
    const fail = (args: unknown): void => {
      if (this.isPart() || !Array.isArray(args) || args.length === 0) return;
      const command = this.tap.begin(client, args as Arguments);
      if (command !== undefined) this.tap.fail(earlier(command), error);
    };
    const failBatch = (kind: BatchKind, queue: Queue): void => {
      const commands = queue.map(({ args }) => args);
      const start = this.tap.beginBatch(kind, () => commands);
      const ended = { kind, commands, client, failed: true, aborted: false, error, replies: [] };
      if (start !== undefined) this.tap.settleBatch(earlier(start), ended);
    };
    const node = {
      sendCommand: fail,
      _executeCommand: (_command: unknown, { redisArgs }: Parser) => fail(redisArgs),
      _executeScript: (_script: unknown, { redisArgs }: Parser) => fail(redisArgs),
      _executeMulti: (queue: Queue) => failBatch('MULTI', queue),
      _executePipeline: (queue: Queue) => failBatch('PIPELINE', queue),
    };
    try {
      handleRejection(run(node as never));
    } catch {
      // Another method, as WATCH has.
    }
  }
}
