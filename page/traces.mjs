// Knows: the list of traces, and which one is open.
import { byId, h, keep, setText } from './dom.mjs';
import { clock, ms, plural } from './format.mjs';
import { showTrace } from './waterfall.mjs';

const CHOICES = { recent: 'Latest', slowest: 'Slowest', notable: 'Worth a look' };
const MARKS = { stampede: 'stampede', lock: 'lock lost', transaction: 'aborted', message: 'message' };

let lists = { recent: [], slowest: [], notable: [] };
let choice = 'recent';
/** What is open, and how many spans of it are shown. */
let open = { traceId: undefined, spans: 0 };

const buttons = Object.entries(CHOICES).map(([name, title]) => {
  return h('button', { type: 'button', 'aria-pressed': name === choice ? 'true' : 'false', click: () => choose(name) }, title);
});
byId('choices').append(...buttons);
byId('trace-list').addEventListener('keydown', walk);

function choose(name) {
  choice = name;
  for (const button of buttons) button.setAttribute('aria-pressed', String(button.textContent === CHOICES[name]));
  showList();
}

export function showTraces({ traces }) {
  lists = traces;
  showList();
  const all = [...traces.recent, ...traces.slowest, ...traces.notable];
  const grown = all.find(({ traceId, spans }) => traceId === open.traceId && spans !== open.spans);
  if (grown !== undefined) void load(grown.traceId);
  if (open.traceId === undefined) {
    // To begin with, one that has something to show.
    const [richest] = [...traces.recent].sort((one, other) => other.spans - one.spans);
    if (richest !== undefined) void load(richest.traceId);
  }
}

/** From elsewhere on the page: the trace is shown, and scrolled to. */
export function openTrace(traceId) {
  if (traceId === undefined) return;
  void load(traceId);
  byId('trace').focus({ preventScroll: true });
  byId('traces').scrollIntoView({ block: 'start' });
}

async function load(traceId) {
  open = { ...open, traceId };
  showList();
  // The view may have ended, which the page says elsewhere.
  const response = await fetch(`traces/${traceId}`).catch(() => undefined);
  const trace = response?.ok ? await response.json() : undefined;
  // Another one may have been opened meanwhile.
  if (response === undefined || open.traceId !== traceId) return;
  if (trace !== undefined) open.spans = trace.spans;
  showTrace(byId('trace'), trace, load);
}

function showList() {
  keep(byId('trace-list'), lists[choice], ({ traceId }) => traceId, makeEntry);
}

function makeEntry({ traceId }) {
  const title = h('code');
  const about = h('span', { class: 'about' });
  const duration = h('span', { class: 'number' });
  const marks = h('span', { class: 'marks' });
  const button = h('button', { type: 'button', click: () => void load(traceId) }, title, duration, about, marks);
  const element = h('li', {}, button);
  return {
    element,
    update(trace) {
      setText(title, trace.title);
      setText(duration, ms(trace.durationMs));
      const [service, ...others] = trace.services;
      const where = others.length > 0 ? `${others.length + 1} services` : service;
      setText(about, [clock(trace.startMs), plural(trace.spans, 'span'), where].filter(Boolean).join(' · '));
      keep(marks, marksOf(trace), ({ text }) => text, makeMark);
      button.setAttribute('aria-current', traceId === open.traceId ? 'true' : 'false');
    },
  };
}

function marksOf({ failed, misses, hits, marks }) {
  const found = [];
  if (failed) found.push({ text: 'error', tone: 'bad' });
  if (misses > 0) found.push({ text: plural(misses, 'miss', 'misses'), tone: 'fair' });
  if (hits > 0) found.push({ text: plural(hits, 'hit'), tone: 'good' });
  for (const mark of marks) if (MARKS[mark] !== undefined) found.push({ text: MARKS[mark], tone: mark === 'message' ? 'plain' : 'fair' });
  return found;
}

function makeMark({ text, tone }) {
  return { element: h('span', { class: `mark ${tone}` }, text), update() {} };
}

/** Arrow keys go through the list, as in any list. */
function walk(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step === undefined) return;
  const entries = [...byId('trace-list').querySelectorAll('button')];
  const next = entries[entries.indexOf(document.activeElement) + step];
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
  next.click();
}
