// Knows: the lines that make another application send its telemetry here.
import { byId, h } from './dom.mjs';

const LINES = [
  { name: 'view', about: 'A page of its own, in any shell:' },
  { name: 'posix', about: 'This page, from another terminal (Linux, macOS):' },
  { name: 'windows', about: 'This page, from PowerShell (Windows):' },
];

const response = await fetch('connect');
const lines = await response.json();
byId('lines').append(...LINES.map(({ name, about }) => makeLine(name, about, lines[name])));

function makeLine(name, about, line) {
  const button = h('button', { type: 'button', class: 'quiet', 'aria-label': `Copy: ${about}` }, 'Copy');
  button.addEventListener('click', () => void copy(line, button));
  // Words are not split: a line that breaks inside a word is hard to read.
  const words = line.split(' ').flatMap((word, index) => [index === 0 ? '' : ' ', h('span', { class: 'word' }, word)]);
  return h('div', {}, h('p', { class: 'note' }, about), h('div', { class: 'line' }, h('code', { id: `line-${name}` }, ...words), button));
}

export async function copy(text, button) {
  const before = button.textContent;
  await navigator.clipboard.writeText(text);
  button.textContent = 'Copied';
  setTimeout(() => {
    button.textContent = before;
  }, 2_000);
}
