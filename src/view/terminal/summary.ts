// Knows: the summary of a run, as lines for a terminal.
// Must not know: where spans and metrics come from.
import type { Overview } from '../overview/overview';
import { type Paint, printable } from './paint';

const RATIO_COLUMNS = 20;
const NAME_COLUMNS = 24;
const MAX_ROWS = 20;

/** Returns lines for a terminal. Empty sections are left out, except the hit ratio. */
export function renderSummary(overview: Overview, paint: Paint): string[] {
  const minutes = overview.windowMs / 60_000;
  const sections: [string, string[]][] = [
    [`Hit ratio by family, last ${minutes} minutes`, hitRatios(overview, paint)],
    ['Latency by command', latencies(overview.commands, paint)],
    ['Errors', overview.errorTypes.map(({ type, errors }) => paint.red(`${count(errors)} ${printable(type)}`))],
    ['Slowest by family', overview.slowest.map(({ family, slow: [slow] }) => slowLine(family, slow))],
    ['Locks', overview.locks.map((lock) => lockLine(lock))],
    ['Pools', overview.pools.map(poolLine)],
    [
      'Messages',
      overview.channels.map(({ channel, sent, consumed }) => `${name(channel)} ${sent} sent, ${consumed} received`),
    ],
    [
      'Worth a look',
      overview.attention.map(({ text, count: times }) => paint.yellow(`${count(times)} ${printable(text)}`)),
    ],
  ];
  return sections
    .filter(([, lines]) => lines.length > 0)
    .flatMap(([title, lines]) => [paint.bold(title), ...limited(lines, paint), '']);
}

function limited(lines: readonly string[], paint: Paint): string[] {
  const more = lines.length > MAX_ROWS ? [paint.dim(`  … and ${lines.length - MAX_ROWS} more`)] : [];
  return [...lines.slice(0, MAX_ROWS).map((line) => `  ${line}`), ...more];
}

function hitRatios({ families, totals }: Overview, paint: Paint): string[] {
  if (families.length === 0) return ['no lookups'];
  return [...families, { family: 'all', ...totals }].map((row) => ratioLine(row, paint));
}

function ratioLine(
  { family, hits, misses, hitRatio = 0 }: Pick<Overview['families'][number], 'family' | 'hits' | 'misses' | 'hitRatio'>,
  paint: Paint,
): string {
  const filled = Math.round(hitRatio * RATIO_COLUMNS);
  const bar = paint.green('█'.repeat(filled)) + paint.dim('░'.repeat(RATIO_COLUMNS - filled));
  return `${name(family)} ${bar} ${`${(hitRatio * 100).toFixed(1)} %`.padStart(8)}   ${hits} of ${hits + misses}`;
}

function latencies(commands: Overview['commands'], paint: Paint): string[] {
  if (commands.length === 0) return [];
  const percentiles = ['p50 ms', 'p95 ms', 'p99 ms'].map((title) => title.padStart(9)).join(' ');
  const head = `${'command'.padEnd(NAME_COLUMNS)} ${'calls'.padStart(7)} ${percentiles}   errors`;
  return [paint.dim(head), ...commands.map((command) => latencyLine(command, paint))];
}

function latencyLine({ command, calls, errors, p50, p95, p99 }: Overview['commands'][number], paint: Paint): string {
  const numbers = [p50, p95, p99].map((ms) => (ms?.toFixed(2) ?? '–').padStart(9)).join(' ');
  return `${name(command)} ${String(calls).padStart(7)} ${numbers}${paint.red(errors === 0 ? '' : `   ${errors}`)}`;
}

function slowLine(family: string, slow: Overview['slowest'][number]['slow'][number] | undefined): string {
  return `${name(family)} ${(slow?.durationMs ?? 0).toFixed(2).padStart(8)} ms   ${printable(slow?.text ?? '')}`;
}

function lockLine({ family, acquired, refused, renewed, lost, meanHeldMs }: Overview['locks'][number]): string {
  const held = meanHeldMs === undefined ? '' : `, held ${meanHeldMs.toFixed(1)} ms on average`;
  const again = renewed === 0 ? '' : `, ${renewed} renewed`;
  return `${name(family)} ${acquired} acquired, ${refused} refused${again}, ${lost} lost${held}`;
}

// Pools are closed at the end of a run, so the highest use says more than the last.
function poolLine({ pool, limit, usedCourse, timeouts }: Overview['pools'][number]): string {
  const peak = Math.max(0, ...usedCourse.map((used) => used ?? 0));
  return `${name(pool)} up to ${peak}${limit === undefined ? '' : ` of ${limit}`} used, ${timeouts} timeouts`;
}

function count(times: number): string {
  return `${String(times).padStart(4)} ×`;
}

function name(text: string): string {
  return printable(text).padEnd(NAME_COLUMNS);
}
