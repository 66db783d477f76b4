// Knows: how a batch and a transaction of redis 2 and 3 run, and how each of their commands ends.
// Must not know: connections, spans, metrics.
import { type Context, context, ROOT_CONTEXT } from '@opentelemetry/api';
import type { Arguments, BatchKind, BatchStart, ClientRef, Write } from '../../../core/events';
import type { Tap } from '../../../core/tap';
import { Ambient } from '../../shared/ambient';
import type { Observer } from '../../shared/observe';

export type Callback = (this: unknown, error?: unknown, reply?: unknown) => unknown;

/** A queued command. We replace its callback, and its list of arguments if a message is to carry context. */
export interface CommandObject {
  /** In lower case, in any spelling of the application. */
  readonly command: string;
  /** As the application gave them (numbers, Dates, Buffers), without the client's key prefix. */
  readonly args: Arguments;
  callback?: Callback;
  readonly call_on_write?: unknown;
}

/** The object that `batch()` and `multi()` return. */
export interface LegacyMulti {
  readonly _client: object;
  readonly queue: { toArray(): CommandObject[] };
  /** Commands of a transaction that were refused before EXEC, with their `position`. */
  readonly errors?: unknown;
}

/** A copy: the library may use the application's own array, which the application may change later. */
export function argumentsOf({ command, args }: CommandObject): Arguments {
  return [command, ...args];
}

/** A new list: the current one may belong to the application. */
export function sendInstead(command: CommandObject, args: Arguments): void {
  Object.assign(command, { args: args.slice(1) });
}

/** Runs a callback in the context of the caller. The library would run it in the context of its socket. */
export function boundTo(caller: Context, callback: Callback, ending: Observer | undefined): Callback {
  return function (this: unknown, error, reply) {
    if (ending !== undefined) {
      if (error) ending.fail(error);
      else ending.succeed(reply);
    }
    // Bound here: a context manager would replace an undefined `this` by null.
    const own = callback.bind(this);
    return arguments.length < 2
      ? context.with(caller, own, undefined, error)
      : context.with(caller, own, undefined, error, reply);
  };
}

type Members = ReadonlyMap<CommandObject, Observer | undefined>;

/**
 * The batches and transactions of all clients. Other commands may pass between theirs; they are told apart by
 * identity.
 */
export class LegacyBatches {
  /** The commands of the batch that runs: all of them pass synchronously, and offline ones are known from then on. */
  private readonly members = new Ambient<Members>();
  /** The application's arguments, if others are sent: `exec` may be called twice. */
  private readonly given = new WeakMap<CommandObject, Arguments>();
  /** The transaction whose MULTI and EXEC pass now, synchronously: the library creates them itself. */
  private readonly transaction = new Ambient<{ readonly client: object; readonly ending: Observer | undefined }>();

  constructor(
    private readonly tap: Tap,
    private readonly clientOf: (client: object) => ClientRef,
  ) {}

  owns(client: object, command: CommandObject): boolean {
    return this.isMember(command) || (this.transaction.current?.client === client && isEnvelope(command));
  }

  /** Returns who observes the end of a command that we follow. */
  endingOf(command: CommandObject): Observer | undefined {
    return command.command === 'exec' && !this.isMember(command)
      ? this.transaction.current?.ending
      : this.members.current?.get(command);
  }

  private isMember(command: CommandObject): boolean {
    return this.members.current?.has(command) === true;
  }

  /**
   * `exec_transaction`, the `exec` of `multi()`: MULTI, the commands, EXEC. The reply of EXEC contains all replies.
   */
  runTransaction(multi: LegacyMulti, call: () => unknown, args: unknown[]): unknown {
    bindCallback(args);
    const queued = multi.queue.toArray();
    const { start, batch } = this.begin('MULTI', multi, queued);
    const ending = start && batch.execOf(multi);
    const members = new Map(queued.map((command) => [command, undefined]));
    try {
      return this.transaction.run({ client: multi._client, ending }, () => this.members.run(members, call));
    } catch (error) {
      ending?.fail(error);
      throw error;
    }
  }

  /** `exec_batch`, the `exec` of `batch()`: each command has its own reply. */
  runBatch(multi: LegacyMulti, call: () => unknown, args: unknown[]): unknown {
    bindCallback(args);
    const queued = multi.queue.toArray();
    // Nothing is sent for an empty batch.
    if (queued.length === 0) return call();
    const { start, batch } = this.begin('PIPELINE', multi, queued);
    const members = new Map(queued.map((command, index) => [command, start && batch.memberAt(index)]));
    try {
      return this.members.run(members, call);
    } catch (error) {
      batch.end(error);
      throw error;
    }
  }

  private begin(
    kind: BatchKind,
    multi: LegacyMulti,
    queued: readonly CommandObject[],
  ): { start: BatchStart | undefined; batch: OpenBatch } {
    const commands = queued.map((command) => this.given.get(command) ?? argumentsOf(command));
    const start = this.tap.beginBatch(kind, () => commands);
    start?.sent?.forEach((args, index) => {
      const command = queued[index] as CommandObject;
      this.given.set(command, commands[index] as Arguments);
      sendInstead(command, args);
    });
    return { start, batch: new OpenBatch(this.tap, kind, start, this.clientOf(multi._client), commands) };
  }
}

/** A batch in progress. It ends once. */
class OpenBatch {
  private readonly replies: unknown[] = [];
  private readonly write: Write | undefined;
  private left: number;

  constructor(
    private readonly tap: Tap,
    private readonly kind: BatchKind,
    private start: BatchStart | undefined,
    private readonly client: ClientRef,
    private readonly commands: readonly Arguments[],
  ) {
    this.left = commands.length;
    this.write = client.writes?.next();
  }

  /** Observes one command of a `batch()`. */
  memberAt(index: number): Observer {
    const keep = (reply: unknown): void => this.keep(index, reply);
    return { succeed: keep, fail: keep };
  }

  private keep(index: number, reply: unknown): void {
    if (index in this.replies) return;
    this.replies[index] = reply;
    // The callback of the command is called before the batch ends.
    if (this.start !== undefined) this.tap.extractMember(this.start, index, reply, this.client);
    if (--this.left === 0) this.end();
  }

  /** Observes the EXEC of a transaction. */
  execOf(multi: LegacyMulti): Observer {
    const fail = (error: unknown): void => {
      this.keepRefused(multi);
      this.end(error);
    };
    const succeed = (reply: unknown): void => {
      const refused = this.keepRefused(multi);
      if (Array.isArray(reply)) {
        // A command whose arguments the library refused (3.0 and later) was not sent and has no reply.
        for (let index = 0, next = 0; index < this.commands.length; index++)
          if (!refused || !(index in this.replies)) this.replies[index] = reply[next++];
      }
      this.end(undefined, reply === null);
    };
    return { succeed, fail };
  }

  /** Returns whether there was one. */
  private keepRefused({ errors }: LegacyMulti): boolean {
    if (!Array.isArray(errors)) return false;
    for (const error of errors) {
      const { position } = error as { readonly position?: unknown };
      if (typeof position === 'number') this.replies[position] = error;
    }
    return errors.length > 0;
  }

  /** @param error by default that of its first command that failed */
  end(error: unknown = this.replies.find((kept) => kept instanceof Error), aborted = false): void {
    const { tap, kind, start, client, write, commands, replies } = this;
    this.start = undefined;
    if (start !== undefined)
      tap.settleBatch(start, { kind, commands, client, write, replies, failed: error !== undefined, error, aborted });
  }
}

function isEnvelope({ command, args }: CommandObject): boolean {
  return (command === 'multi' || command === 'exec') && args.length === 0;
}

/** The callback of `exec` may be chained behind the callback of another command, and run in its context. */
function bindCallback(args: unknown[]): void {
  const [callback] = args;
  const caller = context.active();
  if (typeof callback === 'function' && caller !== ROOT_CONTEXT)
    args[0] = boundTo(caller, callback as Callback, undefined);
}
