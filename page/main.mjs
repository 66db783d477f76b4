// Knows: that the server sends its state once a second, and which module draws which part of it.
import './connect.mjs';
import { byId, setText } from './dom.mjs';
import { ago, clock } from './format.mjs';
import { showLists } from './lists.mjs';
import { showCommands, showFamilies } from './tables.mjs';
import { showTiles } from './tiles.mjs';
import { openTrace, showTraces } from './traces.mjs';

let isPaused = false;
let latest;

const feed = new EventSource('feed');
feed.addEventListener('message', ({ data }) => {
  latest = JSON.parse(data);
  if (!isPaused) show(latest);
});
feed.addEventListener('error', () => setState('not connected: the view has ended, or will be back', 'lost'));

byId('pause').addEventListener('click', () => {
  isPaused = !isPaused;
  byId('pause').setAttribute('aria-pressed', String(isPaused));
  setText(byId('pause'), isPaused ? 'Go on' : 'Pause');
  if (latest !== undefined) show(latest);
});

function show(overview) {
  const { received, atMs } = overview;
  const isEmpty = overview.services.length === 0 && overview.traces.recent.length === 0 && overview.commands.length === 0;
  byId('waiting').hidden = !isEmpty;
  byId('overview').hidden = isEmpty;
  setState(isPaused ? 'paused' : 'live', isPaused ? 'paused' : 'live');
  // This is not part of the status: a screen reader would read it every second.
  setText(byId('heard'), isPaused || received.lastMs === 0 ? '' : `, telemetry ${ago(atMs - received.lastMs)}`);
  setText(byId('services'), overview.services.join(', '));
  showRefusal(received);
  if (!isEmpty) draw(overview);
}

function draw(overview) {
  for (const note of document.querySelectorAll('.window')) setText(note, periodOf(overview));
  showTiles(overview);
  showFamilies(overview);
  showCommands(overview);
  showLists(overview, openTrace);
  showTraces(overview);
}

/** The period of the numbers: since the start, as long as that is shorter than the window. */
function periodOf({ received, atMs, windowMs }) {
  if (received.firstMs > 0 && atMs - received.firstMs < windowMs) return `Since ${clock(received.firstMs)}.`;
  return `The last ${windowMs / 60_000} minutes.`;
}

function showRefusal({ refusals, refusal }) {
  byId('refusal').hidden = refusals === 0;
  if (refusals > 0)
    setText(byId('refusal'), `${refusals} ${refusals === 1 ? 'export was' : 'exports were'} turned down, the last one because ${refusal}.`);
}

function setState(text, state) {
  setText(byId('state'), text);
  byId('connection').dataset.state = state;
}
