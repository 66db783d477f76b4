// Knows: what commands have to do with messages that carry the context of their sender, and who carries it.
// Must not know: how it gets in and out, redis, spans, metrics.
import type { Context } from '@opentelemetry/api';
import type { Arguments, ClientRef } from './events';

/** Lets messages carry the context of their sender. */
export interface Propagator {
  /** What this command has to do with such messages; undefined: nothing. Asked once per command: keep it cheap. */
  errandOf(args: Arguments): Errand | undefined;
  /** A message that was delivered, as it was before; undefined: it carries nothing, or it is not to be touched. */
  open(channel: unknown, body: unknown, around: Context): Opened | undefined;
  /** An entry of a stream that was read lately. @param stream undefined: whichever had one of this id */
  recall(id: string, stream: string | undefined): Recalled | undefined;
}

export interface Opened {
  readonly body: unknown;
  /** Where it was opened, with what it carried. */
  readonly context: Context;
}

export interface Recalled {
  readonly client: ClientRef;
  readonly stream: string;
  /** The consumer group that it was read for. */
  readonly group: unknown;
  /** `around`, with what the entry carried; undefined: it carried nothing. */
  contextIn(around: Context): Context | undefined;
}

export type Errand = Sending | Receiving;

/** A message is sent. */
export interface Sending {
  readonly kind: 'send';
  /** The channel, or the stream. */
  readonly destination: unknown;
  /** What to send instead, the arguments themselves untouched; undefined: there is nothing to carry. */
  seal(sender: Context): Arguments | undefined;
}

/** Entries of streams are read: to `receive` them as messages, or to `look` at what is there. */
export interface Receiving {
  readonly kind: 'receive' | 'look';
  /** The streams whose entries carry it. */
  readonly streams: readonly unknown[];
  /** The consumer group that reads. */
  readonly group: unknown;
  /** Takes out of the reply what the entries carried, in place and once: before the application has it. */
  unseal(reply: unknown, client: ClientRef): void;
  /** What came; undefined until then, and where the command failed. */
  readonly receipt: Receipt | undefined;
}

export interface Receipt {
  /** How many messages came, by stream. */
  readonly counts: ReadonlyMap<string, number>;
  /** The contexts of their senders, one for each message that carried it. */
  senders(): Iterable<Context>;
}
