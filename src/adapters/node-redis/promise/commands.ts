// Knows: how a command passes the queue of redis 4 to 6, through which all commands pass.
// Must not know: which version called, spans, metrics, attribute names.
import { type Arguments, UNKNOWN_SERVER } from '../../../core/events';
import type { Decision, Tap } from '../../../core/tap';
import { Ambient } from '../../shared/ambient';
import { type Observer, observe, watch } from '../../shared/observe';
import { type PatchLedger, prototypeOf, type Target } from '../../shared/patch';
import { type ClientOptions, factsFrom } from '../server-info';
import { Batches, replacing } from './batches';
import type { Connection, Connections } from './connections';
import { isSelecting, selecting } from './database';
import { type Begun, both, CommandEnding, QueueEntries } from './entries';
import { beginInternal, type NodeRef, Retries } from './retries';
import type { Groups } from './topology';

/** The part of a client that we read. */
export interface SendingClient {
  readonly options?: ClientOptions | undefined;
}

interface AddOptions {
  readonly asap?: unknown;
  readonly chainId?: unknown;
}

type AddCommand = (this: object, args: Arguments, options?: AddOptions, ...rest: unknown[]) => Promise<unknown>;
type TakeCommands = (this: object, ...rest: unknown[]) => unknown;

/** The differences between versions. */
export interface Dialect {
  /** Whether the client sends this command by itself, while it makes its connection. */
  isHandshake(queue: object, options: AddOptions | undefined): boolean;
  /** Whether the command that is being sent is a part of a call that is recorded as a whole. */
  isShare?(): boolean;
  /** Called for each client at its first command. */
  onClient?(client: object): void;
}

/** Follows the commands of one kind of client. */
export class Commands {
  readonly entries = new QueueEntries();
  readonly batches: Batches;
  readonly retries: Retries;
  /** The client whose command passes now. A queue does not know its client. */
  readonly sender = new Ambient<SendingClient>();
  /** Whether the client sends the current command by itself. */
  readonly background = new Ambient<boolean>();
  /** The queue that was called last. Set it to undefined before a call to find out whether the call uses one. */
  readonly reached: { queue: object | undefined } = { queue: undefined };
  /** Whether nothing is recorded of the command that is being sent, and it selects no database. */
  readonly straight = new Ambient<boolean>();
  /** What was decided about it; undefined: nothing yet. */
  readonly decision = new Ambient<Decision>();
  private readonly clients = new WeakMap<object, Connection>();

  constructor(
    private readonly tap: Tap,
    private readonly groups: Groups,
    private readonly connections: Connections,
    private readonly dialect: Dialect,
  ) {
    this.batches = new Batches(tap, (queue) => connections.of(queue)?.writes, groups.calls);
    this.retries = new Retries(tap, groups.calls);
  }

  /**
   * `client/commands-queue.js`. Returns false if the seam is unknown; then nothing was changed.
   * @param take the method that takes commands from the queue to write them
   */
  patchQueue(moduleExports: Target, ledger: PatchLedger, take: string): boolean {
    return ledger.patch(prototypeOf(moduleExports), {
      addCommand: (original: AddCommand) => this.wrapAdd(original),
      [take]: (original: TakeCommands) => this.wrapTake(original),
    });
  }

  /** The facts of a client, if its queue is not known. */
  refOf(client: SendingClient): NodeRef {
    const known = this.clients.get(client);
    if (known !== undefined) return known;
    const facts = factsFrom(client.options);
    return this.groups.nodeOf(client, facts) ?? { facts };
  }

  /** The facts of a queue. @param client its client, if that is known */
  connectionOf(queue: object, client = this.sender.current): Connection {
    const connection =
      this.connections.current(queue) ??
      this.connections.add(queue, client === undefined ? UNKNOWN_SERVER : factsFrom(client.options));
    if (client === undefined || connection.isNode !== undefined) return connection;
    // Known from its first command.
    const node = this.groups.nodeOf(client, connection.facts);
    connection.isNode = node !== undefined;
    Object.assign(connection, node);
    this.clients.set(client, connection);
    this.dialect.onClient?.(client);
    return connection;
  }

  /** Begins a command of the application. undefined: nothing is recorded. @param owner identifies its client */
  begin(owner: object, ref: NodeRef, args: Arguments, decision = this.tap.decide()): Begun | undefined {
    if (this.retries.mayBeRetried(ref)) return this.retries.begin(owner, ref, args, decision);
    const command = this.tap.begin(ref, args, decision);
    return command && new CommandEnding(this.tap, command);
  }

  /** Begins a command that selects a database, and is put into the queue without `addCommand`. */
  beginAlone(queue: object, args: Arguments): Observer {
    const connection = this.connectionOf(queue);
    const begun = this.isUnasked(args)
      ? beginInternal(this.tap, connection, args)
      : this.begin(queue, connection, args);
    const selected = selecting(connection, args);
    return both(begun, selected) ?? selected;
  }

  /** Whether the command that is being sent was not called by the application itself. */
  isUnasked(args: Arguments): boolean {
    return this.background.current === true || this.groups.isTopology(args);
  }

  // Nothing here keeps `arguments` or creates a closure: both would be allocated for every command.
  private wrapAdd(original: AddCommand): AddCommand {
    const { batches, connections, reached, straight } = this;
    const addObserved = this.wrapObserved(original);
    return function addCommand(this: object, _args: Arguments, options?: AddOptions): Promise<unknown> {
      if (!batches.inside) {
        if (straight.current !== true || options?.chainId !== undefined || connections.isAnyDown)
          return addObserved.apply(this, arguments as never);
        return original.apply(this, arguments as never);
      }
      if (batches.isObserving || connections.isAnyDown) return addObserved.apply(this, arguments as never);
      reached.queue = this;
      const promise = original.apply(this, arguments as never);
      batches.collect(promise);
      return promise;
    };
  }

  private wrapObserved(original: AddCommand): AddCommand {
    const { batches, connections, reached } = this;
    const add = this.entries.adding(original);
    const reach = (queue: object, args: unknown, options: AddOptions | undefined) => this.reach(queue, args, options);
    return function addCommand(this: object, args: Arguments, options?: AddOptions): Promise<unknown> {
      const isInside = batches.inside;
      reached.queue = this;
      const begun: Begun | undefined = isInside ? batches.member(this, args) : reach(this, args, options);
      const ending = both(begun, connections.waiting(this, options?.asap === true));
      if (ending === undefined && !isInside) return original.apply(this, arguments as never);
      const call = begun?.sent === undefined ? arguments : replacing(arguments, begun.sent);
      const promise =
        ending === undefined
          ? original.apply(this, arguments as never)
          : add(this, call, ending, isInside ? watch : observe);
      if (isInside) batches.collect(promise);
      return promise;
    };
  }

  private wrapTake(original: TakeCommands): TakeCommands {
    const { connections, entries } = this;
    return function take(this: object): unknown {
      const taken = connections.of(this)?.writes.begin();
      if (taken !== undefined) entries.observeFirst(this, taken);
      return original.apply(this, arguments as never);
    };
  }

  private reach(queue: object, args: unknown, options: AddOptions | undefined): Begun | undefined {
    if (!Array.isArray(args) || args.length === 0) return undefined;
    const isHandshake = this.dialect.isHandshake(queue, options);
    const decision = isHandshake ? 'pass' : (this.decision.current ?? this.tap.decide());
    const selects = isSelecting(args);
    if (decision === 'pass' && !selects && !this.tap.wantsInternal) return undefined;
    // The group of a node may not be known yet; then the result must not be cached.
    const isInternal = isHandshake || this.isUnasked(args);
    if (!isInternal && this.dialect.isShare?.() === true) return undefined;
    const ref = isInternal ? (this.connections.of(queue) ?? UNKNOWN) : this.connectionOf(queue);
    const begun = isInternal ? beginInternal(this.tap, ref, args) : this.begin(queue, ref, args, decision);
    return selects && ref !== UNKNOWN ? both(begun, selecting(ref, args)) : begun;
  }
}

const UNKNOWN: NodeRef = Object.freeze({ facts: UNKNOWN_SERVER });
