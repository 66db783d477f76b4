// Knows: the client of redis 2.6 to 3, and where its commands pass.
// Must not know: spans, metrics, attribute names.
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import type { MessageTap } from '../../../core/delivery';
import type { Command } from '../../../core/events';
import type { ConnectionRecorder } from '../../../core/recorder';
import type { Tap } from '../../../core/tap';
import { Ambient } from '../../shared/ambient';
import { EmittedMessages } from '../../shared/emitted';
import type { Observer } from '../../shared/observe';
import { allOf, around, before, PatchLedger, prototypeOf, type Target } from '../../shared/patch';
import { argumentsOf, boundTo, type CommandObject, LegacyBatches, type LegacyMulti, sendInstead } from './batch';
import { LegacyConnections } from './connections';
import { abortError, type Client, isOffline, isQueued, isRestoring, LegacyClientRef, type QueueName } from './library';

type Send = (this: Client, command: CommandObject) => unknown;
type ReturnReply = (this: Client, reply: unknown) => unknown;
type FlushOptions = { readonly queues?: readonly QueueName[] } | undefined;

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
  private readonly silent = new WeakMap<CommandObject, Observer>();
  private readonly halfBuilt = new Set<Target>();
  private readonly batches: LegacyBatches;
  private readonly messages: EmittedMessages<Client>;
  private readonly connections: LegacyConnections;
  private readonly background = new Ambient<boolean>();

  constructor(
    private readonly tap: Tap,
    messages: MessageTap,
    recorder: ConnectionRecorder,
  ) {
    this.batches = new LegacyBatches(tap, (client) => this.clientOf(client as Client));
    // Once as text and, under two names, as bytes.
    const endings = ['', '_buffer', 'Buffer'];
    this.messages = new EmittedMessages(messages, (client) => this.clientOf(client), endings);
    this.connections = new LegacyConnections(tap, recorder, (client) => this.clientOf(client as Client));
  }

  /** The main export. Returns false if the seam is unknown; then nothing was changed. */
  patchClient(moduleExports: Target, ledger: PatchLedger): boolean {
    // Reading a property that is not set yet would make Node warn of a circular dependency.
    if (!Object.hasOwn(moduleExports, 'RedisClient')) {
      this.halfBuilt.add(moduleExports);
      return true;
    }
    const client = prototypeOf(moduleExports, 'RedisClient');
    const multi = prototypeOf(moduleExports, 'Multi');
    const hasAll = (target: unknown, methods: object) => PatchLedger.has(target, ...Object.keys(methods));
    if (!hasAll(client, this.clientMethods()) || !hasAll(multi, this.batchMethods())) return false;
    if (!this.connections.patchClient(client, ledger)) return false;
    return ledger.patch(client, this.clientMethods()) && ledger.patch(multi, this.batchMethods());
  }

  private clientMethods() {
    return {
      internal_send_command: (original: Send) => this.wrapSend(original),
      return_reply: (original: ReturnReply) => this.wrapReply(original),
      return_error: before<Client>(({ command_queue: queue }, [error]) => {
        const first = queue.get(0);
        if (first !== undefined) this.silent.get(first)?.fail(error);
      }),
      flush_and_error: before<Client>((one, [attributes, options]) =>
        this.flush(one, attributes as { code?: unknown }, options as FlushOptions),
      ),
      // The client sends commands by itself, synchronously: AUTH with the password of the options, and INFO.
      ...allOf(
        ['ready_check', 'create_stream'],
        around((_client, call) => this.background.run(true, call)),
      ),
    };
  }

  private batchMethods() {
    return {
      // Two are `exec_batch` here; `multi()` gives its own objects `exec_transaction` under both names.
      ...allOf(
        ['exec_batch', 'exec', 'EXEC'],
        around<LegacyMulti, unknown>((...call) => this.batches.runBatch(...call)),
      ),
      exec_transaction: around<LegacyMulti, unknown>((...call) => this.batches.runTransaction(...call)),
    };
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
  private follow(client: Client, command: CommandObject): Observer | undefined {
    if (!Array.isArray(command?.args)) return undefined;
    if (this.seen.has(command)) {
      this.clientOf(client).writes.resume();
      return undefined;
    }
    if (isOffline(client) || client.options?.retry_unfulfilled_commands) this.seen.add(command);
    const isMember = this.batches.owns(client, command);
    const isInternal = !isMember && (this.background.current === true || isRestoring(command));
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

  private begin(client: Client, object: CommandObject, isInternal: boolean): Observer | undefined {
    if (MODES.has(object.command)) return undefined;
    const [ref, args] = [this.clientOf(client), argumentsOf(object)];
    const command = isInternal ? this.tap.beginInternal(ref, args) : this.tap.begin(ref, args);
    if (command?.sent !== undefined) sendInstead(object, command.sent);
    return command === undefined ? undefined : new Single(this.tap, command);
  }

  private wrapReply(original: ReturnReply): ReturnReply {
    const { silent, messages } = this;
    return function return_reply(this: Client, reply: unknown): unknown {
      // All events of one message are emitted within this one call.
      const events = messages.eventsOf(this, this.pub_sub_mode === 1, reply);
      if (events !== undefined) return messages.deliver(this, events, reply, (seen) => original.call(this, seen));
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

  /** When the connection is lost or ended, commands without a callback are removed from the queues without notice. */
  private flush(client: Client, { code }: { readonly code?: unknown }, options: FlushOptions): void {
    for (const name of options?.queues ?? QUEUES)
      for (const command of client[name].toArray()) this.silent.get(command)?.fail(abortError(code));
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
class Single implements Observer {
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
    // QUIT closes the connection, as intended, and the application gets 'OK'.
    if (this.command.args[0] === 'quit' && (error as { readonly code?: unknown }).code === 'NR_CLOSED')
      this.succeed('OK');
    else if (this.isOpen) this.tap.fail(this.command, error);
    this.isOpen = false;
  }
}
