// Knows: the overview that the page and the terminal show, as plain data.
// Must not know: how it is drawn or sent.
import type { Attention } from '../store/attention';
import type { LockStep } from '../store/reading';
import type { Records } from '../store/records';
import type { Telemetry } from '../store/telemetry';
import { STEP_MS, STEPS, type Sums, stepOf } from '../store/window';
import { connectionsOverTime, poolsOf, serversOf } from './connections';
import { addUp, ratio, ratios } from './course';
import type { RepeatedView } from './repeated';
import type { TraceLists } from './traces';

export type Overview = ReturnType<typeof overviewOf>;

/** A minute: the first values must not be lost at the edge. */
const LEAST_STEPS = 30;

export function overviewOf({ records, received, clock }: Telemetry, traces: TraceLists) {
  const atMs = clock();
  const repeated = traces.repeated();
  const step = stepOf(atMs);
  const steps = Math.min(STEPS, Math.max(LEAST_STEPS, step - stepOf(received.firstMs) + 2));
  return {
    atMs,
    stepMs: STEP_MS,
    /** The period of the sums. */
    windowMs: STEP_MS * STEPS,
    /** The period of the lines: shorter than the window until the window is full. */
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
    /** Sequential calls that a single call could replace. */
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

function familiesOf(records: Records, step: number, steps: number) {
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
      /** Misses that were not filled by the process that missed them. */
      unfilled,
      /** Writes without a time to live. */
      immortal,
    };
  });
  return views.sort((a, b) => b.hits + b.misses - (a.hits + a.misses));
}

function commandsOf(records: Records, step: number, steps: number) {
  const views = better(records.commands, step).map(({ name, sums, row }) => ({
    command: name,
    ...sums,
    ...records.durations.of(name),
    callsCourse: row.calls.read(step, steps),
  }));
  return views.sort((a, b) => b.calls - a.calls);
}

function totalsOf(records: Records, step: number, steps: number) {
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

function lockOf({ name, sums }: Sums<LockStep | 'held' | 'heldMs' | 'waited' | 'waitedMs'>) {
  const { held, heldMs, waited, waitedMs, ...steps } = sums;
  return { family: name, ...steps, meanHeldMs: ratio(heldMs, held), meanWaitedMs: ratio(waitedMs, waited) };
}

function channelOf({ name, sums }: Sums<'sent' | 'consumed' | 'processed' | 'processedMs'>) {
  const { sent, consumed, processed, processedMs } = sums;
  return { channel: name, sent, consumed, meanProcessMs: ratio(processedMs, processed) };
}

function total<Column extends string>(rows: readonly Sums<Column>[], column: Column): number {
  return rows.reduce((sum, { sums }) => sum + sums[column], 0);
}
