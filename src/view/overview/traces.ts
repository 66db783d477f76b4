// Knows: how a trace reads in a list and as a waterfall.
// Must not know: how it is kept or drawn.
import type { Span } from '../otlp/message';
import type { NotableKind } from '../store/notables';
import { isRedisSpan, lookupOf, notableOf, queryOf, requestOf } from '../store/reading';
import type { Trace, Traces } from '../store/traces';
import { type Mark, markOf } from './mark';
import { arrange, rootsOf } from './tree';

/** A trace in a list. */
export interface TraceDigest {
  readonly traceId: string;
  readonly title: string;
  readonly services: readonly string[];
  readonly startMs: number;
  readonly durationMs: number;
  readonly spans: number;
  readonly failed: boolean;
  readonly hits: number;
  readonly misses: number;
  readonly marks: readonly (NotableKind | 'message')[];
}

/** A span with its place below its parent. */
export interface Row extends Span {
  readonly depth: number;
  readonly title: string;
  readonly isRedis: boolean;
  readonly mark: Mark | undefined;
  /** The span of the sender, if this one received a message and the sender is shown. */
  readonly linkedFrom: string | undefined;
}

export interface TraceDetail extends TraceDigest {
  readonly rows: readonly Row[];
  readonly omitted: number;
}

const LIST = 40;
const MAX_ROWS = 1_000;

/** Traces for three ways to look: the latest, the slowest, and those with something to look at. */
export class TraceLists {
  private readonly digests = new WeakMap<Trace, TraceDigest>();

  constructor(private readonly traces: Traces) {}

  all(): { readonly recent: TraceDigest[]; readonly slowest: TraceDigest[]; readonly notable: TraceDigest[] } {
    const recent = [...this.traces.all()].filter(({ spans }) => spans.some(isRedisSpan)).map((trace) => this.digest(trace));
    recent.sort((a, b) => b.startMs - a.startMs);
    const slowest = [...recent].sort((a, b) => b.durationMs - a.durationMs);
    const notable = recent.filter(({ marks }) => marks.some((mark) => mark !== 'message'));
    return { recent: recent.slice(0, LIST), slowest: slowest.slice(0, LIST), notable: notable.slice(0, LIST) };
  }

  private digest(trace: Trace): TraceDigest {
    const known = this.digests.get(trace);
    if (known?.spans === trace.spans.length) return known;
    const digest = digestOf(trace.traceId, trace.spans);
    this.digests.set(trace, digest);
    return digest;
  }
}

/** The trace, and below it the spans of other traces that link to it. */
export function traceDetail(traces: Traces, traceId: string): TraceDetail | undefined {
  const trace = traces.get(traceId);
  if (trace === undefined) return undefined;
  const followers = [...traces.all()].filter(
    (other) => other !== trace && other.spans.some(({ links }) => links.some((link) => link.traceId === traceId)),
  );
  const spans = [...trace.spans, ...followers.flatMap((follower) => follower.spans)].slice(0, MAX_ROWS);
  return { ...digestOf(traceId, trace.spans), ...extent(spans), rows: rowsOf(spans), omitted: trace.omitted };
}

function digestOf(traceId: string, spans: readonly Span[]): TraceDigest {
  const [root] = rootsOf(spans);
  const found = spans.flatMap((span) => notableOf(span)?.kind ?? []);
  const messages = spans.some(({ kind }) => kind === 'producer' || kind === 'consumer') ? (['message'] as const) : [];
  const lookups = spans.flatMap(({ attributes }) => lookupOf(attributes) ?? []);
  return {
    traceId,
    title: root === undefined ? traceId : titleOf(root),
    services: [...new Set(spans.map(({ service }) => service))],
    ...extent(spans),
    spans: spans.length,
    failed: spans.some(({ failed }) => failed),
    hits: lookups.reduce((sum, { hits }) => sum + hits, 0),
    misses: lookups.reduce((sum, { misses }) => sum + misses, 0),
    marks: [...new Set([...found, ...messages])],
  };
}

function extent(spans: readonly Span[]): { startMs: number; durationMs: number } {
  const startMs = spans.reduce((least, span) => Math.min(least, span.startMs), Number.POSITIVE_INFINITY);
  const endMs = spans.reduce((most, span) => Math.max(most, span.startMs + span.durationMs), Number.NEGATIVE_INFINITY);
  return { startMs, durationMs: endMs - startMs };
}

function titleOf(span: Span): string {
  return requestOf(span) ?? (span.kind === 'client' && isRedisSpan(span) ? queryOf(span) : span.name);
}

function rowsOf(spans: readonly Span[]): Row[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  return arrange(spans).map(({ span, depth }) => ({
    ...span,
    depth,
    title: titleOf(span),
    isRedis: isRedisSpan(span),
    mark: markOf(span),
    linkedFrom: span.kind === 'consumer' ? span.links.find(({ spanId }) => ids.has(spanId))?.spanId : undefined,
  }));
}
