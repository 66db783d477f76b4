// Knows: how spans look as bars over time, one block per step.
// Must not know: where spans come from.
import { printable } from './paint.mjs';

const BAR_COLUMNS = 28;
const MAX_NAME_COLUMNS = 34;
const MARK_COLUMNS = 14;
const MAX_ROWS = 16;
const BACKGROUND = 'Before the first step';

/** Lines for a terminal. A trace belongs to the step during which it began. */
export function renderWaterfall(steps, spans, { paint, columns }) {
  const blocks = assign(steps, traces(spans));
  const labels = blocks.flatMap(({ rows }) => rows.map(label));
  const nameColumns = Math.min(MAX_NAME_COLUMNS, Math.max(0, ...labels.map(({ length }) => length)));
  return blocks.flatMap((block) => renderBlock(block, { paint, columns, nameColumns }));
}

function traces(spans) {
  const byId = new Map();
  for (const span of spans) {
    if (!byId.has(span.traceId)) byId.set(span.traceId, []);
    byId.get(span.traceId).push(span);
  }
  return [...byId.values()]
    .map((members) => ({ startMs: Math.min(...members.map(({ startMs }) => startMs)), rows: tree(members) }))
    .sort((a, b) => a.startMs - b.startMs);
}

// A parent that never arrived (another service's, or sampled out) makes its children roots.
function tree(members) {
  const ids = new Set(members.map(({ spanId }) => spanId));
  const ordered = [...members].sort((a, b) => a.startMs - b.startMs);
  const below = (parent, depth) =>
    ordered
      .filter(({ parentSpanId }) => (ids.has(parentSpanId) ? parentSpanId : undefined) === parent)
      .flatMap((span) => [{ span, depth }, ...below(span.spanId, depth + 1)]);
  return below(undefined, 0);
}

function assign(steps, ordered) {
  const background = { title: BACKGROUND, calls: [], rows: [] };
  const blocks = steps.map((step) => ({ ...step, rows: [] }));
  for (const { startMs, rows } of ordered) {
    const block = blocks.findLast((candidate) => candidate.startMs <= startMs) ?? background;
    block.rows.push(...rows);
  }
  return background.rows.length > 0 ? [background, ...blocks] : blocks;
}

function renderBlock({ title, calls, rows }, layout) {
  const { paint, columns } = layout;
  const scale = timeScale(rows);
  const size = `${rows.length} ${rows.length === 1 ? 'span' : 'spans'}, ${scale.totalMs.toFixed(1)} ms`;
  const head = rows.length === 0 ? 'no spans' : size;
  const lines = [`${paint.bold(title)}  ${paint.dim(head)}`];
  if (calls.length > 0) lines.push(`  ${paint.dim(cut(describe(calls), columns - 2))}`);
  lines.push(...rows.slice(0, MAX_ROWS).map((row) => renderRow(row, scale, layout)));
  if (rows.length > MAX_ROWS) lines.push(paint.dim(`  … and ${rows.length - MAX_ROWS} more`));
  return [...lines, ''];
}

function timeScale(rows) {
  if (rows.length === 0) return { startMs: 0, totalMs: 0 };
  const startMs = Math.min(...rows.map(({ span }) => span.startMs));
  const endMs = Math.max(...rows.map(({ span }) => span.startMs + span.durationMs));
  return { startMs, totalMs: endMs - startMs };
}

function describe(calls) {
  const counts = new Map();
  for (const { method, path, status } of calls) {
    const text = `${method} ${path} → ${status}`;
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...counts].map(([text, count]) => (count === 1 ? text : `${count} × ${text}`)).join(', ');
}

function renderRow(row, scale, { paint, columns, nameColumns }) {
  const { span } = row;
  const { text, colour } = mark(span);
  const name = cut(label(row), nameColumns).padEnd(nameColumns);
  const duration = `${span.durationMs.toFixed(2)} ms`.padStart(11);
  const fixed = `  ${name} ${bar(span, scale)} ${duration}  `;
  const queryColumns = columns - fixed.length - MARK_COLUMNS - 1;
  const query = queryColumns < 10 ? '' : cut(printable(span.attributes['db.query.text'] ?? ''), queryColumns);
  const painted = `  ${name} ${paint.cyan(bar(span, scale))} ${duration}  `;
  return `${painted}${paint[colour](text.padEnd(MARK_COLUMNS))} ${paint.dim(query)}`.trimEnd();
}

function bar({ startMs, durationMs }, scale) {
  const perMs = scale.totalMs === 0 ? 0 : BAR_COLUMNS / scale.totalMs;
  const offset = Math.min(BAR_COLUMNS - 1, Math.floor((startMs - scale.startMs) * perMs));
  const length = Math.min(BAR_COLUMNS - offset, Math.max(1, Math.round(durationMs * perMs)));
  return `${' '.repeat(offset)}${'█'.repeat(length)}`.padEnd(BAR_COLUMNS);
}

function mark({ failed, attributes }) {
  if (failed) return { text: `✗ ${printable(attributes['error.type'] ?? 'error')}`, colour: 'red' };
  const hits = attributes['cache.hit_count'];
  const misses = attributes['cache.miss_count'];
  if (hits !== undefined || misses !== undefined) {
    const of = (hits ?? 0) + (misses ?? 0);
    return { text: `${hits ?? 0} of ${of} hit`, colour: misses ? 'yellow' : 'green' };
  }
  if (attributes['cache.hit'] !== undefined) {
    return attributes['cache.hit'] ? { text: 'hit', colour: 'green' } : { text: 'miss', colour: 'yellow' };
  }
  return { text: lockMark(attributes), colour: 'dim' };
}

function lockMark(attributes) {
  const { 'db.redis.lock.acquired': acquired, 'db.redis.lock.released': released } = attributes;
  if (acquired !== undefined) return acquired ? 'lock acquired' : 'lock refused';
  if (released !== undefined) return released ? 'lock released' : 'lock was lost';
  return '';
}

function label({ span, depth }) {
  return '  '.repeat(depth) + printable(span.name);
}

function cut(text, columns) {
  return text.length <= columns ? text : `${text.slice(0, columns - 1)}…`;
}
