// Knows: how a span relates to others, in one sentence: the miss that it filled, the lock that it waited for.
// Must not know: how sentences are shown, how spans are kept.
import * as semconv from '../../core/semconv';
import type { Span } from '../otlp/message';
import { lockStepOf, numberOf, textOf } from '../store/reading';

/** One sentence about a span, and the traces of the spans that it mentions. */
export interface Note {
  readonly text: string;
  readonly traceIds: readonly string[];
}

/** @param spans all spans of the trace */
export function notesOn(span: Span, spans: readonly Span[]): Note[] {
  return [fillNote(span), stampedeNote(span), lockNote(span, spans)].filter((note) => note !== undefined);
}

function fillNote({ attributes, links, traceId }: Span): Note | undefined {
  const loadMs = numberOf(attributes[semconv.ATTR_CACHE_LOAD_DURATION_MS]);
  if (loadMs === undefined) return undefined;
  const elsewhere = othersIn(links, traceId);
  const where = elsewhere.length > 0 && !links.some((link) => link.traceId === traceId) ? ' of another trace' : '';
  return { text: `Filled a miss${where}. Loading the value took ${milliseconds(loadMs)}.`, traceIds: elsewhere };
}

function stampedeNote({ attributes, links, traceId }: Span): Note | undefined {
  const callers = numberOf(attributes[semconv.ATTR_CACHE_STAMPEDE_WIDTH]);
  if (callers === undefined) return undefined;
  return {
    text: `A stampede: ${callers} callers have loaded this key at the same time by now.`,
    traceIds: othersIn(links, traceId),
  };
}

/** Describes a lock by what this trace did with it. What other traces did is not known here. */
function lockNote(span: Span, spans: readonly Span[]): Note | undefined {
  const step = lockStepOf(span.attributes);
  const steps = step === undefined ? [] : lockSteps(span, spans);
  if (step === 'acquired') {
    const refused = steps.filter(
      (other) => lockStepOf(other.attributes) === 'refused' && other.startMs <= span.startMs,
    );
    const [first] = refused;
    if (first === undefined) return undefined;
    const waited = milliseconds(span.startMs + span.durationMs - first.startMs);
    return { text: `Waited ${waited} for this lock, in ${refused.length + 1} attempts.`, traceIds: [] };
  }
  if (step !== 'released' && step !== 'lost') return undefined;
  const acquired = steps
    .filter((other) => lockStepOf(other.attributes) === 'acquired' && other.startMs <= span.startMs)
    .at(-1);
  if (acquired === undefined) return undefined;
  const held = milliseconds(span.startMs - (acquired.startMs + acquired.durationMs));
  return step === 'released'
    ? { text: `Held this lock for ${held}.`, traceIds: [] }
    : {
        text: `This lock was acquired ${held} before, and belonged to nobody or to somebody else by then.`,
        traceIds: [],
      };
}

function lockSteps({ attributes }: Span, spans: readonly Span[]): Span[] {
  const key = textOf(attributes[semconv.ATTR_REDIS_LOCK_KEY]);
  if (key === undefined) return [];
  const same = spans.filter((other) => other.attributes[semconv.ATTR_REDIS_LOCK_KEY] === key);
  return same.sort((a, b) => a.startMs - b.startMs);
}

function othersIn(links: Span['links'], traceId: string): string[] {
  return [...new Set(links.map((link) => link.traceId).filter((id) => id !== traceId))];
}

function milliseconds(value: number): string {
  return value >= 1_000 ? `${(value / 1_000).toFixed(1)} s` : `${value.toFixed(value >= 10 ? 0 : 1)} ms`;
}
