// Knows: when context is injected into messages, which context, and when it is extracted from replies.
// Must not know: which messages, redis, spans, metrics.
import type { Context } from '@opentelemetry/api';
import type { Arguments, BatchKind, BatchStart, ClientRef, Command } from './events';
import type { Errand, Propagator, Sending } from './propagator';
import type { Recorder, Report } from './recorder';

export type BatchErrands = ReadonlyMap<number, Errand>;

/** Injects and extracts context for commands that send or read messages. */
export class Errands {
  constructor(
    private readonly propagator: Propagator,
    private readonly spans: Recorder,
    private readonly report: Report,
  ) {}

  of(args: Arguments): Errand | undefined {
    return this.propagator.errandOf(args);
  }

  /** The carriers of a batch, by index; undefined: there are none. */
  ofAll(commands: readonly Arguments[]): BatchErrands | undefined {
    const errands = new Map<number, Errand>();
    commands.forEach((args, index) => {
      const errand = this.propagator.errandOf(args);
      if (errand !== undefined) errands.set(index, errand);
    });
    return errands.size === 0 ? undefined : errands;
  }

  /** A message carries a context with or without a span of its own. Without one, it is the caller's context. */
  begin(command: Command, errand: Errand): Command {
    const begun = { ...command, errand };
    if (errand.kind !== 'send') return begun;
    const inside = command.traced ? this.spans.open?.(begun) : undefined;
    return { ...begun, inside, sent: this.seal(errand, inside ?? command.context) };
  }

  beginBatch(started: BatchStart, errands: BatchErrands, kind: BatchKind, commands: readonly Arguments[]): BatchStart {
    const start = { ...started, errands };
    const sending = [...errands].filter((indexed): indexed is [number, Sending] => indexed[1].kind === 'send');
    if (sending.length === 0) return start;
    const inside = start.traced ? this.spans.openBatch?.(kind, commands, start) : undefined;
    const sent = new Map<number, Arguments>();
    for (const [index, errand] of sending) {
      const sealed = this.seal(errand, inside ?? start.context);
      if (sealed !== undefined) sent.set(index, sealed);
    }
    return { ...start, inside, sent };
  }

  private seal(errand: Sending, sender: Context): Arguments | undefined {
    try {
      return errand.seal(sender);
    } catch (error) {
      this.report('a message could not carry its context', error);
      return undefined;
    }
  }
}

/**
 * Extracts even if the option was switched off since the call: a blocking read may be answered under other options.
 */
export function unseal(errand: Errand | undefined, reply: unknown, client: ClientRef, report: Report): void {
  if (errand === undefined || errand.kind === 'send' || reply === undefined || reply instanceof Error) return;
  try {
    errand.unseal(reply, client);
  } catch (error) {
    report('what messages carry could not be taken out of a reply', error);
  }
}
