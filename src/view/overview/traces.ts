// Knows: how a trace is shown in a list and as a waterfall.
// Must not know: how it is kept or drawn.
import type { Span } from '../otlp/message';
import { attentionOf, compositeOf, isBlocking, isRedisSpan, lookupOf, queryOf, requestOf } from '../store/reading';
import type { Trace, Traces } from '../store/traces';
import { markOf } from './mark';
import { notesOn } from './notes';
import { type RepeatedView, repeatedIn, repeatedOf } from './repeated';
import { fits, type TraceQuery, wordsOf } from './search';
import { arrange, rootsOf } from './tree';

/** One trace in a list. */
type TraceDigest = ReturnType<typeof digestOf>;

const LIST = 40;
const MAX_ROWS = 1_000;

interface Entry {
  readonly digest: TraceDigest;
  /** Computed on the first search. */
  words: string | undefined;
}

/** The names of the lists that the page and the API use. */
export const TRACE_LISTS = ['recent', 'slowest', 'attention', 'polls'] as const;
export type TraceListName = (typeof TRACE_LISTS)[number];

/** Four lists of traces: the latest, the slowest, those that need attention, and polls. */
export class TraceLists {
  private readonly entries = new WeakMap<Trace, Entry>();

  constructor(private readonly traces: Traces) {}

  all(): Record<TraceListName, TraceDigest[]> {
    const found = this.found({});
    return Object.fromEntries(TRACE_LISTS.map((list) => [list, listOf(list, found)])) as Record<
      TraceListName,
      TraceDigest[]
    >;
  }

  /** Returns the loops of all traces; similar loops are merged. */
  repeated(): RepeatedView[] {
    return repeatedOf(this.found({}));
  }

  /** Returns the traces of one list that match the query. */
  find(list: TraceListName, query: TraceQuery): TraceDigest[] {
    return listOf(list, this.found(query));
  }

  /** Latest first. */
  private found(query: TraceQuery): TraceDigest[] {
    const found: TraceDigest[] = [];
    for (const trace of this.traces.all()) {
      if (!trace.spans.some(isRedisSpan)) continue;
      const entry = this.entryOf(trace);
      if (query.text !== undefined) entry.words ??= wordsOf(trace);
      if (fits(query, entry.digest, entry.words ?? '')) found.push(entry.digest);
    }
    return found.sort((a, b) => b.startMs - a.startMs);
  }

  private entryOf(trace: Trace): Entry {
    const known = this.entries.get(trace);
    if (known?.digest.spans === trace.spans.length) return known;
    const entry: Entry = { digest: digestOf(trace.traceId, trace.spans), words: undefined };
    this.entries.set(trace, entry);
    return entry;
  }
}

/** A poll that waits for a minute is neither slow nor news. */
function listOf(list: TraceListName, latestFirst: readonly TraceDigest[]): TraceDigest[] {
  const all = latestFirst.filter(({ isPoll }) => isPoll === (list === 'polls'));
  if (list === 'slowest') all.sort((a, b) => b.durationMs - a.durationMs);
  const listed = list === 'attention' ? all.filter(({ marks }) => marks.some((mark) => mark !== 'message')) : all;
  return listed.slice(0, LIST);
}

/** Returns the trace, and below it the spans of other traces that link to it. */
export function traceDetail(traces: Traces, traceId: string) {
  const trace = traces.get(traceId);
  if (trace === undefined) return undefined;
  const followers = [...traces.all()].filter(
    (other) => other !== trace && other.spans.some(({ links }) => links.some((link) => link.traceId === traceId)),
  );
  const spans = [...trace.spans, ...followers.flatMap((follower) => follower.spans)].slice(0, MAX_ROWS);
  return { ...digestOf(traceId, trace.spans), ...extent(spans), rows: rowsOf(spans), omitted: trace.omitted };
}

function digestOf(traceId: string, spans: readonly Span[]) {
  const [root] = rootsOf(spans);
  const found = spans.flatMap((span) => attentionOf(span)?.kind ?? []);
  const repeated = repeatedIn(spans);
  const loops = repeated.length > 0 ? (['repeated'] as const) : [];
  const messages = spans.some(({ kind }) => kind === 'producer' || kind === 'consumer') ? (['message'] as const) : [];
  const lookups = spans.flatMap((span) => lookupOf(span) ?? []);
  return {
    traceId,
    title: root === undefined ? traceId : titleOf(root),
    services: [...new Set(spans.map(({ service }) => service))],
    ...extent(spans),
    spans: spans.length,
    failed: spans.some(({ failed }) => failed),
    hits: lookups.reduce((sum, { hits }) => sum + hits, 0),
    misses: lookups.reduce((sum, { misses }) => sum + misses, 0),
    marks: [...new Set([...found, ...loops, ...messages])],
    /** The loops of round trips in the trace. */
    repeated,
    /** The trace contains only blocking commands: a worker that polls its queue. */
    isPoll: found.length === 0 && spans.every((span) => isRedisSpan(span) && isBlocking(span)),
  };
}

function extent(spans: readonly Span[]): { startMs: number; durationMs: number } {
  const startMs = spans.reduce((least, span) => Math.min(least, span.startMs), Number.POSITIVE_INFINITY);
  const endMs = spans.reduce((most, span) => Math.max(most, span.startMs + span.durationMs), Number.NEGATIVE_INFINITY);
  return { startMs, durationMs: endMs - startMs };
}

function titleOf(span: Span): string {
  const request = requestOf(span);
  if (request !== undefined || span.kind !== 'client' || !isRedisSpan(span)) return request ?? span.name;
  const composite = compositeOf(span);
  return composite === undefined ? queryOf(span) : `${queryOf(span)} × ${composite.count}`;
}

/** Each span, and its depth below its parent. */
function rowsOf(spans: readonly Span[]) {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  return arrange(spans).map(({ span, depth }) => ({
    ...span,
    depth,
    title: titleOf(span),
    isRedis: isRedisSpan(span),
    mark: markOf(span),
    /** The span of the sender, if this span received a message and the sender is shown. */
    linkedFrom: span.kind === 'consumer' ? span.links.find(({ spanId }) => ids.has(spanId))?.spanId : undefined,
    notes: notesOn(span, spans),
  }));
}
