// Knows: which messages carry the context of their sender, and how it gets in and out.
// Must not know: clients, redis versions, spans, metrics.
import { type Context, propagation } from '@opentelemetry/api';
import type { Arguments } from '../core/events';
import { globMatcher } from '../core/glob';
import type { Courier, Opened } from '../core/recorder';
import { type Carrier, unwrap, wrap } from './envelope';

/** Puts the sender's context into messages of some channels, by the propagator that is configured. */
export class ChannelCourier implements Courier {
  private readonly matchers: readonly ((channel: string) => boolean)[];

  /** @param patterns of channels, as PSUBSCRIBE takes them */
  constructor(patterns: readonly string[]) {
    this.matchers = patterns.map(globMatcher);
  }

  concerns(args: Arguments): boolean {
    const [name, channel, payload] = args;
    if (args.length !== 3 || typeof name !== 'string' || !PUBLISHES.test(name)) return false;
    return isText(payload) && this.matches(channel);
  }

  seal(args: Arguments, sender: Context): Arguments | undefined {
    const carrier: Carrier = {};
    propagation.inject(sender, carrier);
    if (Object.keys(carrier).length === 0) return undefined;
    const [name, channel, payload] = args;
    const body = wrap(payload as string | Buffer, carrier);
    return body === undefined ? undefined : [name, channel, body];
  }

  open(channel: unknown, body: unknown, around: Context): Opened | undefined {
    if (!this.matches(channel)) return undefined;
    const unwrapped = unwrap(body);
    if (unwrapped === undefined) return undefined;
    return { body: unwrapped.payload, context: propagation.extract(around, unwrapped.carrier) };
  }

  private matches(channel: unknown): boolean {
    if (!isText(channel)) return false;
    const text = channel.toString();
    return this.matchers.some((matcher) => matcher(text));
  }
}

const PUBLISHES = /^s?publish$/i;

function isText(value: unknown): value is string | Buffer {
  return typeof value === 'string' || Buffer.isBuffer(value);
}
