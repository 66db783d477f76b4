// Knows: what an application saw of its calls, and what its spans must therefore say.
// Must not know: the faults, redis versions.
import assert from 'node:assert/strict';
import { SpanStatusCode } from '@opentelemetry/api';
import type { ExportedSpan, Run } from '../support/control';

/** An error, as the application saw it. */
export interface SeenError {
  readonly class: string;
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly inside?: readonly SeenError[];
}

type Outcome = 'pending' | 'forgotten' | { readonly value?: unknown; readonly error?: SeenError; readonly thrown?: SeenError };

/** One call of the application's. `key` is its own alone. */
export interface Call {
  readonly operation: string;
  readonly key: string;
  /** One of several tries of the same, of which only the last counts. */
  readonly isRepeated: boolean;
  readonly startTimeMs: number;
  readonly durationMs?: number;
  readonly outcome: Outcome;
}

/** What app/main.cjs prints. */
export interface Seen {
  readonly calls: readonly Call[];
  readonly events: readonly unknown[];
  readonly open: readonly string[];
}

/** Between our reading of the clock and the application's, on a machine that has other things to do. */
const SLACK_MS = 400;
/** `Date.now()` is whole milliseconds. */
const CLOCK_MS = 1.5;

/**
 * What both runs must have in common, line by line: all but times, ports, and how often something was tried.
 *
 * @param isTorn connections break at any byte: whether the system says so by an end or by an error is then as much a
 * matter of time as how often a client is ready, so that of its events only the errors are compared, each once
 */
export function comparable(run: Run, { isTorn = false, telemetry }: { isTorn?: boolean; telemetry?: string | undefined } = {}): string[] {
  const { calls, events, open } = run.output as Seen;
  const steady = calls.filter(({ isRepeated }) => !isRepeated);
  const lines = [
    `exit ${run.exitCode} ${run.signal}`,
    ...steady.map(({ operation, key, outcome }) => `${operation} ${key.replace(/\d+$/, '')} ${JSON.stringify(outcome)}`),
    ...events.map((event) => JSON.stringify(event)),
    // What the SDK keeps open is its own.
    ...(telemetry === 'register' ? [] : [`open ${open}`]),
  ].map((line) => line.replace(/(127\.0\.0\.1:|"port":|port )\d+/g, '$1*'));
  return isTorn ? withoutTime(lines.map((line) => line.replace(LOST, '"lost"'))) : lines;
}

/** How node and the clients say that a connection is gone. */
const LOST =
  /\{"class":"(?:SocketClosedUnexpectedlyError|Error)","name":"Error","message":"(?:Socket closed unexpectedly|(?:read|write) E\w+)"(?:,"code":"\w+")?\}/g;

function withoutTime(lines: readonly string[]): string[] {
  const isEvent = (line: string) => line.startsWith('["') && !line.startsWith('["process"');
  const errors = lines.filter((line) => isEvent(line) && line.includes('"error"'));
  return [...lines.filter((line) => !isEvent(line)), ...[...new Set(errors)].sort()];
}

/**
 * What the spans have to say.
 * `all`: one a call, which says how it ended and how long that took, and no others. `some`: the same of those that are
 * there. `sent`: as `all`, but a span begins when its command is sent for the first time. `none`: there are none. `unnamed`: at least as many as calls; which is whose cannot be told.
 */
export type Expectation = 'all' | 'some' | 'sent' | 'none' | 'unnamed';

export function assertTruth(run: Run, expectation: Expectation = 'all'): void {
  const { calls } = run.output as Seen;
  assert.equal(run.openSpans, 0, 'spans were started and not ended');
  if (expectation === 'none') assert.deepEqual(run.spans, []);
  else if (expectation === 'unnamed') assert.ok(run.spans.length >= calls.length, `${run.spans.length} spans`);
  else assertSpans(calls, run.spans, expectation);
}

function assertSpans(calls: readonly Call[], spans: readonly ExportedSpan[], expectation: 'all' | 'some' | 'sent'): void {
  const left = byKey(spans);
  for (const one of calls) {
    const own = left.get(bare(one.key)) ?? [];
    left.delete(bare(one.key));
    // How it ended is not known to the application; in a cluster that may be never.
    if (one.outcome === 'forgotten') assert.ok(own.length <= 1, `${own.length} spans for ${label(one)}`);
    else if (own.length > 0 || expectation !== 'some') assertCall(one, own, expectation === 'sent');
  }
  assert.deepEqual(
    [...left.keys()].filter((name) => name.toUpperCase() !== 'QUIT'),
    [],
  );
}

function byKey(spans: readonly ExportedSpan[]): Map<string, ExportedSpan[]> {
  const found = new Map<string, ExportedSpan[]>();
  for (const span of spans) {
    const key = keyOf(span) ?? String(span.attributes['db.operation.name']);
    found.set(key, [...(found.get(key) ?? []), span]);
  }
  return found;
}

function assertCall(call: Call, spans: readonly ExportedSpan[], mayWait: boolean): void {
  const [span] = spans;
  assert.equal(spans.length, call.outcome === 'pending' ? 0 : 1, `${spans.length} spans for ${label(call)}`);
  if (span === undefined) return;
  assert.deepEqual(told(span), { call: label(call), ...expected(call, span) });
  assertTimes(call, span, mayWait);

  function told({ attributes, status }: ExportedSpan) {
    const { 'error.type': type, 'db.response.status_code': statusCode, 'db.operation.name': name } = attributes;
    return { call: label(call), operation: operationIn(name), failed: status.code === SpanStatusCode.ERROR, type, statusCode };
  }
}

function expected({ operation, outcome }: Call, { attributes }: ExportedSpan) {
  const error = errorOf(outcome);
  const failed = error !== undefined;
  const type = error && typeOf(error);
  // The application is told that a transaction was discarded, the span also knows for which command.
  if (type === 'EXECABORT') return { operation, failed, type: attributes['error.type'], statusCode: attributes['error.type'] };
  return { operation, failed, type, statusCode: error && prefixOf(error) };
}

function assertTimes({ startTimeMs, durationMs = 0, ...call }: Call, span: ExportedSpan, mayWait: boolean): void {
  const [after, longer] = [span.startTimeMs - startTimeMs, span.durationMs - durationMs];
  const message = `${label({ startTimeMs, ...call })}: starts ${after} ms after the call and takes ${longer} ms longer than its ${durationMs}`;
  assert.ok(after >= -CLOCK_MS && longer <= CLOCK_MS && (mayWait || (after <= SLACK_MS && longer >= -SLACK_MS)), message);
}

const label = ({ operation, key, outcome }: Call) => `${operation} ${bare(key)}: ${JSON.stringify(outcome).slice(0, 300)}`;

const bare = (key: string) => /call:\d+/.exec(key)?.[0] ?? key;

function keyOf({ attributes }: ExportedSpan): string | undefined {
  return /call:\d+/.exec(String(attributes['db.query.text']))?.[0];
}

/** `MULTI` and `PIPELINE` of different commands have no other name; single commands are told in the case they were sent in. */
function operationIn(name: unknown): string {
  return String(name).toLowerCase();
}

/** Of a batch, the first error in it. A batch of redis 3 is not rejected for a command that failed. */
function errorOf(outcome: Outcome): SeenError | undefined {
  if (typeof outcome === 'string') return undefined;
  const error = outcome.error ?? outcome.thrown ?? firstError(outcome.value);
  return error?.inside?.[0] ?? error;
}

function firstError(value: unknown): SeenError | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.find((item: { error?: SeenError } | null) => item?.error !== undefined)?.error;
}

/** What redis itself answers begins with a word in capitals; what its clients say does not. */
function prefixOf({ message }: SeenError): string | undefined {
  return /^([A-Z]{3,}) /.exec(message)?.[1];
}

function typeOf(error: SeenError): string {
  return prefixOf(error) ?? error.code ?? (error.class === 'Error' ? 'Error' : error.class);
}
