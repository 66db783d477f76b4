// Knows: what it costs to write a command down without its values.
// Must not know: spans, clients.
import { createRequire } from 'node:module';

const { lookup, queryText, keyMask } = createRequire(import.meta.url)('../build/catalog/index.js');

const COMMANDS = [
  ['GET', 'user:7:profile'],
  ['SET', 'user:7:profile', 'x'.repeat(1_024), 'EX', '60', 'NX'],
  ['MGET', 'user:1', 'user:2', 'user:3', 'user:4', 'user:5'],
  ['HSET', 'user:7', 'name', 'Ann', 'mail', 'ann@example.org'],
  ['ZADD', 'scores', '1', 'ann', '2', 'bob'],
  ['XADD', 'events', '*', 'type', 'login', 'user', '7'],
  ['EVALSHA', 'a'.repeat(40), '1', 'user:7', 'secret'],
  ['CLIENT', 'SETNAME', 'worker'],
  ['DEL', 'session:9f8a7c6b5d4e3f2a1b0c9d8e7f6a5b4c'],
  ['UNKNOWN', 'one', 'two'],
];
const CALLS = 200_000;
const ROUNDS = 7;

const mask = keyMask('safe', () => {});

function nsPerCall(args) {
  const start = process.cpuUsage();
  let length = 0;
  for (let call = 0; call < CALLS; call++) length += queryText(lookup(args), args, mask, 1_024).length;
  const { user, system } = process.cpuUsage(start);
  if (length === 0) throw new Error('bench: no text');
  return ((user + system) * 1_000) / CALLS;
}

for (const args of COMMANDS) nsPerCall(args);
const rounds = Array.from({ length: ROUNDS }, () => COMMANDS.map(nsPerCall));
for (const [index, args] of COMMANDS.entries()) {
  const sorted = rounds.map((round) => round[index]).sort((a, b) => a - b);
  const [min, median, max] = [0, ROUNDS >> 1, ROUNDS - 1].map((at) => sorted[at].toFixed(0));
  console.log(`${median.padStart(5)} ns (${min}–${max})  ${queryText(lookup(args), args, mask, 1_024)}`);
}
