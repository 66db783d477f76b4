// Knows: how many commands are followed as one: a transaction, a pipeline, or a pipeline with transactions.
// Must not know: where they pass, spans, metrics.
import type { Arguments, BatchKind, BatchStart, ClientFacts, ClientRef, Write } from '../../core/events';
import type { Tap } from '../../core/tap';
import { isUnknownScript } from '../shared/retried-calls';
import { Attempted } from './attempts';
import type { Following } from './calls';
import {
  argumentsOf,
  beforeError,
  beforeReply,
  FOLLOWER,
  type Follower,
  isNamed,
  type LibraryCommand,
  sendInstead,
  type Words,
} from './library';
import type { DefinedScript } from './scripts';
import type { Server } from './servers';

/** The application's commands among those that are sent, without MULTI and EXEC. */
export interface Layout {
  readonly kind: BatchKind;
  readonly commands: readonly Arguments[];
  /** By position in what is sent: the index in `commands`; -1 for MULTI and EXEC. */
  readonly indexes: readonly number[];
  /** The transactions inside: the positions of their MULTI and EXEC. */
  readonly transactions: readonly (readonly [multi: number, exec: number])[];
}

export function layoutOf(sent: readonly Words[]): Layout {
  const commands: Arguments[] = [];
  const transactions: (readonly [number, number])[] = [];
  let multi = -1;
  const indexes = sent.map((command, place) => {
    if (multi < 0 && isNamed(command, 'multi')) multi = place;
    else if (multi >= 0 && isNamed(command, 'exec')) {
      transactions.push([multi, place]);
      multi = -1;
    } else return commands.push(argumentsOf(command)) - 1;
    return -1;
  });
  const isWhole =
    transactions.length === 1 && commands.length === sent.length - 2 && indexes[0] === -1 && indexes.at(-1) === -1;
  return { kind: isWhole ? 'MULTI' : 'PIPELINE', commands, indexes, transactions };
}

/** A batch in progress. It ends once. */
export class OpenBatch extends Attempted {
  /** By index. A command of a transaction that was not executed has no reply, so the list may have holes. */
  private readonly replies: unknown[] = [];
  /** The replies to EXEC, by position. */
  private readonly executed = new Map<number, unknown>();
  private readonly client: { facts: ClientFacts };
  private readonly write: Write | undefined;
  private server: Server | undefined;
  private isAnswered = false;

  constructor(
    private readonly tap: Tap,
    private start: BatchStart | undefined,
    private readonly layout: Layout,
    client: ClientRef,
    private readonly script?: DefinedScript,
  ) {
    super();
    this.client = { facts: client.facts };
    this.write = client.writes?.next();
  }

  /** Replaces the commands whose messages carry context. */
  inject(sent: readonly LibraryCommand[]): void {
    this.start?.sent?.forEach((args, index) => {
      const command = sent[this.layout.indexes.indexOf(index)];
      if (command !== undefined) sendInstead(command, args);
    });
  }

  /** @param isFirst whether its first command passes: all of them are sent again */
  at(server: Server, isFirst: boolean, { redirecting }: Following): void {
    if (isFirst) this.attempt(server.isReady, redirecting.current);
    server.place();
    if (server.isReady) server.writes.resume();
    // Another node of a cluster answers anew.
    if (server !== this.server) this.isAnswered = false;
    this.server = server;
  }

  /** @param reply an Error if the command was refused */
  keep(place: number, reply: unknown): void {
    if (!this.isAnswered && this.server !== undefined) this.client.facts = this.server.facts;
    this.isAnswered = true;
    const { indexes, transactions } = this.layout;
    const [multi, exec] = transactions.find((pair) => pair[0] <= place && place <= pair[1]) ?? [place];
    if (place === exec) this.executed.set(place, reply);
    if (place === exec && Array.isArray(reply))
      reply.forEach((one, at) => {
        this.add(indexes[multi + 1 + at], one);
      });
    // What is queued has no reply yet.
    else if (exec === undefined || reply instanceof Error) this.add(indexes[place], reply);
  }

  private add(index = -1, reply?: unknown): void {
    if (index < 0) return;
    this.replies[index] = reply;
    if (this.start !== undefined) this.tap.extractMember(this.start, index, reply, this.client);
  }

  /** @param error the error of the batch as a whole, if it was not even sent */
  end(error?: unknown): void {
    const { start, layout, client, write, script, resends, replies } = this;
    this.start = undefined;
    if (start === undefined) return;
    const executed = [...this.executed.values()];
    const failure =
      error ?? replies.find((reply) => reply instanceof Error) ?? executed.find((reply) => reply instanceof Error);
    this.tap.settleBatch(start, {
      kind: layout.kind,
      commands: layout.commands,
      client,
      write,
      replies,
      failed: failure !== undefined,
      error: failure,
      aborted: executed.includes(null),
      script: script?.body,
      procedure: script?.name,
      resends,
    });
  }
}

/** One command of a batch. */
export class Member implements Follower {
  readonly args: Arguments;
  readonly body = undefined;

  constructor(
    private readonly batch: OpenBatch,
    private readonly place: number,
    private readonly following: Following,
    command: LibraryCommand,
  ) {
    this.args = argumentsOf(command);
  }

  at(server: Server): void {
    this.batch.at(server, this.place === 0, this.following);
  }

  fail(error: unknown): void {
    this.batch.keep(this.place, error);
    if (isUnknownScript(error)) this.following.unknown.wait(this, () => undefined);
  }

  attach(command: LibraryCommand): void {
    command[FOLLOWER] = this;
    beforeReply(command, (reply) => this.batch.keep(this.place, reply));
    beforeError(command, (error) => this.fail(error));
  }
}

/** More commands than a transaction of single commands has. Beyond it, it is no longer followed as one. */
const MAX_COMMANDS = 10_000;

/** A MULTI that was sent by itself: Redis queues the commands of the connection until EXEC or DISCARD. */
export class Transaction {
  private readonly sent: Words[] = [];
  private readonly errors = new Map<number, unknown>();

  /** @param start undefined: neither it nor its commands are recorded, whose reply is QUEUED */
  constructor(
    private readonly tap: Tap,
    private readonly start: BatchStart | undefined,
    private readonly server: Server,
    multi: LibraryCommand,
  ) {
    this.add(multi);
  }

  /** Follows one more command. */
  add(command: LibraryCommand): void {
    if (this.start === undefined || this.sent.length >= MAX_COMMANDS) return;
    const place = this.sent.push({ name: command.name, args: [...command.args] }) - 1;
    const instead = this.tap.injectMember(this.start, argumentsOf(command));
    if (instead !== undefined) sendInstead(command, instead);
    beforeError(command, (error) => this.errors.set(place, error));
  }

  /** EXEC is sent. */
  execute(command: LibraryCommand): void {
    const { start, server } = this;
    if (start === undefined || this.sent.length >= MAX_COMMANDS) return;
    const place = this.sent.push(command) - 1;
    const end = (reply: unknown): void => {
      const layout = layoutOf(this.sent);
      const batch = new OpenBatch(this.tap, this.tap.completeBatch(start, layout.commands), layout, server);
      for (const [at, error] of this.errors) batch.keep(at, error);
      batch.keep(place, reply);
      batch.end();
    };
    beforeReply(command, end);
    beforeError(command, end);
  }
}
