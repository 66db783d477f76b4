// Knows: which traces match a search.
// Must not know: where traces are kept, how they are drawn.
import type { Span } from '../otlp/message';
import { commandOf, errorOf, keyFamilyOf, requestOf } from '../store/reading';
import type { Trace } from '../store/traces';

/** The properties of the wanted traces. An omitted one matches all. */
export interface TraceQuery {
  /** A text in the name of the root, a route, a command, a key family, an error or a service; case does not matter. */
  readonly text?: string | undefined;
  /** Some span of the trace failed. */
  readonly failed?: boolean;
  /** The trace took at least this many milliseconds. */
  readonly leastMs?: number | undefined;
}

/** Reads a query from the parameters of a URL: `q`, `failed`, `slower`. Invalid values are ignored. */
export function queryFrom(parameters: URLSearchParams): TraceQuery {
  const leastMs = Number(parameters.get('slower') ?? '');
  return {
    text: parameters.get('q')?.trim().toLowerCase() || undefined,
    failed: ['1', 'true'].includes(parameters.get('failed') ?? ''),
    leastMs: Number.isFinite(leastMs) && leastMs > 0 ? leastMs : undefined,
  };
}

export function fits(
  { text, failed, leastMs }: TraceQuery,
  digest: Pick<Span, 'durationMs' | 'failed'>,
  words: string,
): boolean {
  if (failed === true && !digest.failed) return false;
  if (leastMs !== undefined && digest.durationMs < leastMs) return false;
  return text === undefined || words.includes(text);
}

/** All text by which a trace can be found, in lower case. */
export function wordsOf({ traceId, spans }: Pick<Trace, 'traceId' | 'spans'>): string {
  const words = new Set([traceId]);
  for (const span of spans) {
    for (const word of [
      span.name,
      span.service,
      requestOf(span),
      commandOf(span),
      keyFamilyOf(span.attributes),
      errorOf(span),
    ]) {
      if (word !== undefined) words.add(word.toLowerCase());
    }
  }
  return [...words].join('\n');
}
