// Knows: how calls and spans are counted, for the doctor.
// Must not know: who reads the counts.
import type { Tracer } from '@opentelemetry/api';
import type { Arguments, BatchKind, BatchStart, ClientRef, Command } from '../core/events';
import { Operation } from '../core/operation';
import type { Report } from '../core/recorder';
import type { Decision, SettledBatch } from '../core/tap';
import type { CommandCounts, SpanCounts } from './shape';

const NAMES_KEPT = 5;
const WAITING_KEPT = 1_000;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class Counts {
  readonly spans: Mutable<SpanCounts> & { readonly names: string[] } = { made: 0, dropped: 0, names: [] };
  traced = 0;
  ended = 0;
  measured = 0;
  private readonly refused: Record<string, number> = {};
  private readonly waiting = new Map<object, string>();

  /** @param isMeasuring whether an operation that ends now is measured */
  constructor(private readonly isMeasuring: () => boolean) {}

  commands(): CommandCounts {
    const { traced, ended, measured, refused } = this;
    return { traced, ended, measured, refused, waiting: [...new Set(this.waiting.values())] };
  }

  refuse(reason: string): void {
    this.refused[reason] = (this.refused[reason] ?? 0) + 1;
  }

  begin(call: object, name: unknown, traced: boolean): void {
    if (traced) this.traced += 1;
    const text = String(name);
    if (this.waiting.size < WAITING_KEPT)
      this.waiting.set(call, /^[A-Za-z.]{1,32}$/.test(text) ? text.toUpperCase() : 'a command');
  }

  end(call: object, traced: boolean): void {
    this.waiting.delete(call);
    if (traced) this.ended += 1;
    if (this.isMeasuring()) this.measured += 1;
  }

  /** Returns the same tracer, which counts its spans. */
  counting(source: () => Tracer | undefined): () => Tracer | undefined {
    let from: Tracer | undefined;
    let counted: Tracer | undefined;
    return () => {
      const tracer = source();
      if (tracer !== from) {
        from = tracer;
        counted = tracer && this.countedTracer(tracer);
      }
      return counted;
    };
  }

  private countedTracer(tracer: Tracer): Tracer {
    const startSpan: Tracer['startSpan'] = (name, ...rest) => {
      const span = tracer.startSpan(name, ...rest);
      if (span.isRecording()) this.spans.made += 1;
      else this.spans.dropped += 1;
      if (this.spans.names.length < NAMES_KEPT) this.spans.names.push(name);
      return span;
    };
    return { startSpan, startActiveSpan: tracer.startActiveSpan.bind(tracer) };
  }
}

/** An operation that counts its calls. */
export class CountedOperation extends Operation {
  constructor(
    report: Report,
    private readonly counts: Counts,
  ) {
    super(report);
  }

  override decide(): Decision {
    const decision = super.decide();
    if (decision !== 'trace') this.counts.refuse(this.refusal() ?? 'stopped');
    return decision;
  }

  override begin(
    client: ClientRef,
    args: Arguments,
    decision: Decision = this.decide(),
    procedure?: string,
  ): Command | undefined {
    const command = super.begin(client, args, decision, procedure);
    if (decision === 'trace' && command?.traced !== true) this.counts.refuse('ignored');
    if (command !== undefined) this.counts.begin(command, args[0], command.traced);
    return command;
  }

  override succeed(command: Command, reply: unknown, isLocal?: boolean): void {
    super.succeed(command, reply, isLocal);
    this.counts.end(command, command.traced);
  }

  override fail(command: Command, error: unknown, endMonotonicMs?: number): void {
    super.fail(command, error, endMonotonicMs);
    this.counts.end(command, command.traced);
  }

  override beginBatch(kind: BatchKind, commandsOf?: () => readonly Arguments[]): BatchStart | undefined {
    const start = super.beginBatch(kind, commandsOf);
    if (start !== undefined) this.counts.begin(start, kind, start.traced);
    return start;
  }

  override settleBatch(start: BatchStart, settled: SettledBatch): void {
    super.settleBatch(start, settled);
    this.counts.end(start, start.traced);
  }
}
