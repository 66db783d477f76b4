// Knows: the entry that a queue of redis 4 to 6 keeps for a command, which gets the result of the command.
// Must not know: where a version keeps it, spans.
import type { Arguments, Command } from '../../../core/events';
import type { Tap } from '../../../core/tap';
import { type Observer, type observe, rejectionOf, watch } from '../../shared/observe';

/** A command that was begun. */
export interface Begun extends Observer {
  /** The arguments to send instead. */
  readonly sent?: Arguments | undefined;
}

/** The end of a command that is recorded as it is. */
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

/** Calls both, in this order. */
export function both(first: Observer | undefined, second: Observer | undefined): Observer | undefined {
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

/** The list in which a queue keeps the commands that it has not written. */
interface List {
  readonly head?: { readonly value: Entry } | null | undefined;
}

/** Where an entry was put: the list, or the node that has it. */
type Place = List | { readonly list?: List };

// biome-ignore lint/suspicious/noExplicitAny: whatever else a version takes is passed on
type AddCommand = (this: any, args: Arguments, ...rest: any[]) => Promise<unknown>;

/**
 * Adds a command to a queue as `call` says, and observes its end. Returns the client's own promise. If the queue does
 * not show its entries, the promise is observed as the last argument says.
 */
export type Add = (
  queue: object,
  call: ArrayLike<unknown>,
  ending: Observer,
  unseen: typeof observe,
) => Promise<unknown>;

/**
 * The caller gets the client's own promise. So calls settle in the same order as without us, and an unhandled
 * rejection stays unhandled. The end of a command is observed at its queue entry, which has `resolve` and `reject`.
 * We see the entry while the command is added, which is synchronous.
 */
export class QueueEntries {
  private expected: Observer | undefined;
  private args: unknown;
  private place: Place | undefined;
  private readonly lists = new WeakMap<object, List>();

  /** Whether `meet` is worth a call. */
  get isExpecting(): boolean {
    return this.expected !== undefined;
  }

  /** A list takes an entry: of a queue, or anything else. */
  meet(entry: unknown, place: object): void {
    const { expected } = this;
    if (expected === undefined || (this.args !== undefined && (entry as Entry | undefined)?.args !== this.args)) return;
    this.expected = undefined;
    this.place = place;
    settle(entry as Entry, expected);
  }

  /** Observes the end of the command that `call` adds. */
  next<T>(ending: Observer, call: () => T): T {
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

  /** Observes the end of the command that a queue writes next. */
  observeFirst(queue: object, ending: Observer): void {
    const entry = this.lists.get(queue)?.head?.value;
    if (entry !== undefined) settle(entry, ending);
  }

  /** @param original the method of one copy of the library, whose queues show us their entries or do not */
  adding(original: AddCommand): Add {
    let isShown = false;
    return (queue, call, ending, unseen) => {
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
      if (!isMissed) {
        isShown = true;
        if (!this.lists.has(queue)) this.lists.set(queue, listAt(this.place as Place));
        this.place = undefined;
      }
      // No entry: the command was refused, because the queue is full or it was aborted before. Only the caller may
      // handle its promise, so the command is refused a second time at the same moment, for the same reason. A command
      // that was not refused is never repeated: it would be sent twice.
      else if (isShown && rejectionOf(promise) !== undefined) watch(original.apply(queue, call as never), ending);
      else return unseen(promise, ending);
      return promise;
    };
  }
}

function listAt(place: Place): List {
  return ('list' in place && place.list) || (place as List);
}

function settle(entry: Entry, ending: Observer): void {
  // Called once. Redis 4 keeps the abort signal of a sent command: it may be aborted, and answered later, when its
  // promise takes nothing any more. All references are dropped then: an entry outlives several garbage collections, and
  // would keep the command, and by its promise the whole reply, for as long.
  let open: Observer | undefined = ending;
  let resolve: Entry['resolve'] | undefined = entry.resolve;
  let reject: Entry['reject'] | undefined = entry.reject;
  entry.resolve = function (reply) {
    const observer = open;
    const own = resolve;
    open = resolve = reject = undefined;
    observer?.succeed(reply);
    own?.call(this, reply);
  };
  entry.reject = function (error) {
    const observer = open;
    const own = reject;
    open = resolve = reject = undefined;
    observer?.fail(error);
    own?.call(this, error);
  };
}
