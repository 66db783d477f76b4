// Holds the package to its budgets: what is downloaded, what is installed with it, how long it takes to load, and what a
// command allocates that nothing records.
// Knows: the budgets, and how each is measured. Must not know: what the figures are made of.
//
//   npm run build && node scripts/budgets.mjs
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BENCH = join(ROOT, 'bench');

/** Loads of the package, of which the fastest tells what it takes: the others had to share the processor. */
const START_UPS = 9;

/**
 * Compiled in the background, code is replaced at another time in each process. And an object that V8 would leave out is
 * allocated once a caller that grew by one call is too long for inlining: a hundred bytes that no line of ours allocates.
 */
const ALIKE = ['--no-concurrent-recompilation', '--max-inlined-bytecode-size-cumulative=5000'];

const BUDGETS = [
  { title: 'tarball without the pages of docs, KB', most: 230, measure: tarballKilobytes },
  { title: 'runtime dependencies', most: 1, measure: dependencies },
  { title: 'loading, as a ratio to loading @opentelemetry/instrumentation', most: 0.8, measure: startUpRatio },
  { title: 'bytes per command of redis, beyond the client, that nothing records', most: 16, measure: straightBytes },
];

/** Compressed as npm compresses it, in one piece. */
function tarballKilobytes() {
  const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ files }] = JSON.parse(output);
  const packed = files.map(({ path }) => path).filter((path) => !path.startsWith('docs/'));
  return Math.ceil(gzipSync(Buffer.concat(packed.map((path) => readFileSync(join(ROOT, path)))), { level: 9 }).length / 1_000);
}

function dependencies() {
  return Object.keys(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).dependencies).length;
}

/** Both are loaded in the same process, so that a busy machine slows both. */
function startUpRatio() {
  const ratios = Array.from({ length: START_UPS }, () => {
    const { baseMs, requireMs, constructMs } = JSON.parse(node('start-up.cjs', ROOT));
    return (requireMs + constructMs) / baseMs;
  });
  return Math.min(...ratios);
}

/** Counted on a heap that nothing collects in between, of code that V8 compiles alike in every process. */
function straightBytes() {
  const bytesOf = (contender) => Number(node('straight.cjs', contender, ALIKE));
  return bytesOf('ours') - bytesOf('none');
}

function node(program, argument, flags = []) {
  return execFileSync(process.execPath, ['--expose-gc', ...flags, join(BENCH, program), argument], { cwd: ROOT, encoding: 'utf8' });
}

for (const { title, most, measure } of BUDGETS) {
  const value = Math.round(measure() * 100) / 100;
  console.log(`${value > most ? 'OVER' : 'ok  '} ${String(value).padStart(7)} of ${String(most).padEnd(4)} ${title}`);
  if (value > most) process.exitCode = 1;
}
