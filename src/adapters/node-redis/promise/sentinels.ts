// Knows: the sentinels of the process, and which clients are nodes of their masters.
// Must not know: clusters, how commands are tapped, spans.
import { PatchLedger, type Target } from '../../shared/patch';
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
type Factory = (this: unknown, options: SentinelOptions) => Make;
type Duplicate = (this: Sentinel, overrides?: SentinelOptions) => Sentinel;
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

  /** undefined: the client is no node of a sentinel's master. */
  addressOf(client: object): string | undefined {
    return this.nodes.get(client);
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
    this.isAny = true;
    const sentinel = made._self ?? made;
    // Without a name there is nothing to watch, and node-redis will refuse it.
    if (typeof options?.name !== 'string') return;
    const address = `${addressOfAll(options.sentinelRootNodes)}/${options.name}`;
    this.sentinels.set(sentinel, { address, options });
    this.seen(sentinel, address, options);
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
