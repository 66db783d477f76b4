// Knows: how a transaction or pipeline is executed inside node-redis 4 to 6.
// Must not know: which version called, spans.
import type { Arguments, BatchKind, BatchStart, ClientFacts, Write, Writes } from '../../../core/events';
import type { SettledBatch, Tap } from '../../../core/tap';
import { Ambient } from '../../shared/ambient';
import { type Observer, watch } from '../../shared/observe';
import type { RetriedCall, RetriedCalls } from '../../shared/retried-calls';
import { isSelecting, selected, selecting } from './database';
import { both } from './entries';
import type { NodeRef } from './retries';

/** A queued command, as the batch executors of redis 4 to 6 get it. */
interface QueuedCommand {
  readonly args: Arguments;
}

/** What is observed while the executor runs. All its `addCommand` calls happen synchronously inside it. */
interface OpenBatch {
  readonly batch: BatchCall;
  readonly isRecorded: boolean;
  /** Whether one of its commands may change the database. */
  readonly selects: boolean;
  /** The promises of the application's commands, then that of EXEC. */
  readonly promises: Promise<unknown>[];
  /** Whether the next added command is MULTI itself. */
  isOpening: boolean;
  readonly call: RetriedCall | undefined;
  queue: object | undefined;
  write: Write | undefined;
  /** The facts at its first reply: what it selects comes after them. */
  startedIn: ClientFacts | undefined;
}

/** One call of a batch executor. */
export interface BatchCall {
  readonly kind: BatchKind;
  /** The executor's first argument, unchanged. */
  readonly commands: unknown;
  /** Whether the private loop of a cluster sends batches again. */
  readonly isLooped: boolean;
  /** The client's facts; `queue` is the one that the commands were sent to, if they were sent. */
  clientOf(queue: object | undefined): NodeRef;
  /** Calls the executor with its first argument, or with what is to be sent instead. */
  call(commands: unknown): Promise<unknown>;
  /** Returns the replies within the executor's result; `null` if the transaction was aborted. */
  repliesIn(result: unknown): unknown;
}

/** Commands of a batch that cannot be read must not be taken for single commands. */
const UNKNOWN = Symbol('unknown');

type Ended = Pick<SettledBatch, 'failed' | 'aborted' | 'error' | 'replies' | 'endMonotonicMs'>;

export class Batches {
  // A flag around the call groups the commands, not the chain id: v4 pipelines have none, and an ASK retry has
  // another.
  private readonly open = new Ambient<OpenBatch | typeof UNKNOWN>();

  /** @param writesOf returns the writes of a queue; undefined: they cannot be observed */
  constructor(
    private readonly tap: Tap,
    private readonly writesOf: (queue: object) => Writes | undefined,
    private readonly calls: RetriedCalls,
  ) {}

  /** Whether the current `addCommand` call belongs to a batch. */
  get inside(): boolean {
    return this.open.current !== undefined;
  }

  /** Whether the next command of the running batch may need an observer. */
  get isObserving(): boolean {
    const open = this.open.current;
    return open !== undefined && open !== UNKNOWN && (open.selects || (open.isRecorded && open.queue === undefined));
  }

  /** Begins a command of the running batch. Most need no observer. */
  member(queue: object, args: unknown): Observer | undefined {
    const open = this.open.current;
    if (open === undefined || open === UNKNOWN) return undefined;
    return both(this.first(open, queue), selectingMember(open, queue, args));
  }

  /** The executor's promise settles later than its commands: by then, later writes may have been answered too. */
  private first(open: OpenBatch, queue: object): Observer | undefined {
    if (!open.isRecorded || open.queue !== undefined) return undefined;
    open.queue = queue;
    const write = this.writesOf(queue)?.next();
    open.write = write;
    const settle = (): void => {
      open.write = write && { monotonicMs: write.monotonicMs };
      open.startedIn = open.batch.clientOf(queue).facts;
    };
    return { succeed: settle, fail: settle };
  }

  /** The executor still handles the promise. */
  collect(promise: Promise<unknown>): void {
    const open = this.open.current;
    if (open === undefined || open === UNKNOWN || !open.isRecorded) return;
    if (open.isOpening) open.isOpening = false;
    else open.promises.push(promise);
  }

  /** Runs an executor and ends the batch when it ends. Returns the executor's own promise. */
  execute(batch: BatchCall): Promise<unknown> {
    const { kind, call } = batch;
    const selects = doSelect(batch.commands);
    // The client refuses invalid commands in its own way, at its own time.
    if (selects === undefined) return this.open.run(UNKNOWN, () => call(batch.commands));
    const commands = batch.commands as readonly QueuedCommand[];
    // A group runs a transaction that was redirected or lost once more.
    const retried = this.calls.of(commands);
    let list: readonly Arguments[] | undefined;
    const listOf = (): readonly Arguments[] => {
      list ??= applicationCommands(commands);
      return list;
    };
    const start = retried?.goOn<BatchStart>() ?? this.tap.beginBatch(kind, listOf);
    const open: OpenBatch = {
      batch,
      isRecorded: start !== undefined,
      selects,
      promises: [],
      isOpening: kind === 'MULTI',
      call: retried,
      queue: undefined,
      write: undefined,
      startedIn: undefined,
    };
    const promise = this.open.run(open, () => call(withSent(commands, start?.sent)));
    // Only code that queues commands calls executors, and it handles the promise.
    return start === undefined ? promise : watch(promise, this.ending(open, start, listOf()));
  }

  private ending(open: OpenBatch, start: BatchStart, list: readonly Arguments[]): Observer {
    const { kind, commands, isLooped, clientOf, repliesIn } = open.batch;
    const settle = ({ failed, aborted, error, replies, endMonotonicMs }: Ended): void => {
      if (list.length === 0 && open.queue === undefined && !failed) return;
      const ref = clientOf(open.queue);
      const { startedIn = ref.facts } = open;
      const client = startedIn === ref.facts ? ref : { facts: startedIn };
      // Written out: object spread is slow until it is compiled, which takes thousands of batches.
      this.tap.settleBatch(start, {
        kind,
        commands: list,
        client,
        write: open.write,
        resends: open.call?.resends,
        failed,
        aborted,
        error,
        replies,
        endMonotonicMs,
      });
    };
    return {
      succeed: (result) => {
        const found = repliesIn(result);
        const replies = Array.isArray(found) ? found : [];
        // EXEC returns the error of a command in its place; the application gets it as a rejection.
        settle({ failed: replies.some(isError), aborted: found === null, error: undefined, replies });
      },
      fail: (error) => {
        const known = answersOf(open.promises.slice(0, list.length), kind);
        const end = async (final: unknown): Promise<void> => {
          const endMonotonicMs = performance.now();
          const aborted = isWatchError(final);
          // What its commands were told in the last attempt is not why the client gave up.
          const replies = final === error ? await known : [];
          settle({ failed: !aborted, aborted, error: final, replies, endMonotonicMs });
        };
        const loop = isLooped ? clientOf(open.queue).loop : undefined;
        this.calls.fail(commands as object, open.call, loop, { begun: start, error, end });
      },
    };
  }
}

/** Observes a command that selects the database of its connection. */
function selectingMember(open: OpenBatch, queue: object, args: unknown): Observer | undefined {
  if (!open.selects || !Array.isArray(args)) return undefined;
  const { kind, commands, clientOf } = open.batch;
  const isPipeline = kind === 'PIPELINE';
  if (isPipeline ? !isSelecting(args) : args[0] !== 'EXEC') return undefined;
  if (isPipeline) return selecting(clientOf(queue), args);
  // A refused command selects nothing, and its argument may be any text.
  const succeed = (replies: unknown): void => {
    if (!Array.isArray(replies)) return;
    applicationCommands(commands as readonly QueuedCommand[]).forEach((command, index) => {
      if (isSelecting(command) && !isError(replies[index])) selected(clientOf(queue), command);
    });
  };
  return { succeed, fail: () => {} };
}

/**
 * Returns the replies that the commands of a failed batch have got by now. A promise settles in a turn of its own;
 * those that are settled do so before this one. For a transaction only refusals count: a queued command has no reply.
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

/** Returns the list with other arguments where messages carry context. The application's own list does not change. */
function withSent(commands: readonly QueuedCommand[], sent: ReadonlyMap<number, Arguments> | undefined): unknown {
  if (sent === undefined || sent.size === 0) return commands;
  const first = isWrapped(commands) ? 1 : 0;
  return commands.map((command, index) => {
    const args = sent.get(index - first);
    return args === undefined ? command : { ...command, args };
  });
}

/** Returns the arguments of a call, with another first one. */
export function replacing<A extends ArrayLike<unknown>>(call: A, first: unknown): A {
  return call[0] === first ? call : ([first, ...Array.prototype.slice.call(call, 1)] as unknown as A);
}

/** Whether one of the commands may change the database; undefined: they are no commands. */
function doSelect(commands: unknown): boolean | undefined {
  if (!Array.isArray(commands)) return undefined;
  let selects = false;
  for (const queued of commands) {
    if (!Array.isArray(queued?.args)) return undefined;
    selects ||= isSelecting(queued.args);
  }
  return selects;
}

/** Version 4.0 passes MULTI and EXEC among the commands; they are not the application's. */
function applicationCommands(commands: readonly QueuedCommand[]): readonly Arguments[] {
  const list = commands.map(argsOf);
  return isWrapped(commands) ? list.slice(1, -1) : list;
}

function isWrapped(commands: readonly QueuedCommand[]): boolean {
  return commands.length >= 2 && commands[0]?.args[0] === 'MULTI' && commands.at(-1)?.args[0] === 'EXEC';
}

function argsOf({ args }: QueuedCommand): Arguments {
  return args;
}

const WATCH_MESSAGE = /watched keys has been changed|reconnected after WATCH$|in middle of a WATCH Transaction$/;

// The names of classes do not survive minification; the messages are those of node-redis.
export function isWatchError(error: unknown): boolean {
  return error instanceof Error && (error.constructor.name === 'WatchError' || WATCH_MESSAGE.test(error.message));
}
