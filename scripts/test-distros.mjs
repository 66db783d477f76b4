// Runs a web application with a cache under the packed tarball and under each distribution of OpenTelemetry, ours before
// theirs and after, and compares what arrives with a run without us. Downloads all of them: takes minutes.
// `npm run test:distros -- sentry` runs those whose name has that word; DISTROS_FOLDER keeps what was installed.
// Knows: what is run, and what is expected. The distributions themselves are in scripts/distros/table.mjs.
import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { startReceiver } from './distros/receiver.mjs';
import { DISTROS } from './distros/table.mjs';
import { install, pack } from './installing.mjs';
import { startStandalone } from './redis-server.mjs';

const NAME = 'opentelemetry-instrumentation-redis';
const PROGRAMS = fileURLToPath(new URL('../test/packaging/distros', import.meta.url));
/** A run is over when the spans of the request have come, and none since. */
const QUIET_MS = 1_500;
const TIMEOUT_MS = 30_000;

async function main() {
  const keep = process.env.DISTROS_FOLDER;
  const folder = keep ?? (await mkdtemp(join(tmpdir(), 'distros-')));
  await mkdir(folder, { recursive: true });
  const redis = await startStandalone();
  try {
    const tarball = await pack(folder);
    await installed(join(folder, 'msgpack'), ['@msgpack/msgpack@3']);
    process.env.MSGPACK = pathToFileURL(createRequire(join(folder, 'msgpack/any')).resolve('@msgpack/msgpack')).href;
    const words = process.argv.slice(2);
    const chosen = DISTROS.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
    const rows = [];
    for (const distro of chosen) rows.push(await examine(distro, { folder, tarball, redis }));
    print(rows);
    process.exitCode = rows.some(({ problems }) => problems.length > 0) ? 1 : 0;
  } finally {
    await redis.stop();
    if (keep === undefined) await rm(folder, { recursive: true, force: true });
  }
}

async function installed(folder, packages) {
  const there = await readdir(join(folder, 'node_modules')).catch(() => []);
  if (there.length === 0) await install('npm', folder, packages);
}

/** All runs of one distribution. */
async function examine(distro, { folder, tarball, redis }) {
  const cwd = join(folder, distro.name.replace(/[^a-z0-9]+/g, '-'));
  try {
    await install('npm', cwd, [...distro.packages, 'redis@6.3.1', tarball]);
  } catch (error) {
    return { name: distro.name, skipped: `does not install: ${reasonOf(error)}`, problems: [] };
  }
  await cp(PROGRAMS, cwd, { recursive: true });
  const run = (flags, env = {}) => runOnce([...flags, 'web.cjs'], { cwd, redis, distro, env });
  const ours = ['--require', `${NAME}/hook`];
  const without = await run(distro.preload);
  const before = await run([...ours, ...distro.preload], distro.switch);
  const after = await run([...distro.preload, ...ours], distro.switch);
  const beside = distro.switch === undefined ? undefined : await run([...distro.preload, ...ours]);
  const consult = (flags, env = {}) => consultDoctor([...flags, 'web.cjs'], { cwd, redis, distro, env });
  const healthy = await consult([...distro.preload, ...ours], distro.switch);
  const doubled = distro.switch === undefined ? undefined : await consult([...distro.preload, ...ours]);
  const problems = [
    ...compare('before', before, without),
    ...compare('after', after, without),
    ...toldOf(beside),
    ...verdictOf('doctor', healthy, /^healthy: Redis commands are traced$/m),
    ...verdictOf('doctor, both', doubled, /^problem \(other-instrumentation\): Every command has two spans: /m),
  ];
  return { name: distro.name, without, before, after, beside, problems };
}

function reasonOf(error) {
  return /npm error (?:code|notarget) .*/g.exec(error.message)?.[0] ?? error.message.split('\n')[0];
}

async function runOnce(args, { cwd, redis, distro, env }) {
  const receiver = await startReceiver();
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...inherited(), REDIS_URL: redis.url, ...distro.environment(receiver.url), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].on('data', (data) => {
      output[name] += data;
    });
  }
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await Promise.race([ended, settled(receiver.spans)]);
  child.kill('SIGKILL');
  await ended;
  receiver.stop();
  return { ...output, spans: receiver.spans };
}

/** What the doctor says of the same program. */
async function consultDoctor(args, { cwd, redis, distro, env }) {
  const receiver = await startReceiver();
  const doctor = join(cwd, 'node_modules', NAME, 'build/cli/main.js');
  const child = spawn(process.execPath, [doctor, 'doctor', '--seconds', '30', '--', 'node', ...args], {
    cwd,
    env: { ...inherited(), REDIS_URL: redis.url, ...distro.environment(receiver.url), ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let stdout = '';
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  await new Promise((resolve) => child.once('close', resolve));
  receiver.stop();
  return stdout;
}

function verdictOf(what, text, expected) {
  return text === undefined || expected.test(text) ? [] : [`${what}: ${text}`];
}

function inherited() {
  const isOurs = ([name]) => !/^(OTEL_|DD_|SENTRY_|NODE_OPTIONS$)/.test(name);
  return Object.fromEntries(Object.entries(process.env).filter(isOurs));
}

async function settled(spans) {
  const startMs = Date.now();
  let [count, sinceMs] = [0, startMs];
  while (Date.now() - startMs < TIMEOUT_MS) {
    if (spans.length !== count) [count, sinceMs] = [spans.length, Date.now()];
    if (isWhole(spans) && Date.now() - sinceMs > QUIET_MS) return;
    await sleep(100);
  }
}

function isWhole(spans) {
  return spans.some(isGet) && spans.some(({ isRedis }) => !isRedis);
}

function isGet({ isRedis, name }) {
  return isRedis && /\bget\b/i.test(name);
}

/** What differs from one span for the command, below the server's, beside the others as they are without us. */
function compare(order, { spans, stdout, stderr }, without) {
  const gets = spans.filter(isGet);
  const others = (run) =>
    run.spans
      .filter(({ isRedis }) => !isRedis)
      .map(({ name }) => name.replace(/:\d+\b/g, ''))
      .sort();
  const parents = gets.map(({ parent }) => spans.find(({ id }) => id === parent)?.name ?? 'none');
  const servers = without.spans.filter(isGet).map(({ parent }) => without.spans.find(({ id }) => id === parent)?.name ?? 'none');
  // Where theirs records none, ours is below a span of theirs all the same.
  const server = parents[0] === 'none' ? 'a span' : parents[0];
  return [
    ...differs('output', linesOf(stdout), linesOf(without.stdout)),
    ...differs('spans of the command', gets.length, 1),
    ...differs('its parent', parents[0], servers[0] ?? server),
    ...differs('other spans', others({ spans }), others(without)),
    ...differs('what it says', inactive(stderr), []),
  ].map((problem) => `${order}: ${problem}`);
}

/** Some log, in lines of JSON with the time. */
function linesOf(text) {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
}

function inactive(text) {
  return linesOf(text).filter((line) => line.includes(`${NAME}/hook`));
}

/** With both recording, there is a line that says what to switch off. */
function toldOf(run) {
  if (run === undefined || /is active and cannot be removed/.test(run.stderr)) return [];
  return [`both: nothing is said, with ${run.spans.filter(isGet).length} spans of the command: ${run.stderr}`];
}

function differs(what, actual, expected) {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)];
  return is === should ? [] : [`${what}: ${is} instead of ${should}`];
}

function print(rows) {
  for (const { name, skipped, without, before, after, beside, problems } of rows) {
    const counts = [without, before, after, beside].map((run) => (run === undefined ? '-' : run.spans.filter(isGet).length));
    const told = skipped ?? `GET spans without, before, after, both: ${counts.join(' ')}`;
    const verdict = skipped === undefined ? (problems.length === 0 ? 'ok' : 'FAILED') : 'skipped';
    process.stdout.write(`${verdict.padEnd(8)}${name}: ${told}\n`);
    for (const problem of problems) process.stdout.write(`        ${problem}\n`);
  }
}

await main();
