// Knows: how a transaction or pipeline looks from inside node-redis 4 to 6.
// Must not know: which version called, spans.
import type { Arguments, BatchKind, BatchStart, Write, Writes } from '../core/events';
import type { SettledBatch, Tap } from '../core/operation';
import type { NodeRef } from './command';
import { isRedirect, Redirects } from './redirects';

/** A queued command as the batch executors of redis 4 to 6 take it. */
interface QueuedCommand {
  readonly args: Arguments;
}

/** What is observed while the executor runs. All its `addCommand` calls happen synchronously inside it. */
interface OpenBatch {
  readonly replies: unknown[];
  /** Index the next added command has among the application's: -1 for MULTI itself. */
  next: number;
  queue: object | undefined;
  write: Write | undefined;
}

/** One batch as an executor was asked to run it. */
export interface BatchCall {
  readonly kind: BatchKind;
  /** The executor's first argument, as it came. */
  readonly commands: unknown;
  /** The client's facts; `queue` is the one the commands went to, if they went anywhere. */
  clientOf(queue: object | undefined): NodeRef;
  /** The executor, with its first argument or what is to be sent instead. */
  call(commands: unknown): Promise<unknown>;
  /** The replies in what the executor resolved with; `null` if the transaction was aborted. */
  repliesIn(result: unknown): unknown;
}

type Ended = Pick<SettledBatch, 'failed' | 'aborted' | 'error' | 'replies' | 'endMark'>;

export class Batches {
  // Grouped by a flag around the call, not by chain id: v4 pipelines have none, and an ASK retry has another.
  private open: OpenBatch | undefined;
  private isInside = false;
  private readonly redirects = new Redirects<BatchStart>();

  /** @param writesOf what a queue writes; undefined: that cannot be seen */
  constructor(
    private readonly tap: Tap,
    private readonly writesOf: (queue: object) => Writes | undefined,
  ) {}

  /** Whether the `addCommand` call that runs now belongs to a batch. */
  get inside(): boolean {
    return this.isInside;
  }

  /** Takes note of a command of the batch that runs now. Its rejection stays the executor's to handle. */
  collect(queue: object, promise: Promise<unknown>): void {
    const open = this.open;
    if (open === undefined) return;
    if (open.queue === undefined) {
      open.queue = queue;
      open.write = this.writesOf(queue)?.next();
    }
    const index = open.next++;
    if (index < 0) return;
    const { replies } = open;
    const keep = (reply: unknown): void => {
      replies[index] = reply;
    };
    promise.then(keep, keep);
  }

  /** Runs an executor and settles the batch when it ends. The result and the rejection are the executor's own. */
  execute({ kind, commands, clientOf, call, repliesIn }: BatchCall): Promise<unknown> {
    // A cluster runs a transaction that was redirected once more, with the same list.
    const start =
      (Array.isArray(commands) ? this.redirects.resume(commands) : undefined) ?? this.tap.beginBatch(kind, applicationCommands(commands));
    const open: OpenBatch = { replies: [], next: kind === 'MULTI' ? -1 : 0, queue: undefined, write: undefined };
    const promise = this.enter(start === undefined ? undefined : open, () => call(withSent(commands, start?.sent)));
    if (start === undefined) return promise;
    const list = applicationCommands(commands);
    const settle = (ended: Ended): void => {
      if (list.length === 0 && open.queue === undefined && !ended.failed) return;
      this.tap.settleBatch(start, { kind, commands: list, client: clientOf(open.queue), write: open.write, ...ended });
    };
    return promise.then(
      (result) => {
        const found = repliesIn(result);
        const replies = Array.isArray(found) ? found : [];
        // EXEC answers with the error of a command in its place; the application is told of it as a rejection.
        settle({ failed: replies.some((reply) => reply instanceof Error), aborted: found === null, error: undefined, replies });
        return result;
      },
      (error: unknown) => {
        const aborted = isWatchError(error);
        const ended: Ended = { failed: !aborted, aborted, error, replies: open.replies.slice(0, list.length), endMark: performance.now() };
        const isFollowed = Array.isArray(commands) && isRedirect(error) && clientOf(open.queue).isNode === true;
        if (isFollowed) this.redirects.wait(commands, start, () => settle(ended));
        else settle(ended);
        throw error;
      },
    );
  }

  /** A batch that is not recorded still keeps its commands from being taken for single ones. */
  private enter(open: OpenBatch | undefined, call: () => Promise<unknown>): Promise<unknown> {
    const { open: outerOpen, isInside: outerInside } = this;
    this.open = open;
    this.isInside = true;
    try {
      return call();
    } finally {
      this.open = outerOpen;
      this.isInside = outerInside;
    }
  }
}

/** The list with other arguments where messages carry something; the application's own list stays as it is. */
function withSent(commands: unknown, sent: ReadonlyMap<number, Arguments> | undefined): unknown {
  if (sent === undefined || sent.size === 0 || !Array.isArray(commands)) return commands;
  const list = commands as readonly QueuedCommand[];
  const first = list.length - applicationCommands(list).length > 0 ? 1 : 0;
  return list.map((command, index) => {
    const args = sent.get(index - first);
    return args === undefined ? command : { ...command, args };
  });
}

/** A call with another first argument. */
export function replacing<A extends readonly unknown[]>(call: A, first: unknown): A {
  return call[0] === first ? call : ([first, ...Array.prototype.slice.call(call, 1)] as unknown as A);
}

/** 4.0 hands MULTI and EXEC over among the commands; they are not the application's. */
function applicationCommands(commands: unknown): readonly Arguments[] {
  const list = Array.isArray(commands) ? (commands as readonly QueuedCommand[]).map(({ args }) => args) : [];
  const isWrapped = list.length >= 2 && list[0]?.[0] === 'MULTI' && list[list.length - 1]?.[0] === 'EXEC';
  return isWrapped ? list.slice(1, -1) : list;
}

/** Whether a batch has a SELECT. */
export function selects(commands: unknown): boolean {
  return applicationCommands(commands).some(([name]) => name === 'SELECT');
}

/** The last database a batch selected: one that Redis refused is no database, and may be any text. */
export function selectedBy(commands: unknown, replies: unknown): unknown {
  if (!Array.isArray(replies)) return undefined;
  const selected = applicationCommands(commands).filter(([name], index) => name === 'SELECT' && !(replies[index] instanceof Error));
  return selected[selected.length - 1]?.[1];
}

const WATCH_MESSAGE = /watched keys has been changed|reconnected after WATCH$|in middle of a WATCH Transaction$/;

// Class names die under minification; the messages are node-redis' own.
export function isWatchError(error: unknown): boolean {
  return error instanceof Error && (error.constructor.name === 'WatchError' || WATCH_MESSAGE.test(error.message));
}
