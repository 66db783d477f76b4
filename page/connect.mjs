// Knows: how another application is told to send its telemetry here.
import { byId, setText } from './dom.mjs';

const response = await fetch('connect');
const { line } = await response.json();
setText(byId('line'), line);
byId('copy').addEventListener('click', copy);

async function copy() {
  await navigator.clipboard.writeText(line);
  setText(byId('copy'), 'Copied');
  setTimeout(() => setText(byId('copy'), 'Copy'), 2_000);
}
