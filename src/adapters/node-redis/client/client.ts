// Knows: the client of redis 5 and 6, and where its commands pass.
// Must not know: spans, metrics, attribute names.
import type { Arguments } from '../../../core/events';
import type { ConnectionRecorder } from '../../../core/recorder';
import type { Tap } from '../../../core/tap';
import { observe } from '../../shared/observe';
import { allOf, around, type PatchLedger, prototypeOf, type Target } from '../../shared/patch';
import { replacing } from '../promise/batches';
import { Commands, type SendingClient } from '../promise/commands';
import type { Connections } from '../promise/connections';
import { isSelecting } from '../promise/database';
import type { Begun } from '../promise/entries';
import type { Groups } from '../promise/topology';
import type { ClientOptions } from '../server-info';
import { ClientCaches, type ExecuteCommand, wrapExecuteCommand } from './client-cache';
import type { FanOuts } from './multi-shard';

/**
 * The part of a client that we read. `createClient()` and the `with…` proxies return objects derived from the
 * instance.
 */
interface Client extends SendingClient {
  readonly _self?: Client;
  readonly isOpen?: unknown;
  readonly isReady?: unknown;
  readonly options?: ClientOptions & {
    readonly pingInterval?: number;
    readonly credentialsProvider?: { readonly type?: string };
    readonly disableOfflineQueue?: unknown;
  };
}

type Send = (this: Client, args: Arguments, ...rest: unknown[]) => Promise<unknown>;
type Execute = (this: Client, commands: unknown, ...rest: unknown[]) => Promise<unknown>;
type Script = { readonly SCRIPT?: unknown } | undefined;
type Parser = { readonly redisArgs?: object } | undefined;
type Take = (this: object, value: unknown) => unknown;
type Refusal = new () => Error;

const RESET = ['RESET'];

/** Taps the clients of redis 5 and 6, of all copies of the module. */
export class RedisClientTap {
  private readonly commands: Commands;
  private readonly caches: ClientCaches;
  private closed: Refusal | undefined;
  private offline: Refusal | undefined;

  constructor(
    private readonly tap: Tap,
    groups: Groups,
    private readonly fanOuts: FanOuts,
    private readonly connections: Connections,
    recorder: ConnectionRecorder,
    /** Called for each client at its first command. */
    onClient: (client: object) => void,
  ) {
    this.commands = new Commands(tap, groups, connections, {
      isHandshake: () => this.commands.sender.current === undefined,
      isShare: () => fanOuts.inside,
      onClient,
    });
    this.caches = new ClientCaches(recorder);
  }

  /** `client/index.js`. Returns false if the seam is unknown; then nothing was changed. */
  patchClient(moduleExports: Target, ledger: PatchLedger): boolean {
    const prototype = prototypeOf(moduleExports);
    const refOf = (client: Client) => this.commands.refOf(client._self ?? client);
    // In a bundle the queue may not be reachable.
    const send =
      moduleExports.isAlone === true
        ? (original: Send) => this.wrapSendAlone(original)
        : (original: Send) => this.wrapSend(original);
    const { sender, background } = this.commands;
    const isKnown = ledger.patch(prototype, {
      sendCommand: send,
      _executeMulti: (original: Execute) => this.wrapExecute('MULTI', original),
      _executePipeline: (original: Execute) => this.wrapExecute('PIPELINE', original),
      _executeCommand: (original: ExecuteCommand) =>
        wrapExecuteCommand<Client>(this.tap, this.caches, this.fanOuts, refOf, original),
      _executeScript: around((_client, call, [script, parser]) =>
        this.executeScript(script as Script, parser as Parser, call),
      ),
      // The only command that calls the queue directly. A client copies this method to `quit` when it is created.
      QUIT: around<Client, unknown>((client, call) => sender.run(client._self ?? client, call)),
    });
    if (!isKnown) return false;
    this.connections.connects.patchClient(prototype as Target, ledger, this.tap, refOf);
    // A sentinel client resets a connection that comes back in another state.
    ledger.patch(prototype, { resetIfDirty: around((_client, call) => background.run(true, call)) });
    return true;
  }

  /** `client/commands-queue.js`. */
  patchQueue(moduleExports: Target, ledger: PatchLedger): boolean {
    // Called once for all commands that wait.
    if (!this.commands.patchQueue(moduleExports, ledger, 'commandsToWrite')) return false;
    const { commands } = this;
    // RESET is put into the queue without `addCommand`.
    const reset = around<object, unknown>((queue, call) =>
      commands.entries.next(commands.beginAlone(queue, RESET), call),
    );
    ledger.patch(prototypeOf(moduleExports), { reset });
    return true;
  }

  /** `client/linked-list.js`: the list in which a queue keeps its entries. */
  patchList(moduleExports: Target, ledger: PatchLedger): boolean {
    const { entries } = this.commands;
    const taking = (original: Take): Take =>
      function take(this: object, value: unknown): unknown {
        if (entries.isExpecting) entries.meet(value, this);
        return original.call(this, value);
      };
    return ledger.patch(prototypeOf(moduleExports, 'DoublyLinkedList'), allOf(['push', 'unshift'], taking));
  }

  /** `errors.js`: the errors of a client that refuses a command before its queue is called. */
  patchErrors({ ClientClosedError, ClientOfflineError }: Target): boolean {
    if (typeof ClientClosedError !== 'function' || typeof ClientOfflineError !== 'function') return false;
    this.closed = ClientClosedError as unknown as Refusal;
    this.offline = ClientOfflineError as unknown as Refusal;
    return true;
  }

  private wrapSend(original: Send): Send {
    const { sender, background, decision: decided, reached } = this.commands;
    const refused = (client: Client, args: Arguments) => this.refused(client, args);
    const { tap } = this;
    const sendStraight = this.wrapStraight(original);
    return function sendCommand(this: Client, args: Arguments): Promise<unknown> {
      const decision = tap.decide();
      if (decision === 'pass' && !tap.wantsInternal && !(Array.isArray(args) && isSelecting(args))) {
        return sendStraight.apply(this, arguments as never);
      }
      const client = this._self ?? this;
      const outer = sender.enter(client);
      const outerBackground = background.enter(isBackground(this, client, args, arguments.length, arguments[1]));
      reached.queue = undefined;
      const outerDecision = decided.enter(decision);
      try {
        const promise = original.apply(this, arguments as never);
        if (reached.queue === undefined) refused(client, args);
        return promise;
      } finally {
        decided.leave(outerDecision);
        background.leave(outerBackground);
        sender.leave(outer);
      }
    };
  }

  /** The cheapest and most frequent path: the queue passes the command on without looking at it. */
  private wrapStraight(original: Send): Send {
    const { straight } = this.commands;
    return function sendCommand(this: Client): Promise<unknown> {
      const outer = straight.enter(true);
      try {
        return original.apply(this, arguments as never);
      } finally {
        straight.leave(outer);
      }
    };
  }

  /** No queue was called. */
  private refused(client: Client, args: Arguments): void {
    const error = this.refusalOf(client);
    if (error !== undefined) this.beginAsked(client, args)?.fail(error);
  }

  /**
   * Without the queue, the observed promise is another one, which settles a turn later, and the selected database is
   * not seen.
   */
  private wrapSendAlone(original: Send): Send {
    const begin = (client: Client, args: Arguments) => this.beginAsked(client, args);
    const { background } = this.commands;
    return function sendCommand(this: Client, args: Arguments): Promise<unknown> {
      const client = this._self ?? this;
      const begun = background.run(isBackground(this, client, args, arguments.length, arguments[1]), () =>
        begin(client, args),
      );
      if (begun === undefined) return original.apply(this, arguments as never);
      return observe(
        original.apply(this, (begun.sent === undefined ? arguments : replacing(arguments, begun.sent)) as never),
        begun,
      );
    };
  }

  private beginAsked(client: Client, args: Arguments): Begun | undefined {
    if (!Array.isArray(args) || args.length === 0 || this.fanOuts.inside || this.commands.isUnasked(args))
      return undefined;
    return this.commands.begin(client, this.commands.refOf(client), args);
  }

  private refusalOf({ isOpen, isReady, options }: Client): Error | undefined {
    if (this.closed === undefined || this.offline === undefined) return undefined;
    if (isOpen === false) return new this.closed();
    return isReady === false && options?.disableOfflineQueue ? new this.offline() : undefined;
  }

  private wrapExecute(kind: 'MULTI' | 'PIPELINE', original: Execute): Execute {
    const { commands: all } = this;
    return function execute(this: Client, commands: unknown): Promise<unknown> {
      const call = arguments as unknown as Parameters<Execute>;
      const client = this._self ?? this;
      return all.batches.execute({
        kind,
        commands,
        isLooped: false,
        clientOf: (queue) => (queue === undefined ? all.refOf(client) : all.connectionOf(queue, client)),
        call: (list) => all.sender.run(client, () => original.apply(this, replacing(call, list))),
        repliesIn: (result) => result,
      });
    };
  }

  private executeScript(script: Script, parser: Parser, call: () => unknown): unknown {
    const list = parser?.redisArgs;
    return list === undefined ? call() : this.commands.retries.script.run({ body: script?.SCRIPT, list }, call);
  }
}

/**
 * Commands that the client sends by itself: the PING of `pingInterval`, and the AUTH of streaming credentials. It
 * sends them on the instance; an application has an object derived from it. From 6.3 on also those that prepare a
 * connection for HIMPORT SET, with just these two options.
 */
function isBackground(called: Client, client: Client, args: Arguments, callLength: number, options: unknown): boolean {
  if (client.options === undefined || !Array.isArray(args)) return false;
  if (callLength !== 1) return args[0] === 'HIMPORT' && Object.keys(options ?? {}).join() === 'asap,chainId';
  if (args[0] === 'PING') return called === client && client.options.pingInterval !== undefined && args.length === 1;
  return args[0] === 'AUTH' && client.options.credentialsProvider?.type === 'streaming-credentials-provider';
}
