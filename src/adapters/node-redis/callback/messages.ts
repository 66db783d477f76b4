// Knows: where the messages of redis 2.6 to 3 are emitted.
// Must not know: spans, metrics, attribute names.
import type { EventEmitter } from 'node:events';
import type { MessageTap } from '../../../core/delivery';
import type { Arrival, ClientRef } from '../../../core/events';
import { deliverEmitted } from '../../shared/emitted';

/** The part of a client that we read. */
interface Client extends EventEmitter {
  /** 1: the next reply is for subscribers; more: replies to commands come first. */
  readonly pub_sub_mode?: unknown;
}

type ReturnReply = (this: Client, reply: unknown) => unknown;

/** A message is emitted once as text and, under two names, as bytes. */
const EVENTS: Readonly<Record<string, readonly string[]>> = {
  message: ['message', 'message_buffer', 'messageBuffer'],
  pmessage: ['pmessage', 'pmessage_buffer', 'pmessageBuffer'],
};

/** Taps subscribers of redis 2.6 to 3: their listeners run in a context of the message's own. */
export class LegacyMessages {
  constructor(
    private readonly messages: MessageTap,
    private readonly clientOf: (client: object) => ClientRef,
  ) {}

  /** All events of one message are emitted within this one call. */
  wrapReply<F extends (this: never, reply: unknown) => unknown>(original: F): F {
    const { messages, clientOf } = this;
    const return_reply: ReturnReply = function (this: Client, reply: unknown): unknown {
      const events = eventsOf(this, reply);
      // Most replies are not messages, and nothing is allocated for them.
      if (events === undefined) return Reflect.apply(original, this, arguments);
      const call = (seen: unknown): unknown => Reflect.apply(original, this, [seen]);
      const arrival = arrivalOf(reply as unknown[], clientOf(this));
      const delivery = messages.deliver(arrival);
      if (delivery === undefined) return call(reply);
      const seen = delivery.body === arrival.body ? reply : [...(reply as unknown[]).slice(0, -1), delivery.body];
      return deliverEmitted(delivery, this, events, () => call(seen));
    };
    return return_reply as unknown as F;
  }
}

/** The events of a message that have listeners. */
function eventsOf(client: Client, reply: unknown): readonly string[] | undefined {
  if (client.pub_sub_mode !== 1 || !Array.isArray(reply) || reply.length < 3) return undefined;
  const events = EVENTS[String(reply[0])];
  return events?.some((event) => client.listenerCount(event) > 0) ? events : undefined;
}

function arrivalOf(reply: readonly unknown[], client: ClientRef): Arrival {
  const isPattern = String(reply[0]) === 'pmessage';
  const [channel, body] = isPattern ? reply.slice(2) : reply.slice(1);
  return { client, channel, pattern: isPattern ? reply[1] : undefined, body };
}
