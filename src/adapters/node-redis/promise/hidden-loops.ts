// Knows: the private loop in which clusters of redis 4.6 to 5.5 send a call again, by what it asks the record of nodes.
// Must not know: commands, spans.
import { nextTick } from 'node:process';
import { watch } from '../../shared/observe';
import { PatchLedger, type Target } from '../../shared/patch';
import { type HiddenLoop, type RetriedCall, redirectionOf } from '../../shared/retried-calls';

/** The default of node-redis. */
const MAX_REDIRECTIONS = 16;

/** More calls than are redirected at the same time. The oldest counts as ended: perhaps its end was not seen. */
export const MAX_PAUSES = 10_000;

type Rediscover = (this: object, startWith: object) => Promise<unknown>;
type GetMaster = (this: object, address: string) => unknown;
type GetClient = (this: object) => unknown;

/** A call between two attempts. */
interface Pause {
  /** The node that refused it. */
  readonly client: object;
  readonly error: Error;
  readonly isAsk: boolean;
  /** Nothing asked yet; the node that ASK names is not known, or is, or was told; all nodes asked for. */
  step: 'refused' | 'unknown' | 'found' | 'told' | 'rediscovered';
}

const MAY_ASK: ReadonlySet<Pause['step']> = new Set(['refused', 'rediscovered']);

/** The loops of all clusters that keep theirs private. */
export class ClusterLoops {
  /** By their record of nodes. */
  private readonly loops = new WeakMap<object, ClusterLoop>();

  add(slots: object, maxRedirections?: number): ClusterLoop {
    const loop = new ClusterLoop(maxRedirections);
    this.loops.set(slots, loop);
    return loop;
  }

  /** @param prototype of `cluster/cluster-slots.js`. Returns whether the loops that ask it may be private. */
  patch(prototype: Target, ledger: PatchLedger): boolean {
    if (!mayHideLoop(prototype)) return false;
    const { loops } = this;
    ledger.wrap<Rediscover>(prototype, 'rediscover', (original) => {
      return function rediscover(this: object, startWith: object): Promise<unknown> {
        const promise = original.apply(this, arguments as never);
        loops.get(this)?.rediscover(startWith, promise);
        return promise;
      };
    });
    ledger.wrap<GetMaster>(prototype, 'getMasterByAddress', (original) => {
      return function getMasterByAddress(this: object, address: string): unknown {
        const found = original.apply(this, arguments as never);
        loops.get(this)?.getMaster(address, found);
        return found;
      };
    });
    ledger.wrap<GetClient>(prototype, 'getClient', (original) => {
      return function getClient(this: object): unknown {
        const loop = loops.get(this);
        if (loop?.isGoingOn !== true) return original.apply(this, arguments as never);
        return loop.getClient(() => original.apply(this, arguments as never));
      };
    });
    return true;
  }
}

/**
 * After a redirection the loop asks, in the same turn, for the named node (ASK) or for the nodes anew. If that fails,
 * the call ends with that error. A call of which nothing is asked was sent by the application to a node of its choice.
 */
export class ClusterLoop {
  private readonly pauses = new Map<RetriedCall, Pause>();
  /** The call whose loop goes on right after us, in the same turn. */
  private next: RetriedCall | undefined;

  constructor(private readonly maxRedirections = MAX_REDIRECTIONS) {}

  /** The loop as it is seen at one node. */
  at(client: object): HiddenLoop {
    return {
      goesOn: (call, error) => this.goesOn(call, error, client),
      left: (call) => this.pauses.delete(call),
    };
  }

  /** It asks for the nodes anew, starting with the one that refused. */
  rediscover(startWith: { readonly _self?: object }, promise: Promise<unknown>): void {
    const refused = selfOf(startWith);
    const found = this.find(
      ({ client, isAsk, step }) => client === refused && step === (isAsk ? 'unknown' : 'refused'),
    );
    if (found === undefined) return;
    const [call, pause] = found;
    pause.step = 'rediscovered';
    const succeed = (): void => {
      if (!pause.isAsk) this.next = call;
    };
    watch(promise, { succeed, fail: (error) => this.end(call, pause, error) });
  }

  /** It asks for the node that ASK named: if it is unknown, once more after it has asked for all nodes. */
  getMaster(address: string, node: unknown): void {
    const isNamed = (error: Error): boolean => error.message.endsWith(` ${address}`);
    const found = this.find(({ error, isAsk, step }) => isAsk && MAY_ASK.has(step) && isNamed(error));
    if (found === undefined) return;
    const [call, pause] = found;
    // In the loop's own words.
    if (node === undefined && pause.step === 'rediscovered')
      this.end(call, pause, new Error(`Cannot find node ${address}`));
    pause.step = node === undefined ? 'unknown' : 'found';
    this.wait(call, pause, node);
  }

  /** It tells a node that a call is to come from another one, and waits for the answer: redis 4 alone. */
  tell(promise: Promise<unknown>): void {
    const found = this.find(({ isAsk, step }) => isAsk && step === 'found');
    if (found === undefined) return;
    const [call, pause] = found;
    pause.step = 'told';
    this.wait(call, pause, promise);
  }

  /** Whether the next call of `getClient` is of a loop. */
  get isGoingOn(): boolean {
    return this.next !== undefined;
  }

  /** It asks for the node that has the key now. */
  getClient(get: () => unknown): unknown {
    const { next: call } = this;
    this.next = undefined;
    const pause = call && this.pauses.get(call);
    if (call === undefined || pause === undefined) return get();
    try {
      const node = get();
      this.wait(call, pause, node);
      return node;
    } catch (error) {
      this.end(call, pause, error);
      throw error;
    }
  }

  private goesOn(call: RetriedCall, error: unknown, client: object): boolean {
    const redirection = redirectionOf(error);
    if (redirection === undefined || (call.resends?.count ?? 0) >= this.maxRedirections) return false;
    if (this.pauses.size >= MAX_PAUSES) this.endOldest();
    const pause: Pause = { client, error: error as Error, isAsk: redirection === 'ASK', step: 'refused' };
    this.pauses.set(call, pause);
    // After all promises that can settle now: if it goes on, it will have asked for nodes by then.
    queueMicrotask(() =>
      nextTick(() => {
        if (pause.step === 'refused') this.end(call, pause, error);
      }),
    );
    return true;
  }

  private endOldest(): void {
    for (const [call, { error }] of this.pauses) {
      call.end(error);
      return;
    }
  }

  /** The one that has waited longest. */
  private find(isIt: (pause: Pause) => boolean): readonly [RetriedCall, Pause] | undefined {
    for (const entry of this.pauses) if (isIt(entry[1])) return entry;
    return undefined;
  }

  /** The node may have no connection yet. */
  private wait(call: RetriedCall, pause: Pause, node: unknown): void {
    if (node instanceof Promise) watch(node, { succeed: () => {}, fail: (error) => this.end(call, pause, error) });
  }

  /** Unless it has gone on. */
  private end(call: RetriedCall, pause: Pause, error: unknown): void {
    if (this.pauses.get(call) === pause) call.end(error);
  }
}

/** Redis 5 shows its clients as objects derived from them. */
export function selfOf(client: { readonly _self?: object }): object {
  return client._self ?? client;
}

/** From 5.11 on the record of nodes finds a client with the slot of the key; loops are not private from 5.6 on. */
function mayHideLoop(prototype: Target): boolean {
  return (
    PatchLedger.has(prototype, 'rediscover', 'getMasterByAddress', 'getClient') &&
    !PatchLedger.has(prototype, 'getClientAndSlotNumber')
  );
}
