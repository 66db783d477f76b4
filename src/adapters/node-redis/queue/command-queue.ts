// Knows: the command queue of redis 4, where every command of that version passes.
// Must not know: spans, metrics, attribute names.
import type { Arguments } from '../../../core/events';
import type { Tap } from '../../../core/operation';
import { type Class, onConstruct, PatchLedger, type Target } from '../../shared/patch';
import { followSelect, prototypeOf } from '../client/client';
import { Batches, replacing, selectedBy, selects } from '../promise/batches';
import { type Connect, wrapConnect } from '../promise/connect';
import type { Connections } from '../promise/connections';
import { type GetCommandToSend, QueueFlushes, QueueWrites } from '../promise/flush-times';
import { type NodeRef, Retries, sendInternal, settleWith } from '../promise/send';
import { asNodeOf, type Groups } from '../promise/topology';
import { type ClientOptions, factsFrom, selectDatabase, UNKNOWN_SERVER } from '../server-info';

interface Socket {
  readonly isReady?: boolean;
}

interface Client {
  readonly options?: ClientOptions;
}

interface AddOptions {
  readonly asap?: boolean;
}

type AddCommand = (this: object, args: Arguments, options?: AddOptions) => Promise<unknown>;
type MultiExecutor = (this: Client, commands: unknown, ...rest: unknown[]) => Promise<unknown>;
type ExecuteScript = (this: object, script: { readonly SCRIPT?: unknown }, list: object, ...rest: unknown[]) => Promise<unknown>;
type SendCommand = (this: object, args: Arguments, ...rest: unknown[]) => Promise<unknown>;

/** A queue's facts, and the socket whose state tells a handshake from the application's own commands. */
interface Connection extends NodeRef {
  readonly socket: Socket | undefined;
  readonly writes: QueueWrites;
}

/** Taps the clients of redis 4, of all copies of the module. */
export class CommandQueueTap {
  private readonly connections = new WeakMap<object, Connection>();
  private readonly batches: Batches;
  private readonly retries: Retries;
  private readonly flushes = new QueueFlushes();
  // The client whose command passes now: a queue does not know it.
  private sender: object | undefined;
  // A client builds its queue and its socket back to back; 4.0 the socket first, all others the queue.
  private lonelyQueue: object | undefined;
  private lonelySocket: { readonly socket: Socket; readonly options: ClientOptions['socket'] } | undefined;

  constructor(
    private readonly tap: Tap,
    private readonly groups: Groups,
    private readonly sockets: Connections,
  ) {
    this.batches = new Batches(tap, (queue) => this.connections.get(queue)?.writes, groups.calls);
    this.retries = new Retries(tap, groups.calls);
  }

  /** `client/commands-queue.js`. False if the seam is not what we know: then nothing is touched. */
  patchQueue(moduleExports: Target, ledger: PatchLedger): boolean {
    const prototype = prototypeOf(moduleExports);
    if (!PatchLedger.has(prototype, 'addCommand')) return false;
    ledger.wrap<AddCommand>(prototype, 'addCommand', (original) => this.wrapAdd(this.sockets.counting(original)));
    if (PatchLedger.has(prototype, 'getCommandToSend')) {
      const writesOf = (queue: object) => this.connections.get(queue)?.writes;
      ledger.wrap<GetCommandToSend>(prototype, 'getCommandToSend', (original) => this.flushes.wrapGetCommandToSend(original, writesOf));
    }
    ledger.replace(
      moduleExports,
      'default',
      onConstruct(moduleExports.default as Class, (queue) => this.pairQueue(queue)),
    );
    return true;
  }

  /** `client/RESP2/encoder.js`. Redis 4.0 has none: there a queue gives out the arguments themselves. */
  patchEncoder(moduleExports: Target, ledger: PatchLedger): boolean {
    return this.flushes.patchEncoder(moduleExports, ledger);
  }

  /** `client/socket.js`: where a queue's commands go is known to its socket alone. */
  patchSocket(moduleExports: Target, ledger: PatchLedger): boolean {
    if (!PatchLedger.has(prototypeOf(moduleExports), 'connect')) return false;
    const paired = (socket: Socket, args: readonly unknown[]) => this.pairSocket(socket, args[1] as ClientOptions['socket']);
    ledger.replace(moduleExports, 'default', onConstruct(moduleExports.default as Class, paired));
    return true;
  }

  /** `client/index.js`: transactions, pipelines and defined scripts. */
  patchClient(moduleExports: Target, ledger: PatchLedger): boolean {
    const prototype = prototypeOf(moduleExports);
    if (!PatchLedger.has(prototype, 'sendCommand', 'multiExecutor', 'executeScript', 'connect')) return false;
    ledger.wrap<SendCommand>(prototype, 'sendCommand', (original) => this.wrapSend(original));
    ledger.wrap<Connect<Client>>(prototype, 'connect', (original) =>
      wrapConnect<Client>(this.tap, ({ options }) => ({ facts: factsFrom(options) }), original),
    );
    ledger.wrap<MultiExecutor>(prototype, 'multiExecutor', (original) => this.wrapMultiExecutor(original));
    ledger.wrap<ExecuteScript>(prototype, 'executeScript', (original) => this.wrapExecuteScript(original));
    return true;
  }

  // Nothing here keeps `arguments`, or closes over what a command brings: both would be made for every command.
  private wrapAdd(original: AddCommand): AddCommand {
    const { tap, batches, retries, groups } = this;
    const connectionOf = (queue: object) => this.connectionOf(queue);
    const addByItself = this.wrapBackgroundAdd(original);
    const addAsPart = this.wrapRetriedAdd(original);
    return function addCommand(this: object, args: Arguments, options?: AddOptions): Promise<unknown> {
      if (batches.inside) {
        const promise = original.apply(this, arguments as never);
        batches.collect(this, promise);
        return promise;
      }
      const decision = tap.decide();
      const isSelect = Array.isArray(args) && args[0] === 'SELECT';
      if (decision === 'pass' && !isSelect) return original.apply(this, arguments as never);
      if (!Array.isArray(args) || args.length === 0) return original.apply(this, arguments as never);
      if (groups.isTopology(args)) return addByItself.apply(this, arguments as never);
      const connection = connectionOf(this);
      const isInternal = isHandshake(connection, options);
      if (!isInternal && retries.concern(this, connection, args)) return addAsPart.apply(this, arguments as never);
      const command = isInternal ? tap.beginInternal(connection, args) : tap.begin(connection, args, decision);
      const promise = original.apply(this, (command?.sent === undefined ? arguments : replacing(arguments, command.sent)) as never);
      const settled = command === undefined ? promise : settleWith(tap, command, promise);
      return isSelect ? followSelect(connection, args[1], settled) : settled;
    };
  }
  private wrapBackgroundAdd(original: AddCommand): AddCommand {
    const { tap } = this;
    // Whose node it is may not be known yet, and must not be remembered as unknown.
    const nodeOf = (queue: object) => this.connections.get(queue) ?? { facts: UNKNOWN_SERVER };
    return function addByItself(this: object, args: Arguments): Promise<unknown> {
      const call = arguments as unknown as Parameters<AddCommand>;
      return sendInternal(tap, nodeOf(this), args, () => original.apply(this, call));
    };
  }

  private wrapRetriedAdd(original: AddCommand): AddCommand {
    const { retries } = this;
    const connectionOf = (queue: object) => this.connectionOf(queue);
    return function addAsPart(this: object, args: Arguments): Promise<unknown> {
      const call = arguments as unknown as Parameters<AddCommand>;
      return retries.send(this, connectionOf(this), args, (sent) => original.apply(this, replacing(call, sent)));
    };
  }

  private wrapMultiExecutor(original: MultiExecutor): MultiExecutor {
    const { batches } = this;
    const connectionOf = (queue: object) => this.connectionOf(queue);
    const sentBy = <T>(client: object, call: () => T) => this.sentBy(client, call);
    return function multiExecutor(this: Client, commands: unknown): Promise<unknown> {
      const call = arguments as unknown as Parameters<MultiExecutor>;
      // Only a transaction has a chain; the position of its id differs between 4.0 and later.
      const kind = Array.prototype.some.call(call, (argument) => typeof argument === 'symbol') ? 'MULTI' : 'PIPELINE';
      let ref: NodeRef | undefined;
      const clientOf = (queue: object | undefined): NodeRef => {
        ref = queue === undefined ? { facts: factsFrom(this.options) } : sentBy(this, () => connectionOf(queue));
        return ref;
      };
      // A transaction resolves with the replies of MULTI, of what was queued, and of EXEC.
      const repliesIn = (result: unknown): unknown => (kind === 'MULTI' && Array.isArray(result) ? result[result.length - 1] : result);
      const run = (list: unknown): Promise<unknown> => sentBy(this, () => original.apply(this, replacing(call, list)));
      const promise = batches.execute({ kind, commands, clientOf, call: run, repliesIn });
      if (!selects(commands)) return promise;
      return promise.then((result) => {
        if (ref !== undefined) selectDatabase(ref, selectedBy(commands, repliesIn(result)));
        return result;
      });
    };
  }

  private wrapExecuteScript(original: ExecuteScript): ExecuteScript {
    const { retries } = this;
    const sentBy = <T>(client: object, call: () => T) => this.sentBy(client, call);
    return function executeScript(this: object, script, list): Promise<unknown> {
      const call = arguments as unknown as Parameters<ExecuteScript>;
      return sentBy(this, () => retries.executeScript({ body: script?.SCRIPT, list }, () => original.apply(this, call)));
    };
  }

  /** What a cluster sends, it sends through this method of the node's client. */
  private wrapSend(original: SendCommand): SendCommand {
    const sentBy = <T>(client: object, call: () => T) => this.sentBy(client, call);
    return function sendCommand(this: object): Promise<unknown> {
      return sentBy(this, () => original.apply(this, arguments as never));
    };
  }

  private sentBy<T>(client: object, call: () => T): T {
    this.sender = client;
    try {
      return call();
    } finally {
      this.sender = undefined;
    }
  }

  private pairQueue(queue: object): void {
    const { lonelySocket } = this;
    this.lonelySocket = undefined;
    if (lonelySocket === undefined) this.lonelyQueue = queue;
    else this.connect(queue, lonelySocket.socket, lonelySocket.options);
  }

  private pairSocket(socket: Socket, options: ClientOptions['socket']): void {
    const { lonelyQueue } = this;
    this.lonelyQueue = undefined;
    if (lonelyQueue === undefined) this.lonelySocket = { socket, options };
    else this.connect(lonelyQueue, socket, options);
  }

  /** A client that was built where we could not see it. */
  adopt(
    client: { readonly options?: ClientOptions },
    { queue, socket }: { readonly queue: object; readonly socket: object | undefined },
  ): void {
    if (socket !== undefined && this.connections.get(queue)?.socket === undefined) this.connect(queue, socket, client.options?.socket);
  }

  private connect(queue: object, socket: Socket, options: ClientOptions['socket']): void {
    this.connections.set(queue, { facts: factsFrom({ socket: options }), socket, writes: new QueueWrites(true) });
    this.sockets.pair(queue, socket, options);
  }

  /** A queue's client is known from the first command that it sends for a cluster. */
  private joinGroup(connection: Connection, client: object): Connection {
    if (connection.isNode !== undefined) return connection;
    const group = this.groups.addressOf(client);
    connection.isNode = group !== undefined;
    if (group !== undefined) connection.facts = asNodeOf(group, connection.facts);
    return connection;
  }

  /** A queue built before we came has no socket that we know. */
  private connectionOf(queue: object): Connection {
    const known = this.connections.get(queue);
    if (known !== undefined) return this.sender === undefined ? known : this.joinGroup(known, this.sender);
    const unknown = { facts: UNKNOWN_SERVER, socket: undefined, writes: new QueueWrites(true) };
    this.connections.set(queue, unknown);
    return unknown;
  }
}

/** Before the socket is ready, what jumps the queue is the client's own; where the socket is not known, whenever it does. */
function isHandshake({ socket }: Connection, options: AddOptions | undefined): boolean {
  return options?.asap === true && socket?.isReady !== true;
}
