// Knows: the client of redis 5 and 6, and where its commands pass.
// Must not know: spans, metrics, attribute names.
import type { Arguments, ClientRef } from '../../../core/events';
import type { Tap } from '../../../core/operation';
import type { ConnectionRecorder } from '../../../core/recorder';
import { PatchLedger, type Target } from '../../shared/patch';
import { Batches, replacing, selectedBy } from '../promise/batches';
import { type Connect, wrapConnect } from '../promise/connect';
import type { Connections } from '../promise/connections';
import { type CommandsToWrite, QueueFlushes, QueueWrites } from '../promise/flush-times';
import { type NodeRef, Retries, sendInternal, settleWith } from '../promise/send';
import { asNodeOf, type Groups } from '../promise/topology';
import { type ClientOptions, factsFrom, selectDatabase } from '../server-info';
import { ClientCaches, type ExecuteCommand, wrapExecuteCommand } from './client-cache';
import type { FanOuts } from './multi-shard';

/** What we read of a client. `createClient()` and the `with…` proxies return objects made from the instance. */
interface Client {
  readonly _self?: Client;
  readonly options?: ClientOptions & { readonly pingInterval?: number; readonly credentialsProvider?: { readonly type?: string } };
}

interface AddOptions {
  readonly chainId?: unknown;
}

type Send = (this: Client, args: Arguments, ...rest: unknown[]) => Promise<unknown>;
type Execute = (this: Client, commands: unknown, selectedDatabase?: number, ...rest: unknown[]) => Promise<unknown>;
type ExecuteScript = (
  this: Client,
  script: { readonly SCRIPT?: unknown },
  parser: { readonly redisArgs?: object },
  ...rest: unknown[]
) => Promise<unknown>;
type Quit = (this: Client) => Promise<unknown>;
type AddCommand = (this: object, args: Arguments, options?: AddOptions, ...rest: unknown[]) => Promise<unknown>;

interface WritingRef extends NodeRef {
  readonly writes: QueueWrites;
}

/** Taps the clients of redis 5 and 6, of all copies of the module. */
export class RedisClientTap {
  private readonly clients = new WeakMap<Client, WritingRef>();
  private readonly batches: Batches;
  private readonly caches: ClientCaches;
  private readonly retries: Retries;
  private readonly flushes = new QueueFlushes();

  constructor(
    private readonly tap: Tap,
    private readonly groups: Groups,
    private readonly fanOuts: FanOuts,
    private readonly connections: Connections,
    recorder: ConnectionRecorder,
    /** Told of each client at its first command. */
    private readonly onClient: (client: object) => void,
  ) {
    this.batches = new Batches(tap, (queue) => this.flushes.of(queue), groups.calls);
    this.caches = new ClientCaches(recorder);
    this.retries = new Retries(tap, groups.calls);
  }

  /** `client/index.js`. False if the seam is not what we know: then nothing is touched. */
  patchClient(moduleExports: Target, ledger: PatchLedger): boolean {
    const prototype = prototypeOf(moduleExports);
    if (
      !PatchLedger.has(
        prototype,
        'sendCommand',
        '_executeMulti',
        '_executePipeline',
        '_executeScript',
        '_executeCommand',
        'QUIT',
        'connect',
      )
    )
      return false;
    ledger.wrap<Send>(prototype, 'sendCommand', (original) => this.wrapSend(original));
    ledger.wrap<Execute>(prototype, '_executeMulti', (original) => this.wrapExecute('MULTI', original));
    ledger.wrap<Execute>(prototype, '_executePipeline', (original) => this.wrapExecute('PIPELINE', original));
    const connecting = (original: Connect<Client>) => wrapConnect(this.tap, (client) => this.nodeOf(client._self ?? client), original);
    ledger.wrap<Connect<Client>>(prototype, 'connect', connecting, 'caller');
    ledger.wrap<Quit>(prototype, 'QUIT', (original) => this.wrapQuit(original));
    ledger.wrap<ExecuteCommand>(prototype, '_executeCommand', (original) =>
      wrapExecuteCommand<Client>(this.tap, this.caches, this.fanOuts, (client) => this.clientOf(client), original),
    );
    ledger.wrap<ExecuteScript>(prototype, '_executeScript', (original) => this.wrapExecuteScript(original));
    return true;
  }

  /** `client/commands-queue.js`: only here is each command of a batch seen to fail. */
  patchQueue(moduleExports: Target, ledger: PatchLedger): boolean {
    const prototype = prototypeOf(moduleExports);
    if (!PatchLedger.has(prototype, 'addCommand')) return false;
    const { tap, batches, connections, flushes } = this;
    if (PatchLedger.has(prototype, 'commandsToWrite')) {
      ledger.wrap<CommandsToWrite>(prototype, 'commandsToWrite', (original) => flushes.wrapCommandsToWrite(original));
    }
    // Nothing here keeps `arguments`, or closes over what a command brings: both would be made for every command.
    ledger.wrap<AddCommand>(prototype, 'addCommand', (inner) => {
      const original = connections.counting(inner);
      return function addCommand(this: object, args: Arguments, options?: AddOptions): Promise<unknown> {
        const isInternal = tap.wantsInternal && isHandshake(options);
        const command = isInternal ? tap.beginInternal(connections.serverOf(this), args) : undefined;
        if (!isInternal) flushes.added(this);
        const promise = original.apply(this, arguments as never);
        if (batches.inside) batches.collect(this, promise);
        return command === undefined ? promise : settleWith(tap, command, promise);
      };
    });
    return true;
  }

  /** `RESP/encoder.js`. */
  patchEncoder(moduleExports: Target, ledger: PatchLedger): boolean {
    return this.flushes.patchEncoder(moduleExports, ledger);
  }

  // The same here: what closes over a command has a function of its own.
  private wrapSend(original: Send): Send {
    const { tap, retries, groups, fanOuts } = this;
    const clientOf = (client: Client) => this.clientOf(client);
    const sendFirst = this.wrapFirstSend(original);
    const sendByItself = this.wrapBackgroundSend(original);
    const sendAsPart = this.wrapRetriedSend(original, sendFirst);
    return function sendCommand(this: Client, args: Arguments): Promise<unknown> {
      const decision = tap.decide();
      const isSelect = Array.isArray(args) && args[0] === 'SELECT';
      if (decision === 'pass' && !isSelect) return original.apply(this, arguments as never);
      if (!Array.isArray(args) || args.length === 0 || fanOuts.inside) return original.apply(this, arguments as never);
      const client = this._self ?? this;
      if (isBackground(client, args, arguments.length) || groups.isTopology(args)) return sendByItself.apply(this, arguments as never);
      const ref = clientOf(client);
      if (retries.concern(client, ref, args)) return sendAsPart.apply(this, arguments as never);
      const command = tap.begin(ref, args, decision);
      const send = ref.writes.isLinked ? original : sendFirst;
      const promise = send.apply(this, (command?.sent === undefined ? arguments : replacing(arguments, command.sent)) as never);
      const settled = command === undefined ? promise : settleWith(tap, command, promise);
      return isSelect ? followSelect(ref, args[1], settled) : settled;
    };
  }

  /** Finds out which queue a client has. */
  private wrapFirstSend(original: Send): Send {
    const { flushes } = this;
    const clientOf = (client: Client) => this.clientOf(client);
    return function sendFirst(this: Client): Promise<unknown> {
      const call = arguments as unknown as Parameters<Send>;
      return flushes.link(clientOf(this._self ?? this).writes, () => original.apply(this, call));
    };
  }

  private wrapBackgroundSend(original: Send): Send {
    const { tap } = this;
    const nodeOf = (client: Client) => this.nodeOf(client);
    return function sendByItself(this: Client, args: Arguments): Promise<unknown> {
      const call = arguments as unknown as Parameters<Send>;
      return sendInternal(tap, nodeOf(this._self ?? this), args, () => original.apply(this, call));
    };
  }

  private wrapRetriedSend(original: Send, sendFirst: Send): Send {
    const { retries } = this;
    const clientOf = (client: Client) => this.clientOf(client);
    return function sendAsPart(this: Client, args: Arguments): Promise<unknown> {
      const call = arguments as unknown as Parameters<Send>;
      const client = this._self ?? this;
      const ref = clientOf(client);
      const send = ref.writes.isLinked ? original : sendFirst;
      return retries.send(client, ref, args, (sent) => send.apply(this, replacing(call, sent)));
    };
  }

  private wrapExecute(kind: 'MULTI' | 'PIPELINE', original: Execute): Execute {
    const { batches, flushes } = this;
    const clientOf = (client: Client) => this.clientOf(client);
    return function execute(this: Client, commands: unknown, selectedDatabase?: number): Promise<unknown> {
      const call = arguments as unknown as Parameters<Execute>;
      const ref = clientOf(this._self ?? this);
      const promise = batches.execute({
        kind,
        commands,
        clientOf: () => ref,
        call: (list) => {
          const run = () => original.apply(this, replacing(call, list));
          return ref.writes.isLinked ? run() : flushes.link(ref.writes, run);
        },
        repliesIn: (result) => result,
      });
      if (selectedDatabase === undefined) return promise;
      // It resolves whether or not Redis has taken the SELECT.
      return promise.then((replies) => {
        selectDatabase(ref, selectedBy(commands, replies));
        return replies;
      });
    };
  }

  private wrapExecuteScript(original: ExecuteScript): ExecuteScript {
    const { retries } = this;
    return function executeScript(this: Client, script, parser): Promise<unknown> {
      const call = arguments as unknown as Parameters<ExecuteScript>;
      const list = parser?.redisArgs;
      if (list === undefined) return original.apply(this, call);
      return retries.executeScript({ body: script?.SCRIPT, list }, () => original.apply(this, call));
    };
  }

  /** The one command that goes to the queue by itself. A client copies the method to `quit` when it is made. */
  private wrapQuit(original: Quit): Quit {
    const { tap } = this;
    const clientOf = (client: Client) => this.clientOf(client);
    return function quit(this: Client): Promise<unknown> {
      const command = tap.begin(clientOf(this._self ?? this), ['QUIT']);
      const promise = original.apply(this, arguments as never);
      return command === undefined ? promise : settleWith(tap, command, promise);
    };
  }

  /** Whose node it is may not be known yet, and must not be remembered as unknown. */
  private nodeOf(client: Client): NodeRef {
    return this.clients.get(client) ?? { facts: factsFrom(client.options) };
  }

  private clientOf(client: Client): WritingRef {
    const known = this.clients.get(client);
    if (known !== undefined) return known;
    const facts = factsFrom(client.options);
    const group = this.groups.addressOf(client);
    const writes = new QueueWrites(false);
    const ref = group === undefined ? { facts, writes } : { facts: asNodeOf(group, facts), isNode: true, writes };
    this.clients.set(client, ref);
    this.onClient(client);
    return ref;
  }
}

/** The class a module of node-redis exports as its default. */
export function prototypeOf(moduleExports: Target): unknown {
  const { default: exported } = moduleExports;
  return typeof exported === 'function' ? exported.prototype : undefined;
}

/** A reply comes in order: what is answered after SELECT comes from the other database. */
export function followSelect(ref: ClientRef, database: unknown, promise: Promise<unknown>): Promise<unknown> {
  return promise.then((reply) => {
    selectDatabase(ref, database);
    return reply;
  });
}

/** What a connection begins with is queued under an id that says so. */
function isHandshake(options: AddOptions | undefined): boolean {
  return typeof options?.chainId === 'symbol' && options.chainId.description === 'Socket Initiator';
}

/** What the client sends by itself: the PING of `pingInterval`, and the AUTH of credentials that stream. */
function isBackground({ options }: Client, args: Arguments, callLength: number): boolean {
  if (options === undefined || callLength !== 1) return false;
  if (args[0] === 'PING') return options.pingInterval !== undefined && args.length === 1;
  return args[0] === 'AUTH' && options.credentialsProvider?.type === 'streaming-credentials-provider';
}
