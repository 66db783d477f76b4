// Knows: the entry that a queue of redis 4 to 6 keeps for a command, which is told how the command ends.
// Must not know: which version keeps it where, spans.
import type { Arguments, Command } from '../../../core/events';
import type { Tap } from '../../../core/operation';
import { type Observer, observe, watch } from '../../shared/observe';

/** Is told how one command ends, before the application is. */
export type Ending = Observer;

/** A command that was begun. */
export interface Begun extends Ending {
  /** What to send in place of its arguments. */
  readonly sent?: Arguments | undefined;
}

/** How a command ends that is recorded as it is. */
export class CommandEnding implements Begun {
  constructor(
    private readonly tap: Tap,
    private readonly command: Command,
  ) {}

  get sent(): Arguments | undefined {
    return this.command.sent;
  }

  succeed(reply: unknown): void {
    this.tap.succeed(this.command, reply);
  }

  fail(error: unknown): void {
    this.tap.fail(this.command, error);
  }
}

/** Both are told, the first first. */
export function both(first: Ending | undefined, second: Ending | undefined): Ending | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return {
    succeed(reply) {
      first.succeed(reply);
      second.succeed(reply);
    },
    fail(error) {
      first.fail(error);
      second.fail(error);
    },
  };
}

interface Entry {
  readonly args: unknown;
  resolve(reply: unknown): void;
  reject(error: unknown): void;
}

// biome-ignore lint/suspicious/noExplicitAny: whatever else a version takes is passed on
type AddCommand = (this: any, args: Arguments, ...rest: any[]) => Promise<unknown>;

/** Adds a command to a queue as `call` says, and tells `ending` how it ends. The promise is the client's own. */
export type Add = (queue: object, call: ArrayLike<unknown>, ending: Ending) => Promise<unknown>;

/**
 * The caller gets the client's very own promise, so that calls settle in the order in which they settle without us, and
 * a rejection that nobody handles stays so. How a command ends is seen where its queue is told: an entry has `resolve`
 * and `reject`, and is shown to us while the command is added, which is synchronous.
 */
export class QueueEntries {
  private expected: Ending | undefined;
  private args: unknown;

  /** A list takes an entry: of a queue, or of anything else. */
  meet(entry: unknown): void {
    const { expected } = this;
    if (expected === undefined || (this.args !== undefined && (entry as Entry | undefined)?.args !== this.args)) return;
    this.expected = undefined;
    settle(entry as Entry, expected);
  }

  /** Takes note of how the command ends that `call` adds, whatever it is. */
  next<T>(ending: Ending, call: () => T): T {
    const { expected, args } = this;
    this.expected = ending;
    this.args = undefined;
    try {
      return call();
    } finally {
      this.expected = expected;
      this.args = args;
    }
  }

  /** @param original of one copy of the library, whose queues show us their entries or do not */
  adding(original: AddCommand): Add {
    let isShown = false;
    return (queue, call, ending) => {
      const outer = this.expected;
      const outerArgs = this.args;
      this.expected = ending;
      this.args = call[0];
      let isMissed = true;
      let promise: Promise<unknown>;
      try {
        promise = original.apply(queue, call as never);
        isMissed = this.expected === ending;
      } finally {
        this.expected = outer;
        this.args = outerArgs;
      }
      if (!isMissed) isShown = true;
      else if (!isShown) return observe(promise, ending);
      // No entry: refused, for the queue is full or the command was aborted before. Into the caller's promise nobody may
      // look but the caller; a second refusal, of the same moment, has the same reason.
      else watch(original.apply(queue, call as never), ending);
      return promise;
    };
  }
}

function settle(entry: Entry, ending: Ending): void {
  const { resolve, reject } = entry;
  // Told once: redis 4 does not forget the signal of a command that it has sent: it may be aborted, and then answered.
  // And let go of then: kept in an entry, it and all that it has outlive the next collections, a microsecond a command.
  let open: Ending | undefined = ending;
  entry.resolve = function (reply) {
    const told = open;
    open = undefined;
    told?.succeed(reply);
    resolve.call(this, reply);
  };
  entry.reject = function (error) {
    const told = open;
    open = undefined;
    told?.fail(error);
    reject.call(this, error);
  };
}
