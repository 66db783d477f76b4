// Knows: which commands may send or read messages that carry the context of their sender.
// Must not know: how context is injected and extracted, clients, redis versions, spans, metrics.
import type { Context } from '@opentelemetry/api';
import type { Arguments } from '../core/events';
import type { Opened, Propagator, Recalled, Transfer } from '../core/propagator';
import type { Report } from '../core/recorder';
import { ChannelPropagator } from './channels';
import { matcherOf } from './names';
import { StreamPropagator } from './streams';

/** Patterns of Redis for the names of the channels and streams that carry context. */
export interface Propagation {
  readonly channels: readonly string[];
  readonly streams: readonly string[];
}

/**
 * Injects the sender's context into messages of some channels and streams, with the configured OpenTelemetry
 * propagator.
 */
export class MessagePropagator implements Propagator {
  private readonly channels: ChannelPropagator | undefined;
  private readonly streams: StreamPropagator | undefined;

  constructor({ channels, streams }: Propagation, report: Report) {
    this.channels = channels.length > 0 ? new ChannelPropagator(matcherOf(channels), report) : undefined;
    this.streams = streams.length > 0 ? new StreamPropagator(matcherOf(streams), report) : undefined;
  }

  /** Most commands have nothing to do with messages. Their first letter shows it. */
  transferOf(args: Arguments): Transfer | undefined {
    const [name] = args;
    if (typeof name !== 'string') return undefined;
    const letter = name.charCodeAt(0) | SMALL;
    if (letter === X) return this.streams?.transferOf(args);
    return letter === P || letter === S ? this.channels?.transferOf(args) : undefined;
  }

  open(channel: unknown, body: unknown, around: Context): Opened | undefined {
    return this.channels?.open(channel, body, around);
  }

  recall(id: string, stream: string | undefined): Recalled | undefined {
    return this.streams?.recall(id, stream);
  }
}

const SMALL = 0x20;
const [P, S, X] = [...'psx'].map((letter) => letter.charCodeAt(0));
