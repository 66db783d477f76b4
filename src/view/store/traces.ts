// Knows: spans by their trace, up to a limit.
// Must not know: what is shown of them.
import type { Span } from '../otlp/message';

export interface Trace {
  readonly traceId: string;
  /** In order of arrival. */
  readonly spans: readonly Span[];
  /** The number of spans beyond the limit of a trace. */
  readonly omitted: number;
}

export interface Limits {
  /** A span with much text, or many links, counts as several. */
  readonly spans: number;
  readonly spansPerTrace: number;
  /** The number of dropped traces that stay longer because they need attention. */
  readonly kept: number;
}

const LIMITS: Limits = { spans: 20_000, spansPerTrace: 1_000, kept: 200 };

type Mutable<T> = { -readonly [Field in keyof T]: T[Field] };
type Entry = Mutable<Trace> & { spans: Span[]; weight: number };

/** The oldest traces are dropped first. */
export class Traces {
  private readonly recent = new Map<string, Entry>();
  private readonly kept = new Map<string, Entry>();
  private weight = 0;

  constructor(
    private readonly isWorthKeeping: (span: Span) => boolean,
    private readonly limits: Limits = LIMITS,
  ) {}

  add(span: Span): void {
    const trace = this.get(span.traceId) ?? this.open(span.traceId);
    if (trace.spans.length >= this.limits.spansPerTrace) {
      trace.omitted++;
      return;
    }
    const weight = weigh(span);
    trace.spans.push(span);
    trace.weight += weight;
    this.weight += weight;
    while (this.weight > this.limits.spans) this.drop();
  }

  get(traceId: string): Entry | undefined {
    return this.recent.get(traceId) ?? this.kept.get(traceId);
  }

  /** Oldest first. */
  *all(): Iterable<Trace> {
    yield* this.kept.values();
    yield* this.recent.values();
  }

  private open(traceId: string): Entry {
    const trace: Entry = { traceId, spans: [], omitted: 0, weight: 0 };
    this.recent.set(traceId, trace);
    return trace;
  }

  private drop(): void {
    const oldest = first(this.recent);
    if (oldest === undefined || this.kept.size > this.limits.kept) {
      this.forget(this.kept);
    } else if (oldest.spans.some(this.isWorthKeeping)) {
      this.recent.delete(oldest.traceId);
      this.kept.set(oldest.traceId, oldest);
    } else {
      this.forget(this.recent);
    }
  }

  private forget(traces: Map<string, Entry>): void {
    const oldest = first(traces);
    if (oldest === undefined) return;
    traces.delete(oldest.traceId);
    this.weight -= oldest.weight;
  }
}

const TEXT_OF_ONE = 2_048;
/** Two ids and their container. */
const TEXT_OF_LINK = 128;

function weigh({ attributes, links }: Span): number {
  return 1 + Math.floor((JSON.stringify(attributes).length + links.length * TEXT_OF_LINK) / TEXT_OF_ONE);
}

function first(traces: ReadonlyMap<string, Entry>): Entry | undefined {
  for (const trace of traces.values()) return trace;
  return undefined;
}
