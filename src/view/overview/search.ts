// Knows: which traces somebody looks for.
// Must not know: where traces are kept, how they are drawn.
import { commandOf, errorOf, keyFamilyOf, requestOf } from '../store/reading';
import type { Trace } from '../store/traces';

/** What traces have to be to be found. Everything that is left out fits all. */
export interface TraceQuery {
  /** In the name of the root, a route, a command, a family of keys, an error or a service; in any case. */
  readonly text?: string | undefined;
  /** Something in it failed. */
  readonly failed?: boolean;
  /** It took at least so many milliseconds. */
  readonly leastMs?: number | undefined;
}

/** Reads a query from the parameters of a URL: `q`, `failed`, `slower`. What cannot be read is left out. */
export function queryFrom(parameters: URLSearchParams): TraceQuery {
  const leastMs = Number(parameters.get('slower') ?? '');
  return {
    text: parameters.get('q')?.trim().toLowerCase() || undefined,
    failed: ['1', 'true'].includes(parameters.get('failed') ?? ''),
    leastMs: Number.isFinite(leastMs) && leastMs > 0 ? leastMs : undefined,
  };
}

interface Searched {
  readonly durationMs: number;
  readonly failed: boolean;
}

export function fits({ text, failed, leastMs }: TraceQuery, digest: Searched, words: string): boolean {
  if (failed === true && !digest.failed) return false;
  if (leastMs !== undefined && digest.durationMs < leastMs) return false;
  return text === undefined || words.includes(text);
}

/** All that a trace can be found by, in lower case. */
export function wordsOf({ traceId, spans }: Pick<Trace, 'traceId' | 'spans'>): string {
  const words = new Set([traceId]);
  for (const span of spans) {
    for (const word of [span.name, span.service, requestOf(span), commandOf(span), keyFamilyOf(span.attributes), errorOf(span)]) {
      if (word !== undefined) words.add(word.toLowerCase());
    }
  }
  return [...words].join('\n');
}
