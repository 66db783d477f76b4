// Knows: when context is injected into messages, which context, and when it is extracted from replies.
// Must not know: which messages, redis, spans, metrics.
import type { Context } from '@opentelemetry/api';
import type { Arguments, BatchKind, BatchStart, ClientRef, Command } from './events';
import type { Propagator, Sending, Transfer } from './propagator';
import type { Recorder, Report } from './recorder';

export type BatchTransfers = ReadonlyMap<number, Transfer>;

/** Injects and extracts context for commands that send or read messages. */
export class Transfers {
  constructor(
    private readonly propagator: Propagator,
    private readonly spans: Recorder,
    private readonly report: Report,
  ) {}

  of(args: Arguments): Transfer | undefined {
    return this.propagator.transferOf(args);
  }

  /** The carriers of a batch, by index; undefined: there are none. */
  ofAll(commands: readonly Arguments[]): BatchTransfers | undefined {
    const transfers = new Map<number, Transfer>();
    commands.forEach((args, index) => {
      const transfer = this.propagator.transferOf(args);
      if (transfer !== undefined) transfers.set(index, transfer);
    });
    return transfers.size === 0 ? undefined : transfers;
  }

  /** A message carries a context with or without a span of its own. Without one, it is the caller's context. */
  begin(command: Command, transfer: Transfer): Command {
    const begun = { ...command, transfer };
    if (transfer.kind !== 'send') return begun;
    const inside = command.traced ? this.spans.open?.(begun) : undefined;
    return { ...begun, inside, sent: this.inject(transfer, inside ?? command.context) };
  }

  beginBatch(
    started: BatchStart,
    transfers: BatchTransfers,
    kind: BatchKind,
    commands: readonly Arguments[],
  ): BatchStart {
    const start = { ...started, transfers };
    const sending = [...transfers].filter((indexed): indexed is [number, Sending] => indexed[1].kind === 'send');
    if (sending.length === 0) return start;
    const inside = start.traced ? this.spans.openBatch?.(kind, commands, start) : undefined;
    const sent = new Map<number, Arguments>();
    for (const [index, transfer] of sending) {
      const injected = this.inject(transfer, inside ?? start.context);
      if (injected !== undefined) sent.set(index, injected);
    }
    return { ...start, inside, sent };
  }

  /** A batch that has begun has no span yet: its messages carry the caller's context. */
  joinBatch({ context }: BatchStart, args: Arguments): Arguments | undefined {
    const transfer = this.propagator.transferOf(args);
    return transfer?.kind === 'send' ? this.inject(transfer, context) : undefined;
  }

  private inject(transfer: Sending, sender: Context): Arguments | undefined {
    try {
      return transfer.inject(sender);
    } catch (error) {
      this.report('context could not be injected into a message', error);
      return undefined;
    }
  }
}

/**
 * Extracts even if the option was switched off since the call: a blocking read may be answered under other options.
 */
export function extract(transfer: Transfer | undefined, reply: unknown, client: ClientRef, report: Report): void {
  if (transfer === undefined || transfer.kind === 'send' || reply === undefined || reply instanceof Error) return;
  try {
    transfer.extract(reply, client);
  } catch (error) {
    report('context could not be extracted from a reply', error);
  }
}
