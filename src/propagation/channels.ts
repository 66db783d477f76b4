// Knows: how a published message carries the context of its sender: in an envelope around the payload.
// Must not know: clients, redis versions, spans, metrics.
import { type Context, propagation } from '@opentelemetry/api';
import type { Arguments } from '../core/events';
import type { Opened, Sending } from '../core/propagator';
import type { Report } from '../core/recorder';
import { extracted, injected } from './carrier';
import { unwrap, wrap } from './envelope';
import { isText, type NameMatcher } from './names';

/** Propagates context in the messages of the configured channels. */
export class ChannelPropagator {
  constructor(
    private readonly matches: NameMatcher,
    private readonly report: Report,
  ) {}

  transferOf(args: Arguments): Sending | undefined {
    const [name, channel, payload] = args;
    if (args.length !== 3 || !PUBLISHES.test(name as string) || !isText(payload) || !this.matches(channel))
      return undefined;
    return { kind: 'send', destination: channel, inject: (sender) => inject(args, sender) };
  }

  open(channel: unknown, body: unknown, around: Context): Opened | undefined {
    if (!this.matches(channel)) return undefined;
    const unwrapped = unwrap(body);
    if (unwrapped === undefined) return undefined;
    // The active context belongs to the code that connected. Its baggage goes: a message has its sender's, or none.
    return {
      body: unwrapped.payload,
      context: extracted(propagation.deleteBaggage(around), unwrapped.carrier, this.report),
    };
  }
}

const PUBLISHES = /^s?publish$/i;

function inject([name, channel, payload]: Arguments, sender: Context): Arguments | undefined {
  const carrier = injected(sender);
  const body = carrier && wrap(payload as string | Buffer, carrier);
  return body === undefined ? undefined : [name, channel, body];
}
