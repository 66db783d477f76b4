// Knows: where redis 4.6 and later pass messages to their listeners, and which client received them.
// Must not know: spans, metrics, attribute names.
import { context } from '@opentelemetry/api';
import type { Delivery, MessageTap } from '../../../core/delivery';
import { type ClientRef, UNKNOWN_SERVER } from '../../../core/events';
import { Ambient } from '../../shared/ambient';
import { isAsync, Listening, receive, runDetached } from '../../shared/listener-run';
import { allOf, around, before, PatchLedger, prototypeOf, type Target } from '../../shared/patch';
import { type ClientOptions, factsFrom } from '../server-info';
import type { Groups } from './topology';

/** The part of a client that we read. */
interface Client {
  readonly _self?: Client;
  readonly options?: ClientOptions;
}

/** The listeners of one channel or pattern. */
interface ListenerSets {
  readonly buffers: Set<unknown>;
  readonly strings: Set<unknown>;
}

type ListenersByName = ReadonlyMap<string, ListenerSets>;

/** The subscriptions of a client: read by a method before 5.0, by a field since. */
interface PubSub {
  getTypeListeners?(type: string): ListenersByName;
  readonly listeners?: Readonly<Record<string, ListenersByName>>;
}

/** The kinds of messages, and the names that the client has for their listeners. */
const TYPES: ReadonlyMap<string, string> = new Map([
  ['message', 'CHANNELS'],
  ['pmessage', 'PATTERNS'],
  ['smessage', 'SHARDED'],
]);

/**
 * The client's methods that subscribe. The last two are used by the library when it moves listeners to another node.
 */
const SUBSCRIBING = ['SUBSCRIBE', 'PSUBSCRIBE', 'SSUBSCRIBE', 'extendPubSubChannelListeners', 'extendPubSubListeners'];
/** The methods that these call, synchronously, where the client is not known. */
const SUBSCRIBED = ['subscribe', 'extendChannelListeners', 'extendTypeListeners'];

/** Taps subscribers of redis 4.6 and later: their listeners run in a context of the message's own. */
export class PubSubTap {
  private readonly owners = new WeakMap<PubSub, Client>();
  private readonly refs = new WeakMap<Client, ClientRef>();
  private readonly internal = new WeakSet<Client>();
  private readonly subscriber = new Ambient<Client>();

  constructor(
    private readonly messages: MessageTap,
    private readonly groups: Groups,
  ) {}

  /** `client/index.js`. Versions before 4.6 are not supported here, and 4.0 to 4.5 have no sharded channels. */
  patchClient(moduleExports: Target, ledger: PatchLedger): boolean {
    const prototype = prototypeOf(moduleExports);
    const names = SUBSCRIBING.filter((name) => PatchLedger.has(prototype, name));
    const subscribing = around<Client, unknown>((one, call, [channels]) => {
      const client = one._self ?? one;
      if (isSentinelControl(channels)) this.internal.add(client);
      return this.subscriber.run(client, call);
    });
    return names.length >= 2 && ledger.patch(prototype, allOf(names, subscribing));
  }

  /** `client/pub-sub.js`. Returns false if the seam is unknown; then nothing was changed. */
  patchPubSub(moduleExports: Target, ledger: PatchLedger): boolean {
    const subscribed = before<PubSub>((pubSub) => {
      if (this.subscriber.current !== undefined) this.owners.set(pubSub, this.subscriber.current);
    });
    return ledger.patch(prototypeOf(moduleExports, 'PubSub'), {
      ...allOf(SUBSCRIBED, subscribed),
      handleMessageReply: around<PubSub, boolean>((...call) => this.handle(...call)),
    });
  }

  /** The client that is subscribing. */
  get current(): ClientRef {
    const client = this.subscriber.current;
    return client === undefined ? UNKNOWN : this.refOf(client);
  }

  private handle(pubSub: PubSub, call: () => boolean, args: unknown[]): boolean {
    const [reply] = args;
    const sets = listenersFor(pubSub, reply);
    if (sets === undefined) return call();
    const owner = this.owners.get(pubSub);
    if (owner !== undefined && this.internal.has(owner)) return runDetached(this.messages, call);
    const clientOf = () => (owner === undefined ? UNKNOWN : this.refOf(owner));
    return receive(this.messages, clientOf, reply as unknown[], (seen, delivery) => {
      args[0] = seen;
      return delivery === undefined ? call() : deliver(delivery, sets, call);
    });
  }

  /** Read at the first message: a cluster only knows its subscriber once that is connected. */
  private refOf(client: Client): ClientRef {
    const known = this.refs.get(client);
    if (known !== undefined) return known;
    const facts = factsFrom(client.options);
    const ref = this.groups.nodeOf(client, facts) ?? { facts };
    this.refs.set(client, ref);
    return ref;
  }
}

const UNKNOWN: ClientRef = { facts: UNKNOWN_SERVER };

/** A sentinel client subscribes to the state of its servers. The list is the library's own, in all versions. */
function isSentinelControl(channels: unknown): boolean {
  return Array.isArray(channels) && channels.includes('switch-master') && channels.includes('[-+]sdown');
}

/** The listeners of a message; undefined: there are none, or it is no message. */
function listenersFor(pubSub: PubSub, reply: unknown): ListenerSets | undefined {
  const type = Array.isArray(reply) ? TYPES.get(String(reply[0])) : undefined;
  if (type === undefined) return undefined;
  // The pattern comes before the channel.
  const sets = (pubSub.getTypeListeners?.(type) ?? pubSub.listeners?.[type])?.get(String((reply as unknown[])[1]));
  return sets === undefined || sets.buffers.size + sets.strings.size === 0 ? undefined : sets;
}

/** Runs the library's own delivery in the message's context. */
function deliver(delivery: Delivery, { buffers, strings }: ListenerSets, call: () => boolean): boolean {
  if (!delivery.isFollowed) return context.with(delivery.context, call);
  const listening = new Listening(delivery);
  const restore = [buffers, strings].filter(hasAsync).map((set) => observeNext(set, listening));
  try {
    return listening.run(call);
  } finally {
    for (const undo of restore) undo();
  }
}

function hasAsync(listeners: Set<unknown>): boolean {
  for (const listener of listeners) if (isAsync(listener)) return true;
  return false;
}

/**
 * Makes the next iteration over a set of listeners return observed functions. The library calls them and drops their
 * return values. The set itself keeps the application's own functions, so that `unsubscribe` finds them.
 */
function observeNext(listeners: Set<unknown>, listening: Listening): () => void {
  const restore = (): void => {
    Reflect.deleteProperty(listeners, Symbol.iterator);
  };
  const iterate = function* (): Generator<unknown> {
    restore();
    for (const listener of listeners) yield isAsync(listener) ? listening.observe(listener) : listener;
  };
  Object.defineProperty(listeners, Symbol.iterator, { value: iterate, configurable: true });
  return restore;
}
