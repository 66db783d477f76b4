// Knows: how spans are drawn as bars over time, one block per step.
// Must not know: where spans come from.
import type { Span } from '../otlp/message';
import { type Mark, markOf } from '../overview/mark';
import { arrange } from '../overview/tree';
import { queryOf, requestOf } from '../store/reading';
import { type Paint, printable } from './paint';

/** A part of a run, with its own title. */
export interface Step {
  readonly title: string;
  readonly startMs: number;
  /** A short description. */
  readonly about: string;
}

export interface Layout {
  readonly paint: Paint;
  readonly columns: number;
  /** The number of rows shown of a longer block. */
  readonly maxRows?: number;
}

type Row = ReturnType<typeof arrange>[number];

interface Block extends Step {
  readonly rows: Row[];
}

interface Scale {
  readonly startMs: number;
  readonly totalMs: number;
}

const BAR_COLUMNS = 28;
const MAX_NAME_COLUMNS = 34;
const MARK_COLUMNS = 14;
const TITLE_COLUMNS = 84;
const MAX_ROWS = 16;
const BEFORE: Step = { title: 'Before the first step', startMs: Number.NEGATIVE_INFINITY, about: '' };
const COLOURS = { good: 'green', fair: 'yellow', bad: 'red', plain: 'dim' } as const satisfies Record<
  Mark['tone'],
  keyof Paint
>;

/** Returns lines for a terminal. A trace belongs to the step in which it began. */
export function renderWaterfall(steps: readonly Step[], spans: readonly Span[], layout: Layout): string[] {
  const blocks = assign(steps, spans);
  const labels = blocks.flatMap(({ rows }) => rows.map(label));
  const nameColumns = Math.min(MAX_NAME_COLUMNS, Math.max(0, ...labels.map(({ length }) => length)));
  return blocks.flatMap((block) => renderBlock(block, layout, nameColumns));
}

function assign(steps: readonly Step[], spans: readonly Span[]): Block[] {
  const before: Block = { ...BEFORE, rows: [] };
  const blocks: Block[] = steps.map((step) => ({ ...step, rows: [] }));
  for (const rows of traces(spans)) {
    const startMs = Math.min(...rows.map(({ span }) => span.startMs));
    (blocks.filter((block) => block.startMs <= startMs).at(-1) ?? before).rows.push(...rows);
  }
  return before.rows.length > 0 ? [before, ...blocks] : blocks;
}

/** Whole traces, in the order of their start. */
function traces(spans: readonly Span[]): Row[][] {
  const byId = new Map<string, Row[]>();
  for (const row of arrange(spans)) {
    const rows = byId.get(row.span.traceId);
    if (rows === undefined) byId.set(row.span.traceId, [row]);
    else rows.push(row);
  }
  return [...byId.values()];
}

function renderBlock({ title, about, rows }: Block, layout: Layout, nameColumns: number): string[] {
  const { paint, columns, maxRows = MAX_ROWS } = layout;
  const scale = timeScale(rows);
  const size = `${rows.length} ${rows.length === 1 ? 'span' : 'spans'}, ${scale.totalMs.toFixed(1)} ms`;
  const lines = [
    `${paint.bold(cut(printable(title), TITLE_COLUMNS))}  ${paint.dim(rows.length === 0 ? 'no spans' : size)}`,
  ];
  if (about !== '') lines.push(`  ${paint.dim(cut(about, columns - 2))}`);
  lines.push(...rows.slice(0, maxRows).map((row) => renderRow(row, scale, layout, nameColumns)));
  if (rows.length > maxRows) lines.push(paint.dim(`  … and ${rows.length - maxRows} more`));
  return [...lines, ''];
}

function timeScale(rows: readonly Row[]): Scale {
  if (rows.length === 0) return { startMs: 0, totalMs: 0 };
  const startMs = Math.min(...rows.map(({ span }) => span.startMs));
  const endMs = Math.max(...rows.map(({ span }) => span.startMs + span.durationMs));
  return { startMs, totalMs: endMs - startMs };
}

function renderRow(row: Row, scale: Scale, { paint, columns }: Layout, nameColumns: number): string {
  const { span } = row;
  const mark = markOf(span);
  const name = cut(label(row), nameColumns).padEnd(nameColumns);
  const duration = `${span.durationMs.toFixed(2)} ms`.padStart(11);
  const fixed = `  ${name} ${bar(span, scale)} ${duration}  `;
  const queryColumns = columns - fixed.length - MARK_COLUMNS - 1;
  const query = queryColumns < 10 || queryOf(span) === span.name ? '' : cut(printable(queryOf(span)), queryColumns);
  const painted = `  ${name} ${paint.cyan(bar(span, scale))} ${duration}  `;
  const result = paint[COLOURS[mark?.tone ?? 'plain']](printable(mark?.text ?? '').padEnd(MARK_COLUMNS));
  return `${painted}${result} ${paint.dim(query)}`.trimEnd();
}

function bar({ startMs, durationMs }: Span, scale: Scale): string {
  const perMs = scale.totalMs === 0 ? 0 : BAR_COLUMNS / scale.totalMs;
  const offset = Math.min(BAR_COLUMNS - 1, Math.floor((startMs - scale.startMs) * perMs));
  const length = Math.min(BAR_COLUMNS - offset, Math.max(1, Math.round(durationMs * perMs)));
  return `${' '.repeat(offset)}${'█'.repeat(length)}`.padEnd(BAR_COLUMNS);
}

function label({ span, depth }: Row): string {
  return '  '.repeat(depth) + printable(requestOf(span) ?? span.name);
}

function cut(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, columns - 1)}…`;
}
