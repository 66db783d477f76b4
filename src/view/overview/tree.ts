// Knows: the parent and children of each span.
// Must not know: what spans are about.
import type { Span } from '../otlp/message';

/**
 * Spans without a parent, in order of time. If a parent never arrived (another service, or sampled out), its children
 * are roots.
 */
export function rootsOf(spans: readonly Span[]): Span[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  return byStart(spans.filter(({ parentSpanId }) => parentSpanId === undefined || !ids.has(parentSpanId)));
}

/** Depth first; children are in the order of their start. */
export function arrange(spans: readonly Span[]): { readonly span: Span; readonly depth: number }[] {
  const below = new Map<string | undefined, Span[]>();
  for (const span of byStart(spans)) {
    const siblings = below.get(span.parentSpanId);
    if (siblings === undefined) below.set(span.parentSpanId, [span]);
    else siblings.push(span);
  }
  const rows: { span: Span; depth: number }[] = [];
  const pending = rootsOf(spans)
    .reverse()
    .map((span) => ({ span, depth: 0 }));
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    rows.push(next);
    const depth = next.depth + 1;
    for (const span of (below.get(next.span.spanId) ?? []).reverse()) pending.push({ span, depth });
    // A span that arrived twice must not show its children twice.
    below.delete(next.span.spanId);
  }
  return rows;
}

function byStart(spans: readonly Span[]): Span[] {
  return [...spans].sort((a, b) => a.startMs - b.startMs);
}
