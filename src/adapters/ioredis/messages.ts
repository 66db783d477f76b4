// Knows: where the messages of ioredis are emitted.
// Must not know: spans, metrics, attribute names.
import type { EventEmitter } from 'node:events';
import type { MessageTap } from '../../core/delivery';
import type { ClientRef } from '../../core/events';
import { EmittedMessages } from '../shared/emitted';
import { type PatchLedger, prototypeOf, type Target } from '../shared/patch';
import type { Client } from './library';
import type { Servers } from './servers';

type Subscriber = Client & EventEmitter;
type Handle = (this: { readonly redis: Subscriber }, reply: unknown, ...rest: unknown[]) => unknown;

/** Taps subscribers: their listeners run in a context of the message's own. */
export class Messages {
  private readonly emitted: EmittedMessages<Subscriber>;

  constructor(
    messages: MessageTap,
    private readonly servers: Servers,
  ) {
    this.emitted = new EmittedMessages(messages, (client) => this.clientOf(client), ['', 'Buffer']);
  }

  /** `DataHandler.js`. Returns false if the seam is unknown; then nothing was changed. */
  patchHandler(moduleExports: Target, ledger: PatchLedger): boolean {
    const handleSubscriberReply = (original: Handle) => this.wrapHandle(original);
    return ledger.patch(prototypeOf(moduleExports), { handleSubscriberReply });
  }

  private clientOf(client: Client): ClientRef {
    const server = this.servers.of(client);
    server.place();
    return server;
  }

  /** All events of one message are emitted within this one call. Other calls are replies. */
  private wrapHandle(original: Handle): Handle {
    const { emitted } = this;
    return function handleSubscriberReply(this, reply): unknown {
      const { redis } = this;
      const events = emitted.eventsOf(redis, Boolean(redis.condition?.subscriber), reply);
      if (events === undefined) return original.apply(this, arguments as unknown as [unknown]);
      return emitted.deliver(redis, events, reply, (seen) => original.call(this, seen));
    };
  }
}
