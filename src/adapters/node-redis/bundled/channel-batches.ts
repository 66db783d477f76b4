// Knows: how the diagnostics channels report a transaction or pipeline.
// Must not know: when the channels are subscribed to, spans.
import type { Arguments, BatchKind, BatchStart, ClientRef } from '../../../core/events';
import type { SettledBatch, Tap } from '../../../core/tap';
import { isWatchError } from '../promise/batches';
import type { Message } from './message';

interface OpenBatch {
  readonly kind: BatchKind;
  readonly start: BatchStart;
  readonly client: ClientRef;
  readonly size: number | undefined;
  readonly commands: Arguments[];
  readonly replies: unknown[];
}

/**
 * The channels report the commands of a pipeline one by one, synchronously. They do not report those of a
 * transaction.
 */
export class ChannelBatches {
  private readonly batches = new WeakMap<Message, OpenBatch>();
  private readonly members = new WeakMap<Message, { readonly batch: OpenBatch; readonly index: number }>();
  private open: OpenBatch | undefined;

  constructor(private readonly tap: Tap) {}

  begin(message: Message, client: ClientRef): void {
    const { batchMode: kind, batchSize } = message;
    if (kind !== 'MULTI' && kind !== 'PIPELINE') return;
    const start = this.tap.beginBatch(kind);
    if (start === undefined) return;
    const size = typeof batchSize === 'number' ? batchSize : undefined;
    this.open = { kind, start, client, size, commands: [], replies: [] };
    this.batches.set(message, this.open);
  }

  /** The batch has sent all its commands. */
  leave(): void {
    this.open = undefined;
  }

  add(message: Message, args: Arguments): void {
    const batch = this.open;
    if (batch !== undefined) this.members.set(message, { batch, index: batch.commands.push(args) - 1 });
  }

  addReply(message: Message, reply: unknown): void {
    const member = this.members.get(message);
    if (member !== undefined) member.batch.replies[member.index] ??= reply;
  }

  succeed(message: Message): void {
    const replies: readonly unknown[] = Array.isArray(message.result) ? message.result : [];
    this.settle(message, {
      failed: replies.some((reply) => reply instanceof Error),
      aborted: false,
      error: undefined,
      replies,
    });
  }

  fail(message: Message): void {
    const { error } = message;
    const aborted = isWatchError(error);
    const replies = this.batches.get(message)?.replies.slice() ?? [];
    this.settle(message, { failed: !aborted, aborted, error, replies });
  }

  private settle(message: Message, ended: Pick<SettledBatch, 'failed' | 'aborted' | 'error' | 'replies'>): void {
    const batch = this.batches.get(message);
    this.batches.delete(message);
    if (batch === undefined) return;
    const { start, kind, commands, client, size } = batch;
    const isKnown = commands.length > 0;
    const isMasked = commands.some((args) => args.includes(undefined));
    this.tap.settleBatch(start, {
      kind,
      commands,
      client,
      size: isKnown ? undefined : size,
      ...(isMasked && { isMasked }),
      ...ended,
    });
  }
}
