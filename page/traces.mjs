// Knows: the list of traces, that it does not move under a pointer, and which trace is open.
// Must not know: how a trace is drawn.
import { byId, h, keep, setText } from './dom.mjs';
import { clock, ms, plural } from './format.mjs';
import { showTrace } from './waterfall.mjs';

const CHOICES = { recent: 'Latest', slowest: 'Slowest', attention: 'Worth a look', polls: 'Polls' };
const MARKS = { stampede: 'stampede', lock: 'lock lost', transaction: 'aborted', repeated: 'repeated calls', message: 'message' };
const TYPING_MS = 200;

let choice = 'recent';
/** The latest traces that match the choice. */
let current = [];
/** The traces shown. The list does not change while the pointer is over it. */
let listed = [];
/** Drawn once. `trace` is undefined until it was loaded. */
let open = { traceId: undefined, trace: undefined };
let isHeld = false;
let lists = {};
let searching = 0;

const zone = byId('trace-zone');
const list = byId('trace-list');
const form = byId('trace-filter');
const held = byId('trace-held');

const buttons = Object.entries(CHOICES).map(([name, title]) => {
  return h('button', { type: 'button', 'aria-pressed': name === choice ? 'true' : 'false', click: () => choose(name) }, title);
});
byId('choices').append(...buttons);

list.addEventListener('keydown', walk);
// The list must not change while the pointer moves from it to its button.
for (const name of ['pointerenter', 'focusin']) zone.addEventListener(name, () => hold(true));
for (const name of ['pointerleave', 'focusout']) zone.addEventListener(name, () => hold(zone.matches(':hover, :focus-within')));
held.addEventListener('click', () => {
  listed = current;
  showList();
});
form.addEventListener('submit', (event) => event.preventDefault());
let typing;
form.addEventListener('input', () => {
  clearTimeout(typing);
  typing = setTimeout(() => void refresh(true), TYPING_MS);
});
addEventListener('hashchange', openLinked);

function choose(name) {
  choice = name;
  for (const button of buttons) button.setAttribute('aria-pressed', String(button.textContent === CHOICES[name]));
  void refresh(true);
}

export function showTraces({ traces }) {
  lists = traces;
  void refresh(false);
  const all = Object.values(traces).flat();
  const grown = all.find(({ traceId, spans }) => traceId === open.traceId && spans !== open.trace?.spans);
  if (grown !== undefined) void load(grown.traceId);
  if (open.traceId === undefined && !openLinked()) {
    // The first open trace is one with something to show. The user did not choose it, so the address does not name
    // it.
    const [richest] = [...traces.recent].sort((one, other) => other.spans - one.spans);
    if (richest !== undefined) void load(richest.traceId);
  }
}

/** Shows a trace for a link elsewhere on the page, and scrolls to it. */
export function openTrace(traceId) {
  if (traceId === undefined) return;
  select(traceId);
  byId('trace').focus({ preventScroll: true });
  byId('traces').scrollIntoView({ block: 'start' });
}

/** The address names the trace, so that it can be shared or opened again. */
function select(traceId) {
  history.replaceState(undefined, '', `#trace=${traceId}`);
  void load(traceId);
}

function openLinked() {
  const traceId = /^#trace=(\w+)$/.exec(location.hash)?.[1];
  if (traceId === undefined || traceId === open.traceId) return traceId !== undefined;
  void load(traceId);
  return true;
}

async function load(traceId) {
  if (open.traceId !== traceId) open = { traceId, trace: undefined };
  showList();
  // The view may have ended; the page shows that elsewhere.
  const response = await fetch(`api/traces/${traceId}`).catch(() => undefined);
  const trace = response?.ok ? await response.json() : undefined;
  // Another trace may have been opened meanwhile.
  if (response === undefined || open.traceId !== traceId) return;
  open.trace = trace;
  showTrace(byId('trace'), trace, select);
  showList();
}

function hold(isNow) {
  isHeld = isNow;
  if (!isHeld) listed = current;
  showList();
}

/** @param isAsked the user has changed which traces are listed */
async function refresh(isAsked) {
  const search = ++searching;
  const query = queryOf(new FormData(form));
  const found = query === undefined ? (lists[choice] ?? []) : await find(query);
  if (found === undefined || search !== searching) return;
  current = found;
  if (isAsked || !isHeld) listed = current;
  showList();
}

function queryOf(data) {
  const query = new URLSearchParams();
  for (const [name, value] of data) if (value !== '') query.set(name, value);
  return query.size === 0 ? undefined : query;
}

async function find(query) {
  query.set('list', choice);
  const response = await fetch(`api/traces?${query}`).catch(() => undefined);
  return response?.ok ? await response.json() : undefined;
}

function showList() {
  const latest = new Map(current.map((trace) => [trace.traceId, trace]));
  // The listed traces may have grown.
  const traces = listed.map((trace) => latest.get(trace.traceId) ?? trace);
  keep(list, traces, ({ traceId }) => traceId, makeEntry);
  const isListed = traces.some(({ traceId }) => traceId === open.traceId);
  keep(byId('trace-pinned'), open.trace === undefined || isListed ? [] : [open.trace], ({ traceId }) => traceId, makeEntry);
  const known = new Set(traces.map(({ traceId }) => traceId));
  const waiting = current.filter(({ traceId }) => !known.has(traceId)).length;
  held.hidden = waiting === 0;
  setText(held, `${waiting} new`);
  setText(byId('trace-count'), plural(traces.length, 'trace'));
  byId('trace-none').hidden = traces.length > 0;
}

function makeEntry({ traceId }) {
  const title = h('code');
  const about = h('span', { class: 'about' });
  const duration = h('span', { class: 'number' });
  const marks = h('span', { class: 'marks' });
  const button = h('button', { type: 'button', click: () => select(traceId) }, title, duration, about, marks);
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

/** The arrow keys move through the list. */
function walk(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step === undefined) return;
  const entries = [...list.querySelectorAll('button')];
  const next = entries[entries.indexOf(document.activeElement) + step];
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
  next.click();
}
