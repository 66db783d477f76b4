// Knows: the sentinels of the process, and which clients are nodes of their masters.
// Must not know: clusters, how commands are tapped, spans.
import { after, around, PatchLedger, type Target } from '../../shared/patch';
import type { RetriedCall } from '../../shared/retried-calls';
import { addressOfAll, factsOfGroup } from '../../shared/servers';
import type { ClientOptions } from '../server-info';
import type { GroupCalls, Run } from './group-calls';

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
type RunOnNode = (this: Sentinel, isReadonly: unknown, run: Run) => Promise<unknown>;

interface SentinelGroup {
  readonly address: string;
  readonly options: SentinelOptions;
}

export class Sentinels {
  /** Whether there was one. */
  isAny = false;
  private readonly sentinels = new WeakMap<Sentinel, SentinelGroup>();
  /** The address of the group of each node. */
  private readonly nodes = new WeakMap<object, string>();

  /** @param seen called for every sentinel when it is created */
  constructor(
    private readonly groupCalls: GroupCalls,
    private readonly seen: (sentinel: Sentinel, address: string, options: SentinelOptions) => void,
  ) {}

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
    const factory = around<unknown, Make>((_class, call, [options]) => {
      const make = call();
      return (...args) => this.remember(make(...args), options as SentinelOptions | undefined);
    });
    for (const one of classes as { prototype: Target }[]) {
      ledger.patch(one, { factory });
      ledger.patch(one.prototype, { _execute: (original: RunOnNode) => this.wrapRunOnNode(original) });
    }
    // It bypasses the factory.
    const duplicate = after<Sentinel, Sentinel>((sentinel, made, [overrides]) => {
      const group = this.sentinels.get(sentinel._self ?? sentinel);
      if (group !== undefined) this.remember(made, { ...group.options, ...(overrides as SentinelOptions) });
    });
    ledger.patch((classes[0] as { prototype: Target }).prototype, { duplicate });
    return true;
  }

  /** undefined: the client is no node of a sentinel's master. */
  addressOf(client: object): string | undefined {
    return this.nodes.get(client);
  }

  private remember(made: Sentinel, options: SentinelOptions | undefined): Sentinel {
    this.isAny = true;
    const sentinel = made._self ?? made;
    // Without a name there is nothing to watch, and node-redis will refuse it.
    if (typeof options?.name !== 'string') return made;
    const address = `${addressOfAll(options.sentinelRootNodes)}/${options.name}`;
    this.sentinels.set(sentinel, { address, options });
    this.seen(sentinel, address, options);
    return made;
  }

  /** Only the function that a sentinel runs on a node knows which node was chosen. */
  private wrapRunOnNode(original: RunOnNode): RunOnNode {
    const { groupCalls, sentinels, nodes } = this;
    const { retried } = groupCalls;
    const reject = (call: RetriedCall, run: Run, address: string, error: unknown) =>
      groupCalls.reject(call, run, factsOfGroup(address), error);
    return function execute(this: Sentinel, _isReadonly: unknown, run: Run): Promise<unknown> {
      const address = sentinels.get(this._self ?? this)?.address;
      if (address === undefined || typeof run !== 'function') return original.apply(this, arguments as never);
      const call = groupCalls.begin();
      arguments[1] = function (client: { readonly _self?: object }) {
        nodes.set(client._self ?? client, address);
        return retried.send(call, run, arguments);
      };
      const promise = original.apply(this, arguments as never);
      if (call !== undefined) promise.then(undefined, (error: unknown) => reject(call, run, address, error));
      return promise;
    };
  }
}
