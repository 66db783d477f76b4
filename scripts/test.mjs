// Runs the tests in parts side by side: those that start no process, of the client libraries and of the rest, and those that
// start processes, on the source and on the package. What is named on the command line runs alone, as mocha runs it.
// Knows: which folders start processes, and how two reports become one. Must not know: what is tested.
//
//   npm test                       everything
//   npm test -- test/catalog       what mocha is asked for
//   npm run test:quick             what starts no process, on one major of redis
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MOCHA = join(ROOT, 'node_modules/mocha/bin/mocha.js');
const require = createRequire(import.meta.url);

/** The client libraries, in the process of the tests. */
const CLIENTS = ['test/adapters', 'test/conformance.test.ts'];
/** Processes that load the source: they crash, are faulted, have others beside. */
const ON_SOURCE = [
  'test/adapters/coexistence.test.ts',
  'test/adapters/realms.test.ts',
  'test/faults',
  'test/frozen.test.ts',
  'test/fuzz',
  'test/migration',
];
/** Processes that load the package, installed or built, and the programs beside it. */
const ON_PACKAGE = [
  'test/cli',
  'test/dashboards',
  'test/deploy',
  'test/docs/blocks.test.ts',
  'test/docs/troubleshooting.test.ts',
  'test/examples',
  'test/packaging',
  'test/software',
  'test/view/page.test.ts',
];
/** Long ones beside, which say little of a change that is being made. */
const THOROUGH = [
  'test/adapters/channels.test.ts',
  'test/adapters/groups.test.ts',
  'test/catalog/fuzz.test.ts',
  'test/insights/ground-truth.test.ts',
  'test/insights/heap.test.ts',
  'test/privacy',
  'test/recorders/pool.test.ts',
  'test/support',
  'test/view/bounds.test.ts',
  'test/view/receive.test.ts',
  'test/worker-threads.test.ts',
];
/** In the titles of tests: every library and major but the newest of redis. */
const OTHER_VERSIONS = 'redis [2345]|ioredis|iovalkey|callback API';

const PROCESSES = [...ON_SOURCE, ...ON_PACKAGE];
const IN_PROCESS = [
  { title: 'tests of the client libraries', args: [...CLIENTS, ...ignoring(PROCESSES)] },
  { title: 'other tests that start no process', args: ignoring([...CLIENTS, ...PROCESSES]) },
];
const ALL = [
  ...IN_PROCESS,
  { title: 'tests of the source in processes', args: ON_SOURCE },
  { title: 'tests of the package in processes', args: ON_PACKAGE },
];

function ignoring(paths) {
  return paths.flatMap((path) => ['--ignore', path.endsWith('.ts') ? path : `${path}/**`]);
}

async function main([first, ...rest]) {
  if (first === '--quick') {
    const isQuick = [...ignoring(THOROUGH), '--grep', OTHER_VERSIONS, '--invert', ...rest];
    return sideBySide(IN_PROCESS.map(({ title, args }) => ({ title, args: [...args, ...isQuick] })));
  }
  if (first !== undefined) return mocha([first, ...rest]);
  return sideBySide(ALL);
}

/** The first part is shown as it runs, the others when they have ended. The code is that of the worst. */
async function sideBySide(all) {
  const folder = mkdtempSync(join(tmpdir(), 'test-'));
  try {
    const parts = all.map((part, index) => ({ ...part, figures: join(folder, `${index}.json`), isShown: index === 0 }));
    const ended = await Promise.all(parts.map(run));
    const sum = { passes: 0, failures: 0, pending: 0 };
    for (const { title, code, figures } of ended) {
      if (figures === undefined) console.log(`${title}: ended with code ${code} before there was a result`);
      for (const name of Object.keys(sum)) sum[name] += figures?.[name] ?? (name === 'failures' ? 1 : 0);
    }
    // Once more at the end: a log that was cut at its start shows them too.
    for (const failed of ended.flatMap(({ figures }) => figures?.failed ?? [])) console.log(`failed: ${failed}\n`);
    console.log(require('../test/reporter.cjs').summary(sum));
    return Math.max(sum.failures > 0 ? 1 : 0, ...ended.map(({ code }) => code));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run({ title, args, figures, isShown }) {
  let output = '';
  const code = await mocha(args, { TEST_FIGURES: figures }, (chunk) => {
    if (isShown) process.stdout.write(chunk);
    else output += chunk;
  });
  process.stdout.write(output);
  console.log(`${title}: ${(performance.now() / 1_000).toFixed(0)} s`);
  return { title, code, figures: readFigures(figures) };
}

function readFigures(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Its exit code. @param onOutput hears what it prints; without, it prints where we do */
function mocha(args, env = {}, onOutput = undefined) {
  const stdio = onOutput === undefined ? 'inherit' : ['ignore', 'pipe', 'pipe'];
  const child = spawn(process.execPath, [MOCHA, ...args], { cwd: ROOT, env: { ...process.env, ...env }, stdio });
  for (const stream of onOutput === undefined ? [] : [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', onOutput);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    // One that was killed has no code.
    child.once('close', (code) => resolve(code ?? 1));
  });
}

process.exitCode = await main(process.argv.slice(2));
