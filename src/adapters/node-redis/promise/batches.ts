// Knows: how a transaction or pipeline looks from inside node-redis 4 to 6.
// Must not know: which version called, spans.
import type { Arguments, BatchKind, BatchStart, ClientFacts, Write, Writes } from '../../../core/events';
import type { SettledBatch, Tap } from '../../../core/operation';
import { type Observer, watch } from '../../shared/observe';
import { isRedirect, Redirects, type SentinelCall, type SentinelCalls } from '../../shared/retried-calls';
import { isSelecting, selected } from './database';
import type { Ending } from './entries';
import type { NodeRef } from './retries';

/** A queued command as the batch executors of redis 4 to 6 take it. */
interface QueuedCommand {
  readonly args: Arguments;
}

/** What is observed while the executor runs. All its `addCommand` calls happen synchronously inside it. */
interface OpenBatch {
  readonly batch: BatchCall;
  readonly isRecorded: boolean;
  /** What each of the application's commands will answer; behind them EXEC. */
  readonly promises: Promise<unknown>[];
  /** Whether the next added command is MULTI itself. */
  isOpening: boolean;
  readonly call: SentinelCall | undefined;
  queue: object | undefined;
  write: Write | undefined;
  /** Where it selects another database: the facts before that. */
  startedIn: ClientFacts | undefined;
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

type Ended = Pick<SettledBatch, 'failed' | 'aborted' | 'error' | 'replies' | 'endMonotonicMs'>;

export class Batches {
  // Grouped by a flag around the call, not by chain id: v4 pipelines have none, and an ASK retry has another.
  private open: OpenBatch | undefined;
  private isInside = false;
  private readonly redirects = new Redirects<BatchStart>();

  /** @param writesOf what a queue writes; undefined: that cannot be seen */
  constructor(
    private readonly tap: Tap,
    private readonly writesOf: (queue: object) => Writes | undefined,
    private readonly calls: SentinelCalls,
  ) {}

  /** Whether the `addCommand` call that runs now belongs to a batch. */
  get inside(): boolean {
    return this.isInside;
  }

  /** A command of the batch that runs now. Who is to be told how it ends, besides the batch: a connection that selects. */
  member(queue: object, args: unknown): Ending | undefined {
    const { open } = this;
    if (open === undefined || !Array.isArray(args)) return undefined;
    const { kind, commands, clientOf } = open.batch;
    const isPipeline = kind === 'PIPELINE';
    if (isPipeline ? !isSelecting(args) : args[0] !== 'EXEC' || !selects(commands)) return undefined;
    const succeed = (reply: unknown): void => {
      const ref = clientOf(queue);
      open.startedIn ??= ref.facts;
      if (isPipeline) selected(ref, args);
      else selectIn(ref, commands, reply);
    };
    return { succeed, fail: () => {} };
  }

  /** What it answers stays the executor's to handle. */
  collect(queue: object, promise: Promise<unknown>): void {
    const { open } = this;
    if (open?.isRecorded !== true) return;
    if (open.queue === undefined) {
      open.queue = queue;
      open.write = this.writesOf(queue)?.next();
    }
    if (open.isOpening) open.isOpening = false;
    else open.promises.push(promise);
  }

  /** Runs an executor and settles the batch when it ends. The promise is the executor's own. */
  execute(batch: BatchCall): Promise<unknown> {
    const { kind, commands, call } = batch;
    // The client has its own way to refuse what is no command, and its own moment.
    if (!areCommands(commands)) return this.enter(undefined, () => call(commands));
    const { sending } = this.calls;
    // A group runs a transaction that was redirected or lost once more, with the same list.
    const resumed = this.redirects.resume(commands, sending);
    const start = resumed ?? this.tap.beginBatch(kind, () => applicationCommands(commands));
    const seen = { isOpening: kind === 'MULTI', call: sending, queue: undefined, write: undefined, startedIn: undefined };
    const open: OpenBatch = { batch, isRecorded: start !== undefined, promises: [], ...seen };
    const promise = this.enter(open, () => call(withSent(commands, start?.sent)));
    // Only those who queue commands call executors, and they wait for them.
    return start === undefined ? promise : watch(promise, this.ending(open, start));
  }

  private ending(open: OpenBatch, start: BatchStart): Observer {
    const { kind, commands, clientOf, repliesIn } = open.batch;
    const list = applicationCommands(commands);
    const settle = (ended: Ended): void => {
      if (list.length === 0 && open.queue === undefined && !ended.failed) return;
      const ref = clientOf(open.queue);
      const client = open.startedIn === undefined ? ref : { facts: open.startedIn };
      this.tap.settleBatch(start, { kind, commands: list, client, write: open.write, ...ended });
    };
    return {
      succeed: (result) => {
        const found = repliesIn(result);
        const replies = Array.isArray(found) ? found : [];
        // EXEC answers with the error of a command in its place; the application is told of it as a rejection.
        settle({ failed: replies.some(isError), aborted: found === null, error: undefined, replies });
      },
      fail: (error) => {
        const endMonotonicMs = performance.now();
        const aborted = isWatchError(error);
        const known = answersOf(open.promises.slice(0, list.length), kind);
        const conclude = async (): Promise<void> => settle({ failed: !aborted, aborted, error, replies: await known, endMonotonicMs });
        const isFollowed = open.call !== undefined || (isRedirect(error) && clientOf(open.queue).isNode === true);
        if (isFollowed) this.redirects.wait(commands as object, start, conclude, open.call);
        else conclude();
      },
    };
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

/**
 * What the commands of a batch that failed have answered by now, for only then it matters. A promise tells in a turn of
 * its own; those that are settled do so before this one. Of a transaction only refusals: what is queued has no answer.
 */
async function answersOf(promises: readonly Promise<unknown>[], kind: BatchKind): Promise<readonly unknown[]> {
  const answers: unknown[] = [];
  for (const [index, promise] of promises.entries()) {
    const keep = (answer: unknown): void => {
      answers[index] = answer;
    };
    promise.then(kind === 'MULTI' ? undefined : keep, keep);
  }
  await undefined;
  return answers.slice();
}

function isError(reply: unknown): boolean {
  return reply instanceof Error;
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
export function replacing<A extends ArrayLike<unknown>>(call: A, first: unknown): A {
  return call[0] === first ? call : ([first, ...Array.prototype.slice.call(call, 1)] as unknown as A);
}

function areCommands(commands: unknown): commands is readonly QueuedCommand[] {
  return Array.isArray(commands) && commands.every((queued) => Array.isArray(queued?.args));
}

/** 4.0 hands MULTI and EXEC over among the commands; they are not the application's. */
function applicationCommands(commands: unknown): readonly Arguments[] {
  const list = areCommands(commands) ? commands.map(({ args }) => args) : [];
  const isWrapped = list.length >= 2 && list[0]?.[0] === 'MULTI' && list[list.length - 1]?.[0] === 'EXEC';
  return isWrapped ? list.slice(1, -1) : list;
}

/** Whether a batch may change the database. */
function selects(commands: unknown): boolean {
  return applicationCommands(commands).some(isSelecting);
}

/** A command that Redis refused selects nothing, and its argument may be any text. */
function selectIn(ref: NodeRef, commands: unknown, replies: unknown): void {
  if (!Array.isArray(replies)) return;
  applicationCommands(commands).forEach((args, index) => {
    if (isSelecting(args) && !isError(replies[index])) selected(ref, args);
  });
}

const WATCH_MESSAGE = /watched keys has been changed|reconnected after WATCH$|in middle of a WATCH Transaction$/;

// Class names die under minification; the messages are node-redis' own.
export function isWatchError(error: unknown): boolean {
  return error instanceof Error && (error.constructor.name === 'WatchError' || WATCH_MESSAGE.test(error.message));
}
