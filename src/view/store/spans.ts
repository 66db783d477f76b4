// Knows: how one of our spans updates the records.
// Must not know: metrics.
import * as semconv from '../../core/semconv';
import type { Attributes, Span } from '../otlp/message';
import {
  attentionOf,
  commandOf,
  compositeOf,
  errorOf,
  isBlocking,
  isFailure,
  isRedisSpan,
  keyFamilyOf,
  lockStepOf,
  lookupOf,
  numberOf,
  queryOf,
} from './reading';
import { addLookup, type Records } from './records';
import { OTHER, stepOf } from './window';

export function addSpan(to: Records, span: Span, nowMs: number): void {
  to.traces.add(span);
  if (!isRedisSpan(span)) return;
  const attention = attentionOf(span);
  if (attention !== undefined) to.attention.note({ ...attention, lastMs: nowMs, traceId: span.traceId });
  const step = stepOf(nowMs);
  to.services.row(span.service || OTHER, step).spans.add(1, step);
  const lock = lockStepOf(span.attributes);
  if (lock !== undefined) to.locks.row(keyFamilyOf(span.attributes) ?? OTHER, step)[lock].add(1, step);
  const command = commandOf(span);
  if (command === undefined) return;
  addCommand(to, span, command, step);
  addToFamily(to, span, nowMs);
}

/** More samples of one run would push out all others. */
const MAX_SAMPLES = 100;

function addCommand(to: Records, span: Span, command: string, step: number): void {
  const row = to.commands.spans.row(command, step);
  const composite = compositeOf(span);
  row.calls.add(composite?.count ?? 1, step);
  const error = errorOf(span);
  if (isFailure(error)) {
    row.errors.add(1, step);
    to.errorTypes.spans.row(error, step).errors.add(1, step);
  }
  // Of a run only the sum and the longest are known, so each command counts with the mean.
  const durationMs = composite === undefined ? span.durationMs : composite.sumMs / composite.count;
  for (let left = Math.min(composite?.count ?? 1, MAX_SAMPLES); left > 0; left--)
    to.durations.add(command, durationMs, isBlocking(span), step);
}

function addToFamily(to: Records, span: Span, nowMs: number): void {
  const step = stepOf(nowMs);
  const { attributes, traceId } = span;
  const durationMs = compositeOf(span)?.maxMs ?? span.durationMs;
  const family = keyFamilyOf(attributes);
  const lookup = lookupOf(span);
  if (lookup !== undefined) addLookup(to.lookups.spans, family ?? OTHER, lookup, step);
  addLoad(to, attributes, family ?? OTHER, step);
  if (family !== undefined && !isBlocking(span))
    to.slowest.add(family, { durationMs, traceId, text: queryOf(span), atMs: nowMs });
}

function addLoad(to: Records, attributes: Attributes, family: string, step: number): void {
  const loadMs = numberOf(attributes[semconv.ATTR_CACHE_LOAD_DURATION_MS]);
  if (loadMs === undefined) return;
  const row = to.families.row(family, step);
  row.fills.add(1, step);
  row.loadMs.add(loadMs, step);
  // Later loads of the same stampede are wider.
  if (attributes[semconv.ATTR_CACHE_STAMPEDE_WIDTH] === 2) row.stampedes.add(1, step);
}
