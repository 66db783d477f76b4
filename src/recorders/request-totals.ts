// Knows: the cost of Redis for the request that a command belongs to.
// Must not know: spans of commands, clients.
import { type Context, type Span, trace } from '@opentelemetry/api';
import { ENTRY_SPAN, isRecording, RPC_METADATA } from '../core/context';
import type { Batch, BatchOutcome, Command, Outcome } from '../core/events';
import type { BatchFacts, Facts } from '../core/facts';
import type { Recorder } from '../core/recorder';
import * as semconv from '../core/semconv';

const NOTHING_FOUND = { hits: 0, misses: 0 };

interface Totals {
  calls: number;
  durationMs: number;
  hits: number;
  misses: number;
  errors: number;
}

/** Adds to the span of the request at once, because its end is not known here. Later commands are not included. */
export class RequestTotals implements Recorder {
  private readonly totals = new WeakMap<Span, Totals>();

  isActive(): boolean {
    return true;
  }

  command(command: Command, { durationMs, isLocal }: Outcome, { lookup, failure }: Facts): void {
    if (command.isInternal) return;
    // An answer of the client's own cache is not a call.
    const calls = isLocal ? 0 : 1;
    const { hits, misses } = lookup ?? NOTHING_FOUND;
    this.add(command.context, calls, durationMs, hits, misses, failure === undefined ? 0 : 1);
  }

  batch(batch: Batch, { durationMs, failed }: BatchOutcome, { hits, misses, failedCount }: BatchFacts): void {
    this.add(batch.context, 1, durationMs, hits, misses, failed || failedCount > 0 ? 1 : 0);
  }

  private add(context: Context, calls: number, durationMs: number, hits: number, misses: number, errors: number): void {
    const span = entrySpanOf(context);
    if (span === undefined || !isRecording(span)) return;
    const totals = this.totals.get(span) ?? this.begin(span);
    totals.calls += calls;
    totals.durationMs += durationMs;
    span.setAttribute(semconv.ATTR_REDIS_CALLS, totals.calls);
    span.setAttribute(semconv.ATTR_REDIS_DURATION_MS, Math.round(totals.durationMs * 1_000) / 1_000);
    totals.hits += hits;
    totals.misses += misses;
    totals.errors += errors;
    if (hits > 0) span.setAttribute(semconv.ATTR_CACHE_HIT_COUNT, totals.hits);
    if (misses > 0) span.setAttribute(semconv.ATTR_CACHE_MISS_COUNT, totals.misses);
    if (errors > 0) span.setAttribute(semconv.ATTR_REDIS_ERRORS, totals.errors);
  }

  private begin(span: Span): Totals {
    const totals = { calls: 0, durationMs: 0, hits: 0, misses: 0, errors: 0 };
    this.totals.set(span, totals);
    return totals;
  }
}

/** The span of the HTTP server, or else the span of a processed message, or else the active span. */
function entrySpanOf(context: Context): Span | undefined {
  const metadata = context.getValue(RPC_METADATA) as { readonly span?: Span } | undefined;
  return metadata?.span ?? (context.getValue(ENTRY_SPAN) as Span | undefined) ?? trace.getSpan(context);
}
