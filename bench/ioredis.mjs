// What recording costs a GET of ioredis: microseconds of CPU, the median of several processes, in turns.
// `npm run build && node bench/ioredis.mjs`
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('ioredis.cjs', import.meta.url));
const ROUNDS = Number(process.env.ROUNDS ?? 5);
const CONTENDERS = ['bare', 'official', 'ours'];
const SITUATIONS = ['unsampled', 'sampled'];

const times = new Map();
for (let round = 0; round < ROUNDS; round++) {
  for (const situation of SITUATIONS) {
    for (const contender of CONTENDERS) {
      const name = `${situation} ${contender}`;
      const time = Number(execFileSync(process.execPath, [SCRIPT, contender, situation], { encoding: 'utf8' }));
      times.set(name, [...(times.get(name) ?? []), time]);
    }
  }
}

const median = (values) => values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];
console.log(`| µs of CPU a GET | ${CONTENDERS.join(' | ')} |\n| --- |${' --- |'.repeat(CONTENDERS.length)}`);
for (const situation of SITUATIONS) {
  const cells = CONTENDERS.map((contender) => median(times.get(`${situation} ${contender}`)).toFixed(2));
  console.log(`| parent ${situation} | ${cells.join(' | ')} |`);
}
