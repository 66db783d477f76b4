// Knows: which clients are nodes of a cluster or of a sentinel's master, and the address of that group.
// Must not know: how commands are tapped, spans.
import type { ClientFacts } from '../../../core/events';
import type { Tap } from '../../../core/tap';
import { Ambient } from '../../shared/ambient';
import { type Class, onConstruct, PatchLedger, prototypeOf, type Target } from '../../shared/patch';
import { type HiddenLoop, RetriedCall, RetriedCalls } from '../../shared/retried-calls';
import { type ClientOptions, hostAndPort, UNKNOWN_SERVER } from '../server-info';
import { type ClusterLoop, ClusterLoops, selfOf } from './hidden-loops';
import { type Run, recordUnsent } from './unsent';

/** A cluster's record of its nodes. Public in every version from 4.1 on; private in 4.0. */
interface Slots {
  readonly masters?: readonly ClusterNode[];
  readonly replicas?: readonly ClusterNode[];
  /** The node connection that subscribes. */
  readonly pubSubNode?: ClusterNode;
}

interface ClusterNode {
  readonly client?: unknown;
  /** The connection that subscribes to this node's shards: from 5.0 on, and before. */
  readonly pubSub?: ClusterNode;
  readonly pubSubClient?: unknown;
}

interface ClusterOptions {
  readonly rootNodes?: readonly unknown[];
  readonly maxCommandRedirections?: number;
}

export interface SentinelOptions {
  readonly name?: unknown;
  readonly sentinelRootNodes?: readonly unknown[];
  readonly masterPoolSize?: unknown;
  readonly nodeClientOptions?: ClientOptions;
}

interface Sentinel {
  readonly _self?: Sentinel;
}

type Make = (...args: unknown[]) => Sentinel;
type Factory = (this: unknown, options: SentinelOptions) => Make;
type Duplicate = (this: Sentinel, overrides?: SentinelOptions) => Sentinel;
type Quit = (this: object) => unknown;
type Asking = (this: object) => Promise<unknown>;
type RunOnNode = (this: Sentinel, isReadonly: unknown, run: Run) => Promise<unknown>;
type Execute = (this: Slotted, key: unknown, isReadonly: unknown, options: unknown, run: Run) => Promise<unknown>;

/** A cluster from 5.6 on. */
interface Slotted {
  readonly _self?: Slotted;
  readonly _slots?: object;
}

interface SentinelGroup {
  readonly address: string;
  readonly options: SentinelOptions;
}

interface Cluster {
  readonly slots: WeakRef<Slots>;
  readonly address: string;
  readonly facts: ClientFacts;
  readonly loop: ClusterLoop | undefined;
}

/** The group that a client is a node of. */
export interface Group {
  readonly address: string;
  /** undefined: its calls are seen. */
  readonly loop?: HiddenLoop | undefined;
}

/** Clusters and sentinels of the process, and the clients that belong to them. */
export class Groups {
  readonly calls = new RetriedCalls();
  /** Whether a cluster ends its nodes' connections now: nobody asked for a QUIT of each. */
  private readonly quitting = new Ambient<boolean>();
  private clusters: Cluster[] = [];
  private readonly sentinels = new WeakMap<Sentinel, SentinelGroup>();
  private readonly sentinelNodes = new WeakMap<object, string>();
  private readonly loops = new ClusterLoops();
  private hasSentinels = false;

  /**
   * @param isPart whether the function that is being called sends a part of a call that is recorded as a whole
   * @param seen called for every sentinel when it is created
   */
  constructor(
    private readonly tap: Tap,
    private readonly isPart: () => boolean,
    private readonly seen: (sentinel: Sentinel, address: string, options: SentinelOptions) => void,
  ) {}

  /** `cluster/cluster-slots.js`: each instance belongs to a cluster. */
  patchSlots(moduleExports: Target, ledger: PatchLedger): boolean {
    if (typeof moduleExports.default !== 'function') return false;
    const { prototype } = moduleExports.default as { prototype: Target };
    const areHidden = this.loops.patch(prototype, ledger);
    const seen = (slots: object, args: readonly unknown[]) =>
      this.addCluster(slots, args[0] as ClusterOptions | undefined, areHidden);
    if (PatchLedger.has(prototype, 'quit')) ledger.wrap<Quit>(prototype, 'quit', (original) => this.wrapQuit(original));
    ledger.replace(moduleExports, 'default', onConstruct(moduleExports.default as Class, seen));
    return true;
  }

  /**
   * `sentinel/index.js`. The options are private, and `create` is copied to the package's exports when it loads. But
   * both classes create their instances by `factory`, which is looked up at every call.
   */
  patchSentinel(moduleExports: Target, ledger: PatchLedger): boolean {
    const classes = [moduleExports.default, moduleExports.RedisSentinelClient];
    const areKnown = classes.every(
      (one) => PatchLedger.has(one, 'factory') && PatchLedger.has(one.prototype, '_execute'),
    );
    if (!areKnown) return false;
    for (const one of classes as { prototype: Target }[]) {
      ledger.wrap<Factory>(one as unknown as Target, 'factory', (original) => this.wrapFactory(original));
      ledger.wrap<RunOnNode>(one.prototype, '_execute', (original) => this.wrapRunOnNode(original));
    }
    const [sentinel] = classes as { prototype: Target }[];
    if (PatchLedger.has(sentinel?.prototype, 'duplicate')) {
      ledger.wrap<Duplicate>(sentinel.prototype, 'duplicate', (original) => this.wrapDuplicate(original));
    }
    return true;
  }

  /** `cluster/index.js`. Before 5.6 the method is private. */
  patchCluster(moduleExports: Target, ledger: PatchLedger): boolean {
    const prototype = prototypeOf(moduleExports);
    if (PatchLedger.has(prototype, '_execute'))
      ledger.wrap<Execute>(prototype, '_execute', (original) => this.wrapExecute(original));
    return true;
  }

  /** `client/index.js` of redis 4. */
  patchAsking(prototype: Target, ledger: PatchLedger): void {
    const loopOf = (client: object) => this.clusters.find(({ slots }) => isNodeOf(slots.deref(), client))?.loop;
    if (!PatchLedger.has(prototype, 'asking')) return;
    ledger.wrap<Asking>(prototype, 'asking', (original) => {
      return function asking(this: object): Promise<unknown> {
        const promise = original.apply(this, arguments as never);
        loopOf(this)?.tell(promise);
        return promise;
      };
    });
  }

  /** The group that `client` is a node of; undefined for a client of its own. */
  groupOf(client: object): Group | undefined {
    const owner = this.clusters.find(({ slots }) => isNodeOf(slots.deref(), client));
    if (owner !== undefined) return { address: owner.address, loop: owner.loop?.at(client) };
    const address = this.sentinelNodes.get(client);
    return address === undefined ? undefined : { address };
  }

  /** The facts of a whole cluster, for a call that goes to several of its nodes. */
  factsOf(slots: object | undefined): ClientFacts {
    return this.clusters.find((cluster) => cluster.slots.deref() === slots)?.facts ?? UNKNOWN_SERVER;
  }

  /**
   * Whether a command is a topology query of a cluster or sentinel. The same command of an application looks alike.
   */
  isTopology(args: readonly unknown[]): boolean {
    if (args[0] === 'ASKING' || this.quitting.current === true) return true;
    if (args[0] === 'CLUSTER') return (args[1] === 'SLOTS' || args[1] === 'NODES') && this.clusters.length > 0;
    return args[0] === 'SENTINEL' && this.hasSentinels;
  }

  private wrapQuit(original: Quit): Quit {
    const { quitting } = this;
    return function quit(this: object): unknown {
      return quitting.run(true, () => original.apply(this, arguments as never));
    };
  }

  private addCluster(slots: object, options: ClusterOptions | undefined, isLoopHidden: boolean): void {
    const address = addressOfAll(options?.rootNodes ?? []);
    const loop = isLoopHidden ? this.loops.add(slots, options?.maxCommandRedirections) : undefined;
    this.clusters = this.clusters.filter((cluster) => cluster.slots.deref() !== undefined);
    this.clusters.push({ slots: new WeakRef(slots as Slots), address, facts: factsOfGroup(address, '0'), loop });
  }

  /** The call ends when the promise does, whatever its attempts came to. */
  private wrapExecute(original: Execute): Execute {
    const { tap, calls } = this;
    const reject = (call: RetriedCall, run: Run, { _self, _slots }: Slotted, error: unknown) =>
      this.reject(call, run, this.factsOf(_self?._slots ?? _slots), error);
    return function execute(this: Slotted, _key: unknown, _isReadonly: unknown, _options: unknown, run: Run) {
      if (typeof run !== 'function' || tap.decide() === 'pass') return original.apply(this, arguments as never);
      const call = new RetriedCall();
      arguments[3] = function () {
        return calls.send(call, run, arguments);
      };
      const promise = original.apply(this, arguments as never);
      // Only the cluster's own methods call this, and they handle the promise.
      promise.then(undefined, (error: unknown) => reject(call, run, this, error));
      return promise;
    };
  }

  private wrapFactory(original: Factory): Factory {
    const remember = (sentinel: Sentinel, options: SentinelOptions | undefined) => this.remember(sentinel, options);
    return function factory(this: unknown, options: SentinelOptions): Make {
      const make = original.apply(this, arguments as never);
      return (...args) => {
        const sentinel = make(...args);
        remember(sentinel, options);
        return sentinel;
      };
    };
  }

  /** Bypasses the factory. */
  private wrapDuplicate(original: Duplicate): Duplicate {
    const remember = (sentinel: Sentinel, options: SentinelOptions) => this.remember(sentinel, options);
    const { sentinels } = this;
    return function duplicate(this: Sentinel, overrides?: SentinelOptions): Sentinel {
      const made = original.apply(this, arguments as never);
      const group = sentinels.get(this._self ?? this);
      if (group !== undefined) remember(made, { ...group.options, ...overrides });
      return made;
    };
  }

  private remember(made: Sentinel, options: SentinelOptions | undefined): void {
    this.hasSentinels = true;
    const sentinel = made._self ?? made;
    // Without a name there is nothing to watch, and node-redis will refuse it.
    if (typeof options?.name !== 'string') return;
    const address = `${addressOfAll(options.sentinelRootNodes ?? [])}/${options.name}`;
    this.sentinels.set(sentinel, { address, options });
    this.seen(sentinel, address, options);
  }

  /** Only the function that a sentinel runs on a node knows which node was chosen. */
  private wrapRunOnNode(original: RunOnNode): RunOnNode {
    const { tap, sentinels, sentinelNodes, calls } = this;
    const reject = (call: RetriedCall, run: Run, address: string, error: unknown) =>
      this.reject(call, run, factsOfGroup(address), error);
    return function execute(this: Sentinel, _isReadonly: unknown, run: Run): Promise<unknown> {
      const address = sentinels.get(this._self ?? this)?.address;
      if (address === undefined || typeof run !== 'function') return original.apply(this, arguments as never);
      const call = tap.decide() === 'pass' ? undefined : new RetriedCall();
      arguments[1] = function (client: { readonly _self?: object }) {
        sentinelNodes.set(selfOf(client), address);
        return calls.send(call, run, arguments);
      };
      const promise = original.apply(this, arguments as never);
      if (call !== undefined) promise.then(undefined, (error: unknown) => reject(call, run, address, error));
      return promise;
    };
  }

  /** The call has ended, with the error that its caller gets. */
  private reject(call: RetriedCall, run: Run, facts: ClientFacts, error: unknown): void {
    if (call.isSent) call.end(error);
    else
      recordUnsent(this.tap, run, { client: { facts }, startMonotonicMs: call.startMonotonicMs, error }, this.isPart);
  }
}

/** The facts of a node: the group is the server, the node is the peer. */
export function asNodeOf(address: string, { serverAddress, serverPort, namespace }: ClientFacts): ClientFacts {
  return Object.freeze({
    serverAddress: address,
    serverPort: undefined,
    peerAddress: serverAddress,
    peerPort: serverPort,
    namespace,
  });
}

function isNodeOf(slots: Slots | undefined, client: object): boolean {
  if (slots === undefined) return false;
  const owns = (node: ClusterNode | undefined): boolean =>
    node !== undefined &&
    (isClient(node.client, client) || isClient(node.pubSubClient, client) || isClient(node.pubSub?.client, client));
  return owns(slots.pubSubNode) || slots.masters?.some(owns) === true || slots.replicas?.some(owns) === true;
}

function isClient(candidate: unknown, client: object): boolean {
  return candidate === client || (candidate as { readonly _self?: object } | undefined)?._self === client;
}

/** @param namespace a cluster has one database */
function factsOfGroup(serverAddress: string, namespace?: string): ClientFacts {
  return Object.freeze({ ...UNKNOWN_SERVER, serverAddress, namespace });
}

/** The configured addresses, in an order that does not depend on the configuration. */
function addressOfAll(nodes: readonly unknown[]): string {
  return nodes.map(hostAndPort).sort().join(',');
}
