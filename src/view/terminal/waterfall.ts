// Knows: how spans are drawn as bars over time.
// Must not know: where spans come from.
import type { Span } from '../otlp/message';
import { type Mark, markOf } from '../overview/mark';
import { arrange } from '../overview/tree';
import { queryOf, requestOf } from '../store/reading';
import { type Paint, printable } from './paint';

export interface Layout {
  readonly paint: Paint;
  readonly columns: number;
  /** The number of rows shown of a longer run. */
  readonly maxRows: number;
}

type Row = ReturnType<typeof arrange>[number];

interface Scale {
  readonly startMs: number;
  readonly totalMs: number;
}

const BAR_COLUMNS = 28;
const MAX_NAME_COLUMNS = 34;
const MARK_COLUMNS = 14;
const TITLE_COLUMNS = 84;
const COLOURS = { good: 'green', fair: 'yellow', bad: 'red', plain: 'dim' } as const satisfies Record<
  Mark['tone'],
  keyof Paint
>;

/** Returns lines for a terminal. */
export function renderWaterfall(title: string, spans: readonly Span[], layout: Layout): string[] {
  const { paint, maxRows } = layout;
  const rows = arrange(spans);
  const nameColumns = Math.min(MAX_NAME_COLUMNS, Math.max(0, ...rows.map((row) => label(row).length)));
  const scale = timeScale(rows);
  const size = `${rows.length} ${rows.length === 1 ? 'span' : 'spans'}, ${scale.totalMs.toFixed(1)} ms`;
  return [
    `${paint.bold(cut(printable(title), TITLE_COLUMNS))}  ${paint.dim(rows.length === 0 ? 'no spans' : size)}`,
    ...rows.slice(0, maxRows).map((row) => renderRow(row, scale, layout, nameColumns)),
    ...(rows.length > maxRows ? [paint.dim(`  … and ${rows.length - maxRows} more`)] : []),
    '',
  ];
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
