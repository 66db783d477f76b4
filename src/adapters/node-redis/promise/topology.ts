// Knows: the clusters of the process, and which clients are nodes of a cluster or of a sentinel's master.
// Must not know: how commands are tapped, spans.
import { type ClientFacts, UNKNOWN_SERVER } from '../../../core/events';
import { Ambient } from '../../shared/ambient';
import { type Class, onConstruct, PatchLedger, prototypeOf, type Target } from '../../shared/patch';
import type { HiddenLoop, RetriedCall, RetriedCalls } from '../../shared/retried-calls';
import { addressOfAll, factsOfGroup } from '../../shared/servers';
import type { GroupCalls, Run } from './group-calls';
import { type ClusterLoop, ClusterLoops } from './hidden-loops';
import type { Sentinels } from './sentinels';

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

type Quit = (this: object) => unknown;
type Asking = (this: object) => Promise<unknown>;
type Execute = (this: Slotted, key: unknown, isReadonly: unknown, options: unknown, run: Run) => Promise<unknown>;

/** A cluster from 5.6 on. */
interface Slotted {
  readonly _self?: Slotted;
  readonly _slots?: object;
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

/** The groups of the process, and the clients that belong to them. */
export class Groups {
  /** Whether a cluster ends its nodes' connections now: nobody asked for a QUIT of each. */
  private readonly quitting = new Ambient<boolean>();
  private clusters: Cluster[] = [];
  private readonly loops = new ClusterLoops();

  constructor(
    private readonly groupCalls: GroupCalls,
    private readonly sentinels: Sentinels,
  ) {}

  /** Calls that may be sent to several nodes. */
  get calls(): RetriedCalls {
    return this.groupCalls.retried;
  }

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
    const address = this.sentinels.addressOf(client);
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
    return args[0] === 'SENTINEL' && this.sentinels.isAny;
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
    const { groupCalls, calls } = this;
    const reject = (call: RetriedCall, run: Run, { _self, _slots }: Slotted, error: unknown) =>
      groupCalls.reject(call, run, this.factsOf(_self?._slots ?? _slots), error);
    return function execute(this: Slotted, _key: unknown, _isReadonly: unknown, _options: unknown, run: Run) {
      const call = typeof run === 'function' ? groupCalls.begin() : undefined;
      if (call === undefined) return original.apply(this, arguments as never);
      arguments[3] = function () {
        return calls.send(call, run, arguments);
      };
      const promise = original.apply(this, arguments as never);
      // Only the cluster's own methods call this, and they handle the promise.
      promise.then(undefined, (error: unknown) => reject(call, run, this, error));
      return promise;
    };
  }
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
