// Knows: how one trace is drawn as bars over time, with the details of one span.
import { copy } from './connect.mjs';
import { h } from './dom.mjs';
import { ms, plural, roundStep } from './format.mjs';

const LEAST_TICKS = 3;

/** Draws the trace into `container`; undefined says that the trace is no longer kept. */
export function showTrace(container, trace, openTrace) {
  if (trace === undefined) {
    container.replaceChildren(h('p', { class: 'empty' }, 'This trace is not kept any more.'));
    return;
  }
  const details = h('div', { class: 'details', 'aria-live': 'polite' });
  const rows = h('ol', { class: 'waterfall' }, ...trace.rows.map((row) => makeRow(row, trace, details, openTrace)));
  container.replaceChildren(head(trace), axis(trace.durationMs), rows, details);
}

function head({ traceId, title, durationMs, rows, omitted, services, repeated }) {
  const button = h('button', { type: 'button', class: 'quiet', 'aria-label': 'Copy the trace id' }, 'Copy id');
  button.addEventListener('click', () => void copy(traceId, button));
  const about = `${plural(rows.length, 'span')} in ${ms(durationMs)}${services.length > 1 ? `, ${services.join(' → ')}` : ''}`;
  return h(
    'div',
    { class: 'trace-head' },
    h('div', { class: 'title-row' }, h('h3', {}, h('code', {}, title)), button),
    h('p', { class: 'note' }, omitted > 0 ? `${about}; ${omitted} more are not kept` : about),
    ...repeated.map(({ text }) => h('p', { class: 'sentence loop' }, text)),
  );
}

/** Ticks are round numbers where possible; the last one may be before the end. */
function axis(durationMs) {
  const step = durationMs > 0 ? roundStep(durationMs, LEAST_TICKS) : 1;
  const count = durationMs > 0 ? Math.floor(durationMs / step + 1e-9) + 1 : 1;
  const ticks = Array.from({ length: count }, (_, index) => {
    const tick = h('span', {}, tickText(step * index, step));
    tick.style.left = `${durationMs > 0 ? (100 * step * index) / durationMs : 0}%`;
    return tick;
  });
  return h('div', { class: 'axis', 'aria-hidden': 'true' }, ...ticks);
}

function tickText(value, step) {
  if (value === 0) return '0';
  const digits = Math.max(0, -Math.floor(Math.log10(step >= 1_000 ? step / 1_000 : step)));
  return step >= 1_000 ? `${(value / 1_000).toFixed(digits)} s` : `${value.toFixed(digits)} ms`;
}

function makeRow(row, trace, details, openTrace) {
  const bar = h('span', { class: `bar ${row.failed ? 'bad' : row.isRedis ? row.kind : 'other'}` });
  place(bar, row, trace);
  const name = h('span', { class: 'name' }, row.title);
  // The content security policy permits a property set by a script, but not a style attribute.
  name.style.setProperty('--depth', Math.min(row.depth, 8));
  const label = h('span', { class: 'label' }, name, ...marksOf(row, trace));
  const button = h(
    'button',
    { type: 'button', 'aria-expanded': 'false' },
    label,
    h('span', { class: 'track' }, bar),
    h('span', { class: 'number' }, ms(row.durationMs)),
  );
  button.addEventListener('click', () => toggle(button, row, trace, details, openTrace));
  return h('li', {}, button);
}

/** The outcome; the process, if it differs from the parent's; the message that caused the span. */
function marksOf(row, trace) {
  const above = trace.rows.find(({ spanId }) => spanId === row.parentSpanId);
  const from = trace.rows.find(({ spanId }) => spanId === row.linkedFrom);
  const marks = [];
  if (row.notes.length > 0) marks.push(h('span', { class: 'mark plain', 'aria-label': 'with a note' }, '✎'));
  if (row.mark !== undefined) marks.push(h('span', { class: `mark ${row.mark.tone}` }, row.mark.text));
  if (row.service !== (above ?? trace.rows[0]).service) marks.push(h('span', { class: 'mark plain' }, row.service));
  if (from !== undefined) marks.push(h('span', { class: 'mark link' }, `↗ from ${from.title}`));
  return marks;
}

function place(bar, row, trace) {
  const whole = trace.durationMs || 1;
  bar.style.left = `${((row.startMs - trace.startMs) / whole) * 100}%`;
  bar.style.width = `${(row.durationMs / whole) * 100}%`;
}

function toggle(button, row, trace, details, openTrace) {
  const isOpen = button.getAttribute('aria-expanded') === 'true';
  for (const other of button.closest('ol').querySelectorAll('[aria-expanded=true]')) other.setAttribute('aria-expanded', 'false');
  button.setAttribute('aria-expanded', String(!isOpen));
  details.replaceChildren(...(isOpen ? [] : describe(row, trace, openTrace)));
}

function describe(row, trace, openTrace) {
  const facts = [
    ['name', row.name],
    ['kind', row.kind],
    ['service', row.service],
    ['began', `${ms(row.startMs - trace.startMs)} after the trace`],
    ['took', ms(row.durationMs)],
    ...Object.entries(row.attributes).map(([name, value]) => [name, String(value)]),
  ];
  const noted = new Set(row.notes.flatMap(({ traceIds }) => traceIds));
  const elsewhere = new Set(row.links.map(({ traceId }) => traceId).filter((traceId) => traceId !== trace.traceId && !noted.has(traceId)));
  return [
    h('h4', {}, row.title),
    ...row.notes.map((note) => makeNote(note, openTrace)),
    h('dl', {}, ...facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])),
    ...[...elsewhere].map((traceId) =>
      h('button', { type: 'button', click: () => openTrace(traceId) }, 'Open the trace this one links to'),
    ),
  ];
}

function makeNote({ text, traceIds }, openTrace) {
  const buttons = traceIds.map((traceId, index) => {
    return h(
      'button',
      { type: 'button', click: () => openTrace(traceId) },
      traceIds.length === 1 ? 'Open its trace' : `Open trace ${index + 1}`,
    );
  });
  return h('p', { class: 'sentence' }, `${text} `, ...buttons);
}
