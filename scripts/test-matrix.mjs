// Runs the packed tarball, installed as a user would, on every Node.js, SDK, module format, redis and package manager.
// Knows: the combinations. The programs are those of test/packaging/apps. Downloads Node.js and packages: takes minutes.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { installApp, installNodes, pack, SDKS } from './installing.mjs';
import { startObserving } from './observing.mjs';

const NAME = 'opentelemetry-instrumentation-redis';
const NODES = [20, 22, 24, 26];
// What installs a package is told apart once, on the first Node.js that has both lines of the SDK.
const MANAGERS = [
  { manager: 'npm', runsOn: () => true },
  { manager: 'pnpm', runsOn: (node) => node === 22 },
  { manager: 'yarn', runsOn: (node) => node === 22 },
];
const REDIS = ['3.1.2', '4.7.1', '5.12.1', '6.3.1'];
const WAYS = [
  { format: 'CJS', way: 'register', args: ['--require', `${NAME}/register`, 'commonjs.cjs'] },
  { format: 'CJS', way: 'hook', args: ['--require', `${NAME}/hook`, 'own-sdk.cjs'] },
  { format: 'ESM', way: 'register', args: ['--import', `${NAME}/register`, 'module.mjs'] },
  { format: 'ESM', way: 'hook', args: ['--import', `${NAME}/hook`, 'own-sdk.mjs'] },
];
const CONCURRENCY = 2;

async function main() {
  const folder = await mkdtemp(join(tmpdir(), 'matrix-'));
  const observed = await startObserving();
  try {
    const binaries = await installNodes(folder, NODES);
    const results = await runAll(cells(binaries, await installApps(folder)), observed);
    print(results);
    if (results.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
  } finally {
    await observed.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function installApps(folder) {
  const tarball = await pack(folder);
  const apps = [];
  for (const { manager, runsOn } of MANAGERS) {
    for (const sdk of SDKS) {
      for (const redis of REDIS) {
        const target = join(folder, `${manager}-sdk-${sdk.name}-redis-${redis}`);
        const app = { manager, sdk, redis, runsOn: (node) => runsOn(node) && sdk.runsOn(node) };
        apps.push({ ...app, folder: await installApp(manager, target, { tarball, redis, sdk }) });
      }
    }
  }
  return apps;
}

function cells(binaries, apps) {
  return [...binaries].flatMap(([node, binary]) =>
    apps.filter(({ runsOn }) => runsOn(node)).flatMap((app) => WAYS.map((way) => ({ node, binary, ...app, ...way }))),
  );
}

async function runAll(queue, observed) {
  const results = [];
  const waiting = [...queue];
  const work = async () => {
    for (let cell = waiting.shift(); cell !== undefined; cell = waiting.shift()) {
      const problems = await observed.problems({ file: cell.binary, args: cell.args, cwd: cell.folder });
      results.push({ ...cell, problems });
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return results;
}

function print(results) {
  const rows = new Map();
  for (const { node, manager, sdk, format, way, redis, problems } of results) {
    const row = line([String(node), manager, sdk.name, format, way]);
    rows.set(row, (rows.get(row) ?? new Map()).set(redis, problems.length === 0 ? 'ok' : 'FAILED'));
  }
  const write = (text) => process.stdout.write(`${text.trimEnd()}\n`);
  write(line(['Node', 'by', 'SDK', 'format', 'way', ...REDIS.map((version) => `redis ${version}`)]));
  for (const [row, marks] of [...rows].sort(([first], [second]) => first.localeCompare(second))) {
    write(row + REDIS.map((redis) => marks.get(redis).padEnd(WIDTH_OF_MARK)).join(''));
  }
  for (const { node, manager, sdk, format, way, redis, problems } of results) {
    for (const problem of problems) write(`Node ${node}, ${manager}, SDK ${sdk.name}, ${format}, ${way}, redis ${redis}: ${problem}`);
  }
  const failed = results.filter(({ problems }) => problems.length > 0).length;
  write(`${results.length - failed} passed, ${failed} failed`);
}

const WIDTHS = [6, 6, 5, 8, 10];
const WIDTH_OF_MARK = 14;

function line(cellsOfRow) {
  return cellsOfRow.map((text, index) => text.padEnd(WIDTHS[index] ?? WIDTH_OF_MARK)).join('');
}

await main();
