// Knows: where the messages of ioredis are emitted.
// Must not know: spans, metrics, attribute names.
import type { EventEmitter } from 'node:events';
import type { MessageTap } from '../../core/delivery';
import type { Arrival, ClientRef } from '../../core/events';
import { deliverEmitted } from '../shared/emitted';
import { INVALIDATION, runDetached } from '../shared/listener-run';
import { PatchLedger, prototypeOf, type Target } from '../shared/patch';
import type { Client } from './library';
import type { Servers } from './servers';

type Subscriber = Client & EventEmitter;

interface Handler {
  readonly redis: Subscriber;
}

type Handle = (this: Handler, reply: unknown) => unknown;

/** A message is emitted once as text and once as bytes. */
const EVENTS: ReadonlyMap<string, readonly string[]> = new Map(
  ['message', 'pmessage', 'smessage'].map((name) => [name, [name, `${name}Buffer`]] as const),
);

/** Taps subscribers: their listeners run in a context of the message's own. */
export class Messages {
  constructor(
    private readonly messages: MessageTap,
    private readonly servers: Servers,
  ) {}

  /** `DataHandler.js`. Returns false if the seam is unknown; then nothing was changed. */
  patchHandler(moduleExports: Target, ledger: PatchLedger): boolean {
    const prototype = prototypeOf(moduleExports);
    if (!PatchLedger.has(prototype, 'handleSubscriberReply')) return false;
    ledger.wrap<Handle>(prototype, 'handleSubscriberReply', (original) => this.wrapHandle(original));
    return true;
  }

  /** All events of one message are emitted within this one call. Other calls are replies. */
  private wrapHandle(original: Handle): Handle {
    const { messages, servers } = this;
    return function handleSubscriberReply(this: Handler, reply): unknown {
      const { redis } = this;
      const events = eventsOf(redis, reply);
      if (events === undefined) return original.apply(this, arguments as unknown as [unknown]);
      if (String((reply as unknown[])[1]) === INVALIDATION)
        return runDetached(messages, () => original.call(this, reply));
      const server = servers.of(redis);
      server.place();
      const arrival = arrivalOf(reply as unknown[], server);
      const delivery = messages.deliver(arrival);
      if (delivery === undefined) return original.apply(this, arguments as unknown as [unknown]);
      const seen = delivery.body === arrival.body ? reply : [...(reply as unknown[]).slice(0, -1), delivery.body];
      return deliverEmitted(delivery, redis, events, () => original.call(this, seen));
    };
  }
}

/** The events of a message that have listeners. */
function eventsOf(client: Subscriber, reply: unknown): readonly string[] | undefined {
  if (!client.condition?.subscriber || !Array.isArray(reply) || reply.length < 3) return undefined;
  const events = EVENTS.get(String(reply[0]));
  return events?.some((event) => client.listenerCount(event) > 0) ? events : undefined;
}

function arrivalOf(reply: readonly unknown[], client: ClientRef): Arrival {
  const kind = String(reply[0]);
  const isPattern = kind === 'pmessage';
  const [channel, body] = isPattern ? reply.slice(2) : reply.slice(1);
  return { client, channel, pattern: isPattern ? reply[1] : undefined, isSharded: kind === 'smessage', body };
}
