// Knows: the clusters of the process, and which clients are nodes of a cluster or of a sentinel's master.
// Must not know: how commands are tapped, spans.
import { nextTick } from 'node:process';
import { type ClientFacts, UNKNOWN_SERVER } from '../../../core/events';
import { Ambient } from '../../shared/ambient';
import {
  allOf,
  around,
  before,
  type Class,
  onConstruct,
  PatchLedger,
  prototypeOf,
  type Target,
} from '../../shared/patch';
import type { HiddenLoop, RetriedCall, RetriedCalls } from '../../shared/retried-calls';
import { addressOfAll, asNodeOf, factsOfGroup } from '../../shared/servers';
import type { GroupCalls, Run } from './group-calls';
import type { NodeRef } from './retries';
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
}

type Execute = (this: Slotted, key: unknown, isReadonly: unknown, options: unknown, run: Run) => Promise<unknown>;

/** A cluster from 5.6 on. */
interface Slotted {
  readonly _self?: Slotted;
  readonly _slots?: object;
}

interface Cluster {
  readonly slots: WeakRef<Slots>;
  readonly facts: ClientFacts;
  /** undefined: its calls are seen. */
  readonly loop: HiddenLoop | undefined;
  /** How often a private loop has looked for a node after a redirection. */
  asked: number;
}

/** The groups of the process, and the clients that belong to them. */
export class Groups {
  /** Whether a cluster ends its nodes' connections now: nobody asked for a QUIT of each. */
  private readonly quitting = new Ambient<boolean>();
  private clusters: Cluster[] = [];

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
    const areHidden = mayHideLoop(prototype);
    const asked = before<object>((slots) => {
      const cluster = this.clusterOf(slots);
      if (cluster !== undefined) cluster.asked += 1;
    });
    if (areHidden) ledger.patch(prototype, allOf(ASKING, asked));
    const seen = (slots: object, args: readonly unknown[]) =>
      this.addCluster(slots, args[0] as ClusterOptions | undefined, areHidden);
    ledger.patch(prototype, { quit: around((_slots, call) => this.quitting.run(true, call)) });
    ledger.replace(moduleExports, 'default', onConstruct(moduleExports.default as Class, seen));
    return true;
  }

  /** `cluster/index.js`. Before 5.6 the method is private. */
  patchCluster(moduleExports: Target, ledger: PatchLedger): boolean {
    ledger.patch(prototypeOf(moduleExports), { _execute: (original: Execute) => this.wrapExecute(original) });
    return true;
  }

  /** The facts of a client as a node of its group; undefined for a client of its own. */
  nodeOf(client: object, facts: ClientFacts): NodeRef | undefined {
    const owner = this.clusters.find(({ slots }) => isNodeOf(slots.deref(), client));
    const address = owner?.facts.serverAddress ?? this.sentinels.addressOf(client);
    return address === undefined ? undefined : { facts: asNodeOf(address, facts), loop: owner?.loop };
  }

  /** The facts of a whole cluster, for a call that goes to several of its nodes. */
  factsOf(slots: object | undefined): ClientFacts {
    return this.clusterOf(slots)?.facts ?? UNKNOWN_SERVER;
  }

  private clusterOf(slots: object | undefined): Cluster | undefined {
    return this.clusters.find((cluster) => cluster.slots.deref() === slots);
  }

  /**
   * Whether a command is a topology query of a cluster or sentinel. The same command of an application looks alike.
   */
  isTopology(args: readonly unknown[]): boolean {
    if (args[0] === 'ASKING' || this.quitting.current === true) return true;
    if (args[0] === 'CLUSTER') return (args[1] === 'SLOTS' || args[1] === 'NODES') && this.clusters.length > 0;
    return args[0] === 'SENTINEL' && this.sentinels.isAny;
  }

  private addCluster(slots: object, options: ClusterOptions | undefined, isLoopHidden: boolean): void {
    this.clusters = this.clusters.filter((cluster) => cluster.slots.deref() !== undefined);
    const facts = factsOfGroup(addressOfAll(options?.rootNodes), '0');
    const loop = isLoopHidden ? loopOf(() => cluster.asked) : undefined;
    const cluster: Cluster = { slots: new WeakRef(slots as Slots), facts, loop, asked: 0 };
    this.clusters.push(cluster);
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

/** What the private loop of a cluster calls right after a redirection, unless it gives up. */
const ASKING = ['rediscover', 'getMasterByAddress'];

/** From 5.11 on the record of nodes finds a client with the slot of the key; loops are not private from 5.6 on. */
function mayHideLoop(prototype: Target): boolean {
  return PatchLedger.has(prototype, ...ASKING) && !PatchLedger.has(prototype, 'getClientAndSlotNumber');
}

/** A call that was refused goes on if its cluster asks for a node in the same turn: after all promises settle. */
function loopOf(asked: () => number): HiddenLoop {
  return (giveUp) => {
    const before = asked();
    queueMicrotask(() =>
      nextTick(() => {
        if (asked() === before) giveUp();
      }),
    );
  };
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
