// Knows: which sequential calls of a request could be sent together, and by which call.
// Must not know: how a line is drawn, how spans are kept.
import type { Span } from '../otlp/message';
import { commandOf, compositeOf, keyFamilyOf, repeatedCallsOf, requestOf } from '../store/reading';

/** A loop of round trips below one span. */
export interface RepeatedCalls {
  readonly operation: string;
  readonly family: string | undefined;
  readonly count: number;
  readonly durationMs: number;
  /** The request, or the span, that contains the loop. */
  readonly where: string | undefined;
  /** One sentence: what repeats, how often, and what could be done instead. */
  readonly text: string;
}

/** Similar loops of all requests. The text is that of the longest loop. */
export interface RepeatedView extends RepeatedCalls {
  readonly requests: number;
  readonly lastMs: number;
  /** The trace of the longest loop. */
  readonly traceId: string;
}

interface Looped {
  readonly traceId: string;
  readonly startMs: number;
  readonly repeated: readonly RepeatedCalls[];
}

const MAX_VIEWS = 20;

/** The longest ones first. */
export function repeatedOf(traces: readonly Looped[]): RepeatedView[] {
  const views = new Map<string, RepeatedView>();
  for (const { traceId, startMs, repeated } of traces) {
    for (const calls of repeated) {
      const key = `${calls.operation} ${calls.family} ${calls.where}`;
      const known = views.get(key);
      const longest = known !== undefined && known.count >= calls.count ? known : { ...calls, traceId };
      views.set(key, {
        ...longest,
        requests: (known?.requests ?? 0) + 1,
        lastMs: Math.max(known?.lastMs ?? 0, startMs),
      });
    }
  }
  return [...views.values()].sort((a, b) => b.durationMs - a.durationMs).slice(0, MAX_VIEWS);
}

/** Finds the loops of one trace from its spans. */
export function repeatedIn(spans: readonly Span[]): RepeatedCalls[] {
  const longest = new Map<string, Span>();
  for (const span of spans) {
    const count = repeatedCallsOf(span);
    if (count === undefined) continue;
    const key = `${span.parentSpanId} ${commandOf(span)?.toUpperCase()} ${keyFamilyOf(span.attributes)}`;
    const known = longest.get(key);
    if (known === undefined || count > (repeatedCallsOf(known) ?? 0)) longest.set(key, span);
  }
  if (longest.size === 0) return [];
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  return [...longest.values()].map((last) => {
    const calls = {
      operation: (commandOf(last) ?? last.name).toUpperCase(),
      family: keyFamilyOf(last.attributes),
      count: repeatedCallsOf(last) ?? 0,
      durationMs: durationOf(last, spans),
      where: placeOf(last, byId),
    };
    return { ...calls, text: repeatedText(calls) };
  });
}

/** `GET user:{}:name, 200 times one after another in GET /feed, 84 ms: one MGET, or a pipeline` */
function repeatedText({ operation, family, count, durationMs, where }: Omit<RepeatedCalls, 'text'>): string {
  const subject = family === undefined ? operation : `${operation} ${family}`;
  const place = where === undefined ? '' : ` in ${where}`;
  const took = durationMs >= 10 ? durationMs.toFixed(0) : durationMs.toFixed(1);
  return `${subject}, ${count} times one after another${place}, ${took} ms: ${TOGETHER[operation] ?? 'a pipeline'}`;
}

/** For each command, the one that reads several keys. In a cluster, a command can only have keys of one slot. */
const TOGETHER: Readonly<Record<string, string>> = {
  GET: 'one MGET (in a cluster: of keys of one slot), or a pipeline',
  'JSON.GET': 'one JSON.MGET, or a pipeline',
  SET: 'a pipeline, or one MSET if nothing expires (in a cluster: of keys of one slot)',
  HGET: 'one HMGET if it is one hash, or a pipeline',
  HSET: 'one HSET of several fields if it is one hash, or a pipeline',
  SISMEMBER: 'one SMISMEMBER if it is one set, or a pipeline',
  SADD: 'one SADD of several members if it is one set, or a pipeline',
  ZSCORE: 'one ZMSCORE if it is one set, or a pipeline',
  DEL: 'one DEL of several keys, or a pipeline',
  UNLINK: 'one UNLINK of several keys, or a pipeline',
  EXISTS: 'one EXISTS of several keys, or a pipeline',
};

/** The last span of a loop has the number of calls. The loop is the latest that many spans below its parent. */
function durationOf(last: Span, spans: readonly Span[]): number {
  const operation = commandOf(last)?.toUpperCase();
  const siblings = spans.filter(
    (span) =>
      span.parentSpanId === last.parentSpanId &&
      span.startMs <= last.startMs &&
      commandOf(span)?.toUpperCase() === operation,
  );
  const family = keyFamilyOf(last.attributes);
  let left = repeatedCallsOf(last) ?? 0;
  let durationMs = 0;
  for (const span of siblings.sort((a, b) => b.startMs - a.startMs)) {
    const own = keyFamilyOf(span.attributes);
    if (left <= 0 || (own !== undefined && own !== family)) continue;
    const composite = compositeOf(span);
    left -= composite?.count ?? 1;
    durationMs += composite?.sumMs ?? span.durationMs;
  }
  return durationMs;
}

function placeOf({ parentSpanId }: Span, byId: ReadonlyMap<string, Span>): string | undefined {
  const parent = parentSpanId === undefined ? undefined : byId.get(parentSpanId);
  const seen = new Set<Span>();
  for (let span = parent; span !== undefined && !seen.has(span); span = byId.get(span.parentSpanId ?? '')) {
    seen.add(span);
    if (requestOf(span) !== undefined) return routeOf(span);
  }
  return parent?.name;
}

/** Uses the route if it is known: paths differ from request to request. */
function routeOf(span: Span): string | undefined {
  const route = span.attributes['http.route'];
  const method = span.attributes['http.request.method'] ?? span.attributes['http.method'];
  return typeof route === 'string' && route !== '' ? `${method} ${route}` : requestOf(span);
}
