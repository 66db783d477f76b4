// Knows: what a run amounts to: hit ratios, latencies, counts.
// Must not know: where spans and metrics come from.
import { printable } from './paint.mjs';

const RATIO_COLUMNS = 20;

/** Lines for a terminal, from a store. */
export function renderSummary(store, { paint }) {
  const sections = [
    ['Hit ratio', hitRatios(store.spans, paint)],
    ['Latency by command', latencies(store.spans, paint)],
    ['Spans by name', spanCounts(store.spans)],
    ['Metrics', metrics(store)],
  ];
  return sections.flatMap(([title, lines]) => [paint.bold(title), ...lines.map((line) => `  ${line}`), '']);
}

function hitRatios(spans, paint) {
  const ratios = new Map();
  const total = { hits: 0, misses: 0 };
  for (const span of spans) {
    const lookup = readLookup(span.attributes);
    if (lookup === undefined) continue;
    const command = commandOf(span) ?? span.name;
    if (!ratios.has(command)) ratios.set(command, { hits: 0, misses: 0 });
    for (const sum of [ratios.get(command), total]) {
      sum.hits += lookup.hits;
      sum.misses += lookup.misses;
    }
  }
  if (ratios.size === 0) return ['no lookups'];
  return [...[...ratios].sort(byName), ['total', total]].map(([name, sum]) => ratioLine(name, sum, paint));
}

function readLookup(attributes) {
  const { 'cache.hit': hit, 'cache.hit_count': hits, 'cache.miss_count': misses } = attributes;
  if (hits !== undefined || misses !== undefined) return { hits: hits ?? 0, misses: misses ?? 0 };
  if (hit === undefined) return undefined;
  return hit ? { hits: 1, misses: 0 } : { hits: 0, misses: 1 };
}

function ratioLine(name, { hits, misses }, paint) {
  const of = hits + misses;
  const ratio = of === 0 ? 0 : hits / of;
  const filled = Math.round(ratio * RATIO_COLUMNS);
  const bar = paint.green('█'.repeat(filled)) + paint.dim('░'.repeat(RATIO_COLUMNS - filled));
  return `${name.padEnd(16)} ${bar} ${`${(ratio * 100).toFixed(1)} %`.padStart(8)}   ${hits} of ${of}`;
}

function latencies(spans, paint) {
  const byCommand = new Map();
  for (const span of spans) {
    const command = commandOf(span);
    if (command === undefined) continue;
    if (!byCommand.has(command)) byCommand.set(command, []);
    byCommand.get(command).push(span);
  }
  const head = `${'command'.padEnd(16)} ${'count'.padStart(6)} ${'p50 ms'.padStart(9)} ${'p95 ms'.padStart(9)}   errors`;
  return [paint.dim(head), ...[...byCommand].sort(byName).map(([name, group]) => latencyLine(name, group, paint))];
}

function latencyLine(name, spans, paint) {
  const sorted = spans.map(({ durationMs }) => durationMs).sort((a, b) => a - b);
  const numbers = [percentile(sorted, 0.5), percentile(sorted, 0.95)].map((ms) => ms.toFixed(2).padStart(9)).join(' ');
  const errors = spans.filter(({ failed }) => failed).map(({ attributes }) => printable(attributes['error.type'] ?? 'error'));
  const listed = errors.length === 0 ? '' : `   ${errors.length} (${[...new Set(errors)].join(', ')})`;
  return `${name.padEnd(16)} ${String(spans.length).padStart(6)} ${numbers}${paint.red(listed)}`;
}

// Nearest rank: with few samples it names one that happened, where interpolation would invent one.
function percentile(sorted, fraction) {
  return sorted[Math.max(0, Math.ceil(sorted.length * fraction) - 1)];
}

function spanCounts(spans) {
  const counts = new Map();
  for (const { name } of spans) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || byName(a, b)).map(([name, count]) => `${String(count).padStart(4)}  ${printable(name)}`);
}

function metrics(store) {
  const operations = store.series('db.client.operation.duration');
  const requests = store.series('cache.requests');
  return [
    metricLine('db.client.operation.duration', operations, (series) => `${sum(series)} operations`),
    metricLine('cache.requests', requests, (series) => {
      const of = (result) => sum(series.filter(({ attributes }) => attributes['cache.result'] === result));
      return `${of('hit')} hit, ${of('miss')} miss`;
    }),
    metricLine('db.client.connection.count', store.series('db.client.connection.count'), poolText),
  ];
}

function metricLine(name, series, describe) {
  return `${name.padEnd(30)} ${series.length === 0 ? 'not reported' : describe(series)}`;
}

// At the end of a run the pool is closed, so the highest values seen say more than the last.
function poolText(series) {
  return series
    .map(({ attributes, peak }) => {
      const pool = attributes['db.client.connection.pool.name'] ?? 'pool';
      return `${pool} ${attributes['db.client.connection.state'] ?? 'connections'} up to ${peak}`;
    })
    .join(', ');
}

function sum(series) {
  return series.reduce((total, { value }) => total + value, 0);
}

function commandOf({ attributes }) {
  const name = attributes['db.operation.name'];
  return name === undefined ? undefined : printable(name);
}

function byName([a], [b]) {
  return a < b ? -1 : Number(a > b);
}
