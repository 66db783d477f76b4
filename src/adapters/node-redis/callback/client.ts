// Knows: the client of redis 2.6 to 3, and where its commands pass.
// Must not know: spans, metrics, attribute names.
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import type { MessageTap } from '../../../core/delivery';
import type { ClientFacts, ClientRef, Command } from '../../../core/events';
import type { Tap } from '../../../core/operation';
import type { ConnectionRecorder } from '../../../core/recorder';
import { KeptBack } from '../../shared/kept-back';
import { PatchLedger, type Target } from '../../shared/patch';
import { factsFrom, selectDatabase } from '../server-info';
import { argumentsOf, boundTo, type CommandObject, type Ending, type Exec, LegacyBatches, sendInstead } from './batch';
import { LegacyConnections } from './connections';
import { LegacyMessages } from './messages';

/** The part of a client that we read. */
interface Client {
  readonly ready: boolean;
  readonly closing: boolean;
  readonly enable_offline_queue: boolean;
  readonly stream: { readonly writable: boolean };
  readonly command_queue: Queue;
  readonly offline_queue: Queue;
  readonly connection_options?: { readonly host?: string; readonly port?: number; readonly path?: string };
  /** The database of the commands whose replies arrive now. */
  readonly selected_db?: unknown;
  readonly options?: { readonly retry_unfulfilled_commands?: unknown; readonly prefix?: unknown };
}

interface Queue {
  readonly length: number;
  get(index: number): CommandObject | undefined;
  peekBack(): CommandObject | undefined;
  toArray(): CommandObject[];
}

type QueueName = 'command_queue' | 'offline_queue';
type Method = (this: Client, ...args: unknown[]) => unknown;
type Send = (this: Client, command: CommandObject) => unknown;
type ReturnReply = (this: Client, reply: unknown) => unknown;
type Flush = (
  this: Client,
  attributes: { readonly code?: unknown },
  options?: { readonly queues?: readonly QueueName[] },
) => unknown;

const QUEUES: readonly QueueName[] = ['command_queue', 'offline_queue'];

/** Commands that change the purpose of the connection. They have no span, as in every other version. */
const MODES: ReadonlySet<string> = new Set(['subscribe', 'unsubscribe', 'psubscribe', 'punsubscribe', 'monitor']);

/**
 * Taps the clients of redis 2.6 to 3. Earlier ones have no `internal_send_command` and are not changed.
 *
 * A command with a callback is followed by its callback, which then runs in the caller's context. A command without
 * one is followed by its place in the queue. If we added a callback, it would have to emit `'error'` exactly as the
 * library does, which treats such commands differently when it flushes, chains and debugs.
 */
export class LegacyClientTap {
  private readonly clients = new WeakMap<object, LegacyClientRef>();
  /** Commands that may pass a second time: an offline command does when the connection is ready. */
  private readonly seen = new WeakSet<CommandObject>();
  /** Commands without a callback that wait for their reply. */
  private readonly silent = new WeakMap<CommandObject, Ending>();
  private readonly halfBuilt = new Set<Target>();
  private readonly batches: LegacyBatches;
  private readonly messages: LegacyMessages;
  private readonly connections: LegacyConnections;
  private isBackground = false;

  constructor(
    private readonly tap: Tap,
    messages: MessageTap,
    recorder: ConnectionRecorder,
  ) {
    this.batches = new LegacyBatches(tap, (client) => this.clientOf(client as Client));
    this.messages = new LegacyMessages(messages, (client) => this.clientOf(client as Client));
    this.connections = new LegacyConnections(tap, recorder, (client) => this.clientOf(client as Client));
  }

  /** The main export. Returns false if the seam is unknown; then nothing was changed. */
  patchClient(moduleExports: Target, ledger: PatchLedger): boolean {
    // Reading a property that is not set yet would make Node warn of a circular dependency.
    if (!Object.hasOwn(moduleExports, 'RedisClient')) {
      this.halfBuilt.add(moduleExports);
      return true;
    }
    const { RedisClient, Multi } = moduleExports;
    const client = prototypeOf(RedisClient);
    const multi = prototypeOf(Multi);
    if (
      !PatchLedger.has(
        client,
        'internal_send_command',
        'return_reply',
        'return_error',
        'flush_and_error',
        'ready_check',
        'create_stream',
      )
    )
      return false;
    if (!PatchLedger.has(multi, 'exec_transaction', 'exec_batch', 'exec', 'EXEC')) return false;
    if (!this.connections.patchClient(client, ledger)) return false;
    ledger.wrap<Send>(client, 'internal_send_command', (original) => this.wrapSend(original));
    ledger.wrap<ReturnReply>(client, 'return_reply', (original) => this.messages.wrapReply(this.wrapReply(original)));
    ledger.wrap<ReturnReply>(client, 'return_error', (original) => this.wrapError(original));
    ledger.wrap<Flush>(client, 'flush_and_error', (original) => this.wrapFlush(original));
    for (const name of ['ready_check', 'create_stream'])
      ledger.wrap<Method>(client, name, (original) => this.wrapBackground(original));
    // `exec` and `EXEC` are `exec_batch` here; `multi()` gives its own objects `exec_transaction` under both names.
    for (const name of ['exec_batch', 'exec', 'EXEC'])
      ledger.wrap<Exec>(multi, name, (original) => this.batches.wrapBatch(original));
    ledger.wrap<Exec>(multi, 'exec_transaction', (original) => this.batches.wrapTransaction(original));
    return true;
  }

  /**
   * The last file but one that the main file loads. If the main file is imported from an ES module, it passes no
   * hook. The first inner file that requires it, in the middle of the cycle, shows an export that is still empty.
   */
  patchHalfBuilt(ledger: PatchLedger): boolean {
    const waiting = [...this.halfBuilt];
    this.halfBuilt.clear();
    return waiting.every((moduleExports) => this.patchClient(moduleExports, ledger));
  }

  private wrapSend(original: Send): Send {
    const follow = (client: Client, command: CommandObject) => this.follow(client, command);
    return function internal_send_command(this: Client, command: CommandObject): unknown {
      const ending = follow(this, command);
      const call = arguments as unknown as Parameters<Send>;
      if (ending === undefined) return original.apply(this, call);
      const isSilent = typeof command.callback !== 'function';
      const isRefused = isSilent && isOffline(this) && (this.closing || !this.enable_offline_queue);
      try {
        const result = original.apply(this, call);
        if (isRefused) ending.fail(abortError('NR_CLOSED'));
        // After CLIENT REPLY OFF there is no reply.
        else if (isSilent && !isQueued(this, command)) ending.succeed(undefined);
        return result;
      } catch (error) {
        ending.fail(error);
        throw error;
      }
    };
  }

  /** Begins to follow a command, once. undefined: its end is not observed. */
  private follow(client: Client, command: CommandObject): Ending | undefined {
    if (!Array.isArray(command?.args)) return undefined;
    if (this.seen.has(command)) {
      this.clientOf(client).writes.resume();
      return undefined;
    }
    if (isOffline(client) || client.options?.retry_unfulfilled_commands) this.seen.add(command);
    const isMember = this.batches.owns(client, command);
    const isInternal = !isMember && (this.isBackground || isRestoring(command));
    if (isInternal && !this.tap.wantsInternal) return undefined;
    const ending = isMember ? this.batches.endingOf(command) : this.begin(client, command, isInternal);
    const { callback } = command;
    if (typeof callback !== 'function') {
      if (ending !== undefined) this.silent.set(command, ending);
      return ending;
    }
    // A request that is not traced keeps its context too. Without an SDK there is no context to keep.
    const caller = context.active();
    if (ending !== undefined || caller !== ROOT_CONTEXT) command.callback = boundTo(caller, callback, ending);
    return ending;
  }

  private begin(client: Client, object: CommandObject, isInternal: boolean): Ending | undefined {
    if (MODES.has(object.command)) return undefined;
    const [ref, args] = [this.clientOf(client), argumentsOf(object)];
    const command = isInternal ? this.tap.beginInternal(ref, args) : this.tap.begin(ref, args);
    if (command?.sent !== undefined) sendInstead(object, command.sent);
    return command === undefined ? undefined : new Single(this.tap, command);
  }

  private wrapReply(original: ReturnReply): ReturnReply {
    const { silent } = this;
    return function return_reply(this: Client, reply: unknown): unknown {
      const first = this.command_queue.get(0);
      const ending = first && silent.get(first);
      const call = arguments as unknown as Parameters<ReturnReply>;
      if (ending === undefined) return original.apply(this, call);
      try {
        return original.apply(this, call);
      } finally {
        // A message to a subscriber, or a line of MONITOR, is not the reply of a command.
        if (this.command_queue.get(0) !== first) ending.succeed(reply);
      }
    };
  }

  private wrapError(original: ReturnReply): ReturnReply {
    const { silent } = this;
    return function return_error(this: Client, error: unknown): unknown {
      const first = this.command_queue.get(0);
      if (first !== undefined) silent.get(first)?.fail(error);
      return original.apply(this, arguments as unknown as Parameters<ReturnReply>);
    };
  }

  /** When the connection is lost or ended, commands without a callback are removed from the queues without notice. */
  private wrapFlush(original: Flush): Flush {
    const { silent } = this;
    return function flush_and_error(this: Client, attributes, options): unknown {
      for (const name of options?.queues ?? QUEUES) {
        for (const command of this[name].toArray()) silent.get(command)?.fail(abortError(attributes.code));
      }
      return original.apply(this, arguments as unknown as Parameters<Flush>);
    };
  }

  /**
   * Commands that these methods send by themselves, synchronously: AUTH with the password of the options, and INFO.
   */
  private wrapBackground(original: Method): Method {
    const enter = (call: () => unknown): unknown => {
      const outer = this.isBackground;
      this.isBackground = true;
      try {
        return call();
      } finally {
        this.isBackground = outer;
      }
    };
    return function background(this: Client): unknown {
      return enter(() => original.apply(this, arguments as unknown as unknown[]));
    };
  }

  private clientOf(client: Client): LegacyClientRef {
    const known = this.clients.get(client);
    if (known !== undefined) return known;
    const ref = new LegacyClientRef(client);
    this.clients.set(client, ref);
    this.connections.see(client);
    return ref;
  }
}

/** A command outside of batches. It ends once, even if its callback throws, which comes back as a failed call. */
class Single implements Ending {
  private isOpen = true;

  constructor(
    private readonly tap: Tap,
    private readonly command: Command,
  ) {}

  succeed(reply: unknown): void {
    if (this.isOpen) this.tap.succeed(this.command, reply);
    this.isOpen = false;
  }

  fail(error: unknown): void {
    // QUIT closes the connection, as intended, and the library tells the application 'OK'.
    if (this.command.args[0] === 'quit' && (error as { readonly code?: unknown }).code === 'NR_CLOSED')
      this.succeed('OK');
    else if (this.isOpen) this.tap.fail(this.command, error);
    this.isOpen = false;
  }
}

/** The library follows SELECT itself, in single commands, batches and transactions. */
class LegacyClientRef implements ClientRef {
  readonly writes: KeptBack;
  private readonly known: ClientRef;

  constructor(private readonly client: Client) {
    this.writes = new KeptBack(() => isOffline(client));
    this.known = { facts: factsOf(client) };
  }

  get facts(): ClientFacts {
    selectDatabase(this.known, this.client.selected_db);
    return this.known.facts;
  }
}

function factsOf({ connection_options: target, selected_db: database, options }: Client): ClientFacts {
  const prefix = options?.prefix;
  const known = factsFrom({ socket: target, database });
  // The library adds the prefix to the keys after our seam.
  const facts = typeof prefix === 'string' && prefix !== '' ? Object.freeze({ ...known, keyPrefix: prefix }) : known;
  const isElsewhere = target?.host === undefined && target?.path === undefined;
  // The application gave a stream; its destination is not known.
  return isElsewhere ? Object.freeze({ ...facts, serverAddress: undefined, serverPort: undefined }) : facts;
}

function prototypeOf(exported: unknown): unknown {
  return typeof exported === 'function' ? exported.prototype : undefined;
}

/** The library's own condition for queueing a command. */
function isOffline({ ready, stream }: Client): boolean {
  return ready === false || stream.writable === false;
}

function isQueued(client: Client, command: CommandObject): boolean {
  return client.command_queue.peekBack() === command || client.offline_queue.peekBack() === command;
}

/** The library sends these itself after a reconnect. Commands of the application have what is missing here. */
function isRestoring({ command, callback, call_on_write }: CommandObject): boolean {
  return (command === 'select' && callback === undefined) || (command === 'monitor' && call_on_write === undefined);
}

/** The error for a command without a callback, which the library does not create. */
function abortError(code: unknown): Error {
  return Object.assign(new Error('no reply'), { name: 'AbortError', code });
}
