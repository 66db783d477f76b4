// Knows: the overview that the page and the terminal show, as plain data.
// Must not know: how it is drawn or sent.

import type { Attention } from '../store/attention';
import type { Percentiles } from '../store/durations';
import type { LockStep } from '../store/reading';
import type { Records } from '../store/records';
import type { Slow } from '../store/slowest';
import type { Received, Telemetry } from '../store/telemetry';
import { STEP_MS, STEPS, type Sums, stepOf } from '../store/window';
import { connectionsOverTime, type PoolView, poolsOf, type ServerView, serversOf } from './connections';
import { addUp, type Course, ratio, ratios } from './course';
import type { RepeatedView } from './repeated';
import type { TraceLists } from './traces';

export interface FamilyView {
  readonly family: string;
  readonly hits: number;
  readonly misses: number;
  readonly hitRatio: number | undefined;
  readonly hitRatioCourse: Course;
  readonly fills: number;
  readonly meanLoadMs: number | undefined;
  readonly stampedes: number;
  /** Misses that were not filled by the process that missed them. */
  readonly unfilled: number;
  /** Writes without a time to live. */
  readonly immortal: number;
}

export interface CommandView extends Partial<Percentiles> {
  readonly command: string;
  readonly calls: number;
  readonly errors: number;
  readonly callsCourse: Course;
}

export type LockView = Readonly<Record<LockStep, number>> & {
  readonly family: string;
  readonly meanHeldMs: number | undefined;
  readonly meanWaitedMs: number | undefined;
};

export interface ChannelView {
  readonly channel: string;
  readonly sent: number;
  readonly consumed: number;
  readonly meanProcessMs: number | undefined;
}

export interface Totals {
  readonly calls: number;
  readonly errors: number;
  readonly hits: number;
  readonly misses: number;
  readonly hitRatio: number | undefined;
  readonly latency: Percentiles | undefined;
  readonly stampedes: number;
  readonly callsCourse: Course;
  readonly errorsCourse: Course;
  readonly hitRatioCourse: Course;
  readonly p95Course: Course;
  readonly stampedesCourse: Course;
}

export interface Overview {
  readonly atMs: number;
  readonly stepMs: number;
  /** The period of the sums. */
  readonly windowMs: number;
  /** The period of the lines: shorter than the window until the window is full. */
  readonly shownMs: number;
  readonly received: Readonly<Received>;
  readonly services: readonly string[];
  readonly totals: Totals;
  readonly families: readonly FamilyView[];
  readonly commands: readonly CommandView[];
  readonly errorTypes: readonly { readonly type: string; readonly errors: number }[];
  readonly slowest: readonly { readonly family: string; readonly slow: readonly Slow[] }[];
  readonly pools: readonly PoolView[];
  readonly servers: readonly ServerView[];
  readonly connectionsCourse: Course;
  readonly locks: readonly LockView[];
  readonly channels: readonly ChannelView[];
  readonly attention: readonly Attention[];
  /** Sequential calls that a single call could replace. */
  readonly repeated: readonly RepeatedView[];
  readonly traces: ReturnType<TraceLists['all']>;
}

/** A minute: the first values must not be lost at the edge. */
const LEAST_STEPS = 30;

export function overviewOf({ records, received, clock }: Telemetry, traces: TraceLists): Overview {
  const atMs = clock();
  const repeated = traces.repeated();
  const step = stepOf(atMs);
  const steps = Math.min(STEPS, Math.max(LEAST_STEPS, step - stepOf(received.firstMs) + 2));
  return {
    atMs,
    stepMs: STEP_MS,
    windowMs: STEP_MS * STEPS,
    shownMs: STEP_MS * steps,
    received: { ...received },
    services: records.services.all(step).map(({ name }) => name),
    totals: totalsOf(records, step, steps),
    families: familiesOf(records, step, steps),
    commands: commandsOf(records, step, steps),
    errorTypes: better(records.errorTypes, step).map(({ name, sums }) => ({ type: name, errors: sums.errors })),
    slowest: records.slowest.all(atMs),
    pools: poolsOf(records, step, steps, atMs),
    servers: serversOf(records, atMs),
    connectionsCourse: connectionsOverTime(records, step, steps),
    locks: records.locks.all(step).map(lockOf),
    channels: records.channels.all(step).map(channelOf),
    attention: [...repeated.map(attentionOf), ...records.attention.newestFirst()],
    repeated,
    traces: traces.all(),
  };
}

function attentionOf({ text, requests, lastMs, traceId }: RepeatedView): Attention {
  return { kind: 'repeated', text, count: requests, callers: undefined, lastMs, traceId };
}

/** Metrics, if there are any, else spans. */
function better<Column extends string>(
  { metrics, spans }: Readonly<Record<'metrics' | 'spans', { all(step: number): Sums<Column>[] }>>,
  step: number,
): Sums<Column>[] {
  const exact = metrics.all(step);
  return exact.length > 0 ? exact : spans.all(step);
}

function familiesOf(records: Records, step: number, steps: number): FamilyView[] {
  const more = new Map(records.families.all(step).map(({ name, sums }) => [name, sums]));
  const views = better(records.lookups, step).map(({ name, sums: { hits, misses }, row }) => {
    const { fills = 0, loadMs = 0, stampedes = 0, unfilled = 0, immortal = 0 } = more.get(name) ?? {};
    return {
      family: name,
      hits,
      misses,
      hitRatio: ratio(hits, hits + misses),
      hitRatioCourse: ratios(row.hits.read(step, steps), row.misses.read(step, steps)),
      fills,
      meanLoadMs: ratio(loadMs, fills),
      stampedes,
      unfilled,
      immortal,
    };
  });
  return views.sort((a, b) => b.hits + b.misses - (a.hits + a.misses));
}

function commandsOf(records: Records, step: number, steps: number): CommandView[] {
  const views = better(records.commands, step).map(({ name, sums, row }) => ({
    command: name,
    ...sums,
    ...records.durations.of(name),
    callsCourse: row.calls.read(step, steps),
  }));
  return views.sort((a, b) => b.calls - a.calls);
}

function totalsOf(records: Records, step: number, steps: number): Totals {
  const lookups = better(records.lookups, step);
  const commands = better(records.commands, step);
  const families = records.families.all(step);
  const [hits, misses] = [total(lookups, 'hits'), total(lookups, 'misses')];
  return {
    calls: total(commands, 'calls'),
    errors: total(commands, 'errors'),
    hits,
    misses,
    hitRatio: ratio(hits, hits + misses),
    latency: records.durations.ofAll(),
    stampedes: total(families, 'stampedes'),
    callsCourse: courseOf(commands, 'calls', step, steps),
    errorsCourse: courseOf(commands, 'errors', step, steps),
    hitRatioCourse: ratios(courseOf(lookups, 'hits', step, steps), courseOf(lookups, 'misses', step, steps)),
    p95Course: records.durations.p95OverTime(step, steps).map((value) => (value === 0 ? undefined : value)),
    stampedesCourse: courseOf(families, 'stampedes', step, steps),
  };
}

function courseOf<Column extends string>(
  rows: readonly Sums<Column>[],
  column: Column,
  step: number,
  steps: number,
): number[] {
  return addUp(
    rows.map(({ row }) => row[column].read(step, steps)),
    steps,
  );
}

function lockOf({ name, sums }: Sums<LockStep | 'held' | 'heldMs' | 'waited' | 'waitedMs'>): LockView {
  const { acquired, refused, renewed, released, lost, held, heldMs, waited, waitedMs } = sums;
  return {
    family: name,
    acquired,
    refused,
    renewed,
    released,
    lost,
    meanHeldMs: ratio(heldMs, held),
    meanWaitedMs: ratio(waitedMs, waited),
  };
}

function channelOf({ name, sums }: Sums<'sent' | 'consumed' | 'processed' | 'processedMs'>): ChannelView {
  return {
    channel: name,
    sent: sums.sent,
    consumed: sums.consumed,
    meanProcessMs: ratio(sums.processedMs, sums.processed),
  };
}

function total<Column extends string>(rows: readonly Sums<Column>[], column: Column): number {
  return rows.reduce((sum, { sums }) => sum + sums[column], 0);
}
