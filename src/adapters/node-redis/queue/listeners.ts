// Knows: how redis 4.0 to 4.5 keeps listeners inside its command queue, out of reach.
// Must not know: spans, metrics, attribute names.
import type { MessageTap } from '../../../core/delivery';
import type { ClientRef } from '../../../core/events';
import { globMatcher } from '../../../core/glob';
import { INVALIDATION, isAsync, type Listener, Listening, runDetached } from '../../shared/listener-run';
import { PatchLedger, type Target } from '../../shared/patch';
import { prototypeOf } from '../client/client';

type Subscribe = (this: object, command: unknown, channels: unknown, listener: unknown, asBytes?: unknown) => unknown;

/** As what a listener wants its messages. It may want them as both. */
const TEXT = 1;
const BYTES = 2;

/** A listener of the application's, and what stands for it in the queue. */
interface StandIn {
  readonly standIn: Listener;
  /** What it was subscribed to since we came, and as what: only there is the stand-in to be found. */
  readonly names: Map<string, number>;
  readonly isPattern: boolean;
  /** Whether the listener returns a promise that can be followed. */
  readonly isAsync: boolean;
}

/** The message that is handed to its listeners now. */
interface Current {
  readonly listening: Listening | undefined;
  readonly called: Set<StandIn>;
  readonly channel: string;
  readonly pattern: string | undefined;
  readonly message: unknown;
  /** The message as the application is to see it, text where it came as text. */
  seenAs(message: unknown): unknown;
}

/** Taps subscribers of redis 4.0 to 4.5. */
export class QueueListenersTap {
  private readonly queues = new WeakMap<object, Subscriptions>();

  /** @param subscriber the client that subscribes now */
  constructor(
    private readonly messages: MessageTap,
    private readonly subscriber: () => ClientRef,
  ) {}

  /** `client/commands-queue.js`. Later versions have a file of their own for it, and no such names here. */
  patchQueue(moduleExports: Target, ledger: PatchLedger): boolean {
    if (moduleExports.PubSubSubscribeCommands === undefined) return true;
    const prototype = prototypeOf(moduleExports);
    if (!PatchLedger.has(prototype, 'subscribe', 'unsubscribe')) return false;
    const subscriptionsOf = (queue: object): Subscriptions => this.subscriptionsOf(queue);
    ledger.wrap<Subscribe>(prototype, 'subscribe', (original) => {
      return function subscribe(this: object, command: unknown, channels: unknown, listener: unknown, asBytes?: unknown): unknown {
        if (typeof listener === 'function')
          arguments[2] = subscriptionsOf(this).add(command === 'PSUBSCRIBE', channels, listener as Listener, asBytes ? BYTES : TEXT);
        return original.apply(this, arguments as never);
      };
    });
    return true;
  }

  private subscriptionsOf(queue: object): Subscriptions {
    const known = this.queues.get(queue);
    if (known !== undefined) return known;
    const subscriptions = new Subscriptions(this.messages, this.subscriber());
    this.queues.set(queue, subscriptions);
    translateUnsubscribe(queue, subscriptions);
    return subscriptions;
  }
}

/**
 * The application unsubscribes with its own function, after we were disabled too: so this stays on the queue, which
 * is private to its client.
 */
function translateUnsubscribe(queue: object, subscriptions: Subscriptions): void {
  const { unsubscribe: original } = queue as { unsubscribe: Subscribe };
  const value = function unsubscribe(this: object, command: unknown, channels: unknown, listener: unknown, asBytes?: unknown): unknown {
    const isPattern = command === 'PUNSUBSCRIBE';
    if (!listener) subscriptions.leaveAll(isPattern, channels);
    else if (typeof listener === 'function')
      arguments[2] = subscriptions.leave(isPattern, channels, listener as Listener, asBytes ? BYTES : TEXT);
    return original.apply(this, arguments as never);
  };
  Object.defineProperty(queue, 'unsubscribe', { value, configurable: true, writable: true });
}

/** Channels, or patterns. */
class Places {
  readonly standIns = new WeakMap<Listener, StandIn>();
  /** Who is subscribed there since we came. */
  private readonly byName = new Map<string, Set<StandIn>>();

  add(name: string, entry: StandIn, as: number): void {
    const entries = this.byName.get(name) ?? new Set();
    this.byName.set(name, entries.add(entry));
    entry.names.set(name, (entry.names.get(name) ?? 0) | as);
  }

  /** False: it was not subscribed there. */
  leave(name: string, entry: StandIn, as: number): boolean {
    const known = entry.names.get(name) ?? 0;
    if ((known & as) === 0) return false;
    entry.names.set(name, known & ~as);
    if (known !== as) return true;
    entry.names.delete(name);
    const entries = this.byName.get(name);
    entries?.delete(entry);
    if (entries?.size === 0) this.byName.delete(name);
    return true;
  }

  /** @param names undefined: all there are */
  leaveAll(names: Iterable<string> = this.byName.keys()): void {
    for (const name of names) {
      for (const entry of this.byName.get(name) ?? []) entry.names.delete(name);
      this.byName.delete(name);
    }
  }
}

/** The subscriptions of one client. */
class Subscriptions {
  private readonly channels = new Places();
  private readonly patterns = new Places();
  private current: Current | undefined;

  constructor(
    private readonly messages: MessageTap,
    private readonly client: ClientRef,
  ) {}

  /** What is to stand for the listener. */
  add(isPattern: boolean, names: unknown, listener: Listener, as: number): Listener {
    const places = this.placesOf(isPattern);
    const entry = places.standIns.get(listener) ?? this.standInFor(listener, isPattern);
    places.standIns.set(listener, entry);
    for (const name of namesIn(names)) places.add(name, entry, as);
    return entry.standIn;
  }

  /** What stands for the listener there. */
  leave(isPattern: boolean, names: unknown, listener: Listener, as: number): Listener {
    const places = this.placesOf(isPattern);
    const entry = places.standIns.get(listener);
    const left = namesIn(names).filter((name) => entry !== undefined && places.leave(name, entry, as));
    return entry === undefined || left.length === 0 ? listener : entry.standIn;
  }

  leaveAll(isPattern: boolean, names: unknown): void {
    this.placesOf(isPattern).leaveAll(names ? namesIn(names) : undefined);
  }

  private placesOf(isPattern: boolean): Places {
    return isPattern ? this.patterns : this.channels;
  }

  private standInFor(listener: Listener, isPattern: boolean): StandIn {
    const call = (run: (message: unknown) => unknown, args: readonly unknown[]): unknown => this.call(entry, run, args);
    const entry: StandIn = {
      names: new Map(),
      isPattern,
      isAsync: isAsync(listener),
      standIn(this: unknown): unknown {
        const args: unknown[] = [...arguments];
        return call((message) => listener.apply(this, [message, ...args.slice(1)]), args);
      },
    };
    return entry;
  }

  private call(entry: StandIn, run: (message: unknown) => unknown, [message, channel]: readonly unknown[]): unknown {
    const name = String(channel);
    if (name === INVALIDATION) return runDetached(this.messages, () => run(message));
    const current = this.join(entry, message, name);
    const { listening } = current;
    if (listening === undefined) return run(message);
    const seen = current.seenAs(message);
    try {
      const result = listening.enter(() => run(seen));
      if (entry.isAsync) listening.follow(result);
      return result;
    } catch (error) {
      // The library goes no further with this message.
      this.finish(current);
      throw error;
    }
  }

  /**
   * All listeners of a message are called one after the other, in an order that stays. So one that is called again, or
   * with something else, begins the next message.
   */
  private join(entry: StandIn, message: unknown, channel: string): Current {
    const { current } = this;
    const pattern = entry.isPattern ? patternFor(entry.names, channel) : undefined;
    if (current !== undefined && current.channel === channel && current.pattern === pattern) {
      if (!current.called.has(entry) && isEqual(current.message, message)) {
        current.called.add(entry);
        return current;
      }
    }
    if (current !== undefined) this.finish(current);
    const delivery = this.messages.deliver({ client: this.client, channel, pattern, body: message });
    const seenAs = (given: unknown): unknown =>
      delivery === undefined || delivery.body === message ? given : sameKind(given, delivery.body);
    const begun: Current = { listening: delivery && new Listening(delivery), called: new Set([entry]), channel, pattern, message, seenAs };
    this.current = begun;
    queueMicrotask(() => this.finish(begun));
    return begun;
  }

  private finish(current: Current): void {
    if (this.current !== current) return;
    this.current = undefined;
    current.listening?.close();
  }
}

function namesIn(channels: unknown): string[] {
  if (channels === undefined || channels === null) return [];
  return (Array.isArray(channels) ? channels : [channels]).map(String);
}

function sameKind(given: unknown, body: unknown): unknown {
  if (typeof given === 'string') return String(body);
  return Buffer.isBuffer(body) ? body : Buffer.from(String(body));
}

/** Listeners of bytes come first, those of text after them. */
function isEqual(one: unknown, other: unknown): boolean {
  return one === other || String(one) === String(other);
}

/** Which of its patterns a listener was called for. */
function patternFor(names: ReadonlyMap<string, number>, channel: string): string | undefined {
  const patterns = [...names.keys()];
  return patterns.length === 1 ? patterns[0] : patterns.find((pattern) => globMatcher(pattern)(channel));
}
