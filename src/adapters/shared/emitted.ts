// Knows: how to follow a message that a client emits as events, with its listeners in a context of their own.
// Must not know: where a client receives it, spans.
import { EventEmitter } from 'node:events';
import { context } from '@opentelemetry/api';
import type { Delivery, MessageTap } from '../../core/delivery';
import type { ClientRef } from '../../core/events';
import { isAsync, type Listener, Listening, receive } from './listener-run';

interface Emitter extends EventEmitter {
  readonly domain?: unknown;
}

/** Messages that arrive as replies, and are emitted. */
export class EmittedMessages<C extends EventEmitter> {
  private readonly events: ReadonlyMap<string, readonly string[]>;

  /** @param endings a message is emitted once for each of them: its kind with this ending */
  constructor(
    private readonly messages: MessageTap,
    private readonly clientOf: (client: C) => ClientRef,
    endings: readonly string[],
  ) {
    const kinds = ['message', 'pmessage', 'smessage'];
    this.events = new Map(kinds.map((kind) => [kind, endings.map((ending) => kind + ending)]));
  }

  /** The events of a message that have listeners. Most replies are not messages, and nothing is allocated for them. */
  eventsOf(client: C, isSubscriber: boolean, reply: unknown): readonly string[] | undefined {
    if (!isSubscriber || !Array.isArray(reply) || reply.length < 3) return undefined;
    const events = this.events.get(String(reply[0]));
    return events?.some((event) => client.listenerCount(event) > 0) ? events : undefined;
  }

  /** @param emit emits all events of one message, synchronously */
  deliver(client: C, events: readonly string[], reply: unknown, emit: (reply: unknown) => unknown): unknown {
    const clientOf = () => this.clientOf(client);
    return receive(this.messages, clientOf, reply as unknown[], (seen, delivery) =>
      delivery === undefined ? emit(seen) : deliverEmitted(delivery, client, events, () => emit(seen)),
    );
  }
}

/** Runs `call`, which emits one message under these names, synchronously. */
function deliverEmitted<T>(delivery: Delivery, emitter: EventEmitter, events: readonly string[], call: () => T): T {
  if (!delivery.isFollowed) return context.with(delivery.context, call);
  const listening = new Listening(delivery);
  const hasAsync = events.some((event) =>
    emitter.rawListeners(event).some((listener) => isAsync(originalOf(listener))),
  );
  if (!hasAsync || !emitsPlainly(emitter)) return listening.run(call);
  shadowEmit(emitter, events, listening);
  try {
    return listening.run(call);
  } finally {
    Reflect.deleteProperty(emitter, 'emit');
  }
}

/** Replaces `emit` during a message, because `emit` drops the return values of listeners. */
function shadowEmit(emitter: EventEmitter, events: readonly string[], listening: Listening): void {
  const emit = function (this: EventEmitter, event: string, ...args: unknown[]): boolean {
    if (!events.includes(event)) return EventEmitter.prototype.emit.call(this, event, ...args);
    const listeners = this.rawListeners(event) as Listener[];
    for (const listener of listeners) {
      const result = Reflect.apply(listener, this, args);
      if (isAsync(originalOf(listener))) listening.follow(result);
    }
    return listeners.length > 0;
  };
  Object.defineProperty(emitter, 'emit', { value: emit, configurable: true, writable: true });
}

/** The wrapper of `once` holds the listener. */
function originalOf(listener: unknown): unknown {
  return (listener as { readonly listener?: unknown }).listener ?? listener;
}

/** Whether `emit` only calls the listeners: it is not replaced, has no domain, and does not capture rejections. */
function emitsPlainly(emitter: Emitter): boolean {
  if (emitter.emit !== EventEmitter.prototype.emit || emitter.domain) return false;
  const capture = Object.getOwnPropertySymbols(emitter).find(({ description }) => description === 'kCapture');
  return capture === undefined || (emitter as unknown as Record<symbol, unknown>)[capture] !== true;
}
