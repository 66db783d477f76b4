// What a GET costs while 100,000 wait for their replies: the bytes that are alive for each, and CPU time from call to reply.
// `npm run build && node bench/pending.mjs`
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { startStandalone } from '../scripts/redis-server.mjs';
import { prepareLine } from './lines.mjs';

const execute = promisify(execFile);
const SCRIPT = fileURLToPath(new URL('pending.cjs', import.meta.url));
const COMPARED = [
  ['bare', 'sampled'],
  ['ours', 'unsampled'],
  ['same', 'sampled'],
  ['incumbent', 'sampled'],
  ['ours', 'sampled'],
  ['record', 'metrics'],
  ['ours', 'metrics'],
  ['ours', 'everything'],
];

const { values } = parseArgs({
  options: { lines: { type: 'string', default: '3' }, rounds: { type: 'string', default: '3' } },
});

async function main() {
  const server = await startStandalone();
  try {
    for (const number of values.lines.split(',')) await measureLine(await prepareLine(number), server.port);
  } finally {
    await server.stop();
  }
}

async function measureLine({ title, executable, folder }, port) {
  const measured = new Map(COMPARED.map((one) => [one, { bytes: [], us: [] }]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [one, { bytes, us }] of measured) {
      const [contender, situation] = one;
      const run = async (atPort) => {
        const job = JSON.stringify({ folder, redis: '6.3', contender, situation, port: atPort });
        const { stdout } = await execute(executable, ['--expose-gc', SCRIPT, job]);
        return JSON.parse(stdout);
      };
      bytes.push((await run(0)).bytes);
      us.push((await run(port)).us);
    }
  }
  console.log(`\n${title}\n\n| | bytes alive for each pending GET | µs of CPU a GET |\n| --- | --- | --- |`);
  for (const [[contender, situation], { bytes, us }] of measured)
    console.log(`| ${contender}, ${situation} | ${shown(bytes, 0)} | ${shown(us, 1)} |`);
}

function shown(values, digits) {
  const [least, median, most] = [0, values.length >> 1, values.length - 1].map((at) =>
    values.toSorted((a, b) => a - b)[at].toFixed(digits),
  );
  return `${median} (${least}–${most})`;
}

await main();
