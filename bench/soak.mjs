// Knows: how the soak is started and what makes it fail.
// Must not know: what it does with redis (soak.cjs).
import { spawn } from 'node:child_process';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { prepareLine } from './lines.mjs';

const { values } = parseArgs({
  options: {
    commands: { type: 'string', default: '5000000' },
    line: { type: 'string', default: '3' },
    redis: { type: 'string', default: '6.3' },
    contender: { type: 'string', default: 'ours' },
  },
});

const { folder, executable, title } = await prepareLine(values.line);
const job = { folder, redis: values.redis, contender: values.contender, commands: Number(values.commands) };
console.log(`${job.contender}, redis ${job.redis}, ${title}: ${job.commands} commands`);
const child = spawn(executable, ['--expose-gc', new URL('soak.cjs', import.meta.url).pathname, JSON.stringify(job)], { stdio: 'inherit' });
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
