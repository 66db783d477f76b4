// Knows: how commands and messages carry the context of the sender.
// Must not know: how context is encoded, redis, spans, metrics.
import type { Context } from '@opentelemetry/api';
import type { Arguments, ClientRef } from './events';

/** Lets messages carry the context of their sender. */
export interface Propagator {
  /** Returns how a command carries context; undefined: it does not. Called once per command, so it must be cheap. */
  transferOf(args: Arguments): Transfer | undefined;
  /** Removes the envelope of a delivered message; undefined: the message has none, or is not to be changed. */
  open(channel: unknown, body: unknown, around: Context): Opened | undefined;
  /** Returns a stream entry that was read lately. @param stream undefined: the stream that had an entry of this id */
  recall(id: string, stream: string | undefined): Recalled | undefined;
}

export interface Opened {
  readonly body: unknown;
  /** The active context with the one that was extracted. */
  readonly context: Context;
}

export interface Recalled {
  readonly client: ClientRef;
  readonly stream: string;
  /** The consumer group for which it was read. */
  readonly group: unknown;
  /** `around` with the context that the entry carried; undefined: it carried none. */
  contextIn(around: Context): Context | undefined;
}

export type Transfer = Sending | Receiving;

/** A command that sends a message. */
export interface Sending {
  readonly kind: 'send';
  /** The channel or the stream. */
  readonly destination: unknown;
  /** Returns the arguments to send instead, without changing `args`; undefined: there is no context to inject. */
  inject(sender: Context): Arguments | undefined;
}

/** A command that reads stream entries: it receives them as messages (`receive`) or only looks at them (`look`). */
export interface Receiving {
  readonly kind: 'receive' | 'look';
  /** The streams whose entries carry context. */
  readonly streams: readonly unknown[];
  /** The consumer group that reads. */
  readonly group: unknown;
  /** Extracts context from the reply, in place and once, before the application gets it. */
  extract(reply: unknown, client: ClientRef): void;
  /** What was received; undefined before the reply, and if the command failed. */
  readonly receipt: Receipt | undefined;
}

export interface Receipt {
  /** The number of messages, by stream. */
  readonly counts: ReadonlyMap<string, number>;
  /** The contexts of the senders, one for each message that carried it. */
  senders(): Iterable<Context>;
}
