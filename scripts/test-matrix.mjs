// Runs the packed tarball, installed with npm as a user would, on every Node.js, SDK, module format and redis we name.
// Knows: the combinations. The programs are those of test/packaging/apps. Downloads Node.js and packages: takes minutes.
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { startReceiver } from '../examples/demo/receiver.mjs';
import { startStandalone } from './redis-server.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const APPS = join(ROOT, 'test/packaging/apps');
const NAME = 'opentelemetry-instrumentation-redis';

const NODES = [20, 22, 24, 26];
const SDKS = [
  { name: '2.x', sdk: '>=0.203.0 <0.300.0', api: '>=1.9.0 <1.10.0', runsOn: () => true },
  // It asks for Node.js 22.15.
  { name: '3.x', sdk: '>=0.300.0 <0.400.0', api: '>=1.10.0 <1.11.0', runsOn: (node) => node >= 22 },
];
const REDIS = ['4.7.1', '5.12.1', '6.3.1'];
const WAYS = [
  { format: 'CJS', way: 'register', args: ['--require', `${NAME}/register`, 'commonjs.cjs'] },
  { format: 'CJS', way: 'hook', args: ['--require', `${NAME}/hook`, 'own-sdk.cjs'] },
  { format: 'ESM', way: 'register', args: ['--import', `${NAME}/register`, 'module.mjs'] },
  { format: 'ESM', way: 'hook', args: ['--import', `${NAME}/hook`, 'own-sdk.mjs'] },
];
const METRICS = ['cache.requests', 'db.client.operation.duration'];

const CONCURRENCY = 2;
const RUN_TIMEOUT_MS = 60_000;

async function main() {
  const folder = await mkdtemp(join(tmpdir(), 'matrix-'));
  const redis = await startStandalone();
  const telemetry = createTelemetry();
  const receiver = await startReceiver(telemetry);
  try {
    const binaries = await installNodes(folder);
    const apps = await installApps(folder);
    const results = await runAll(cells(binaries, apps), { redis, receiver, telemetry });
    print(results);
    if (results.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
  } finally {
    await receiver.stop();
    await redis.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The npm package of a platform's Node.js holds the binary itself; the package `node` would need an install script. */
async function installNodes(folder) {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const prefix = platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
  const name = [prefix, platform, process.arch].join('-');
  const binaries = new Map();
  for (const major of NODES) {
    if (Number.parseInt(process.versions.node, 10) === major) {
      binaries.set(major, process.execPath);
      continue;
    }
    await npmInstall(join(folder, `node-${major}`), [`${name}@${major}`]);
    binaries.set(major, join(folder, `node-${major}`, 'node_modules', name, 'bin/node'));
  }
  for (const [major, binary] of binaries) {
    const { stdout } = await run(binary, ['--version']);
    if (!stdout.startsWith(`v${major}.`)) throw new Error(`${binary} is ${stdout || 'not to be run'}, not ${major}`);
    process.stderr.write(`Node.js ${major} is ${stdout}`);
  }
  return binaries;
}

async function installApps(folder) {
  const packed = await run('npm', ['pack', '--json', '--foreground-scripts=false', '--pack-destination', folder], { cwd: ROOT });
  if (packed.code !== 0) throw new Error(`npm pack failed:\n${packed.stderr}`);
  const [{ filename }] = JSON.parse(packed.stdout.slice(packed.stdout.indexOf('[\n')));
  const apps = [];
  for (const sdk of SDKS) {
    for (const redis of REDIS) {
      const app = join(folder, `sdk-${sdk.name}-redis-${redis}`);
      const packages = [`@opentelemetry/sdk-node@${sdk.sdk}`, `@opentelemetry/instrumentation@${sdk.sdk}`, `@opentelemetry/api@${sdk.api}`];
      await npmInstall(app, [join(folder, filename), `redis@${redis}`, ...packages]);
      await cp(APPS, app, { recursive: true });
      apps.push({ sdk, redis, folder: app });
    }
  }
  return apps;
}

async function npmInstall(folder, packages) {
  process.stderr.write(`installing ${packages.map((name) => name.replace(/^\/.*\//, '')).join(' ')}\n`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
  const { code, stderr } = await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...packages], { cwd: folder });
  if (code !== 0) throw new Error(`npm install ${packages.join(' ')} failed:\n${stderr}`);
}

function cells(binaries, apps) {
  const all = [...binaries].flatMap(([node, binary]) => apps.flatMap((app) => WAYS.map((way) => ({ node, binary, ...app, ...way }))));
  return all.filter(({ node, sdk }) => sdk.runsOn(node));
}

/** What arrived, by service name: every run has its own. */
function createTelemetry() {
  const received = new Map();
  const of = (resource) => {
    const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue;
    if (!received.has(service)) received.set(service, { spans: [], metrics: new Set() });
    return received.get(service);
  };
  return {
    of: (service) => received.get(service) ?? { spans: [], metrics: new Set() },
    addTraces({ resourceSpans }) {
      for (const { resource, scopeSpans } of resourceSpans)
        for (const { scope, spans } of scopeSpans) of(resource).spans.push(...spans.map(({ name }) => `${scope.name}: ${name}`));
    },
    addMetrics({ resourceMetrics }) {
      for (const { resource, scopeMetrics } of resourceMetrics)
        for (const { metrics } of scopeMetrics) for (const { name } of metrics) of(resource).metrics.add(name);
    },
  };
}

async function runAll(queue, context) {
  const results = [];
  const waiting = queue.map((cell, index) => ({ ...cell, service: `cell-${index}` }));
  const work = async () => {
    for (let cell = waiting.shift(); cell !== undefined; cell = waiting.shift()) {
      results.push({ ...cell, problems: await runCell(cell, context) });
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return results;
}

async function runCell({ binary, args, folder, service }, { redis, receiver, telemetry }) {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('OTEL_') && name !== 'NODE_OPTIONS');
  const env = {
    ...Object.fromEntries(own),
    REDIS_URL: redis.url,
    OTEL_SERVICE_NAME: service,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_LOGS_EXPORTER: 'none',
  };
  const { code, stdout, stderr } = await run(binary, args, { cwd: folder, env, timeout: RUN_TIMEOUT_MS });
  const { spans, metrics } = telemetry.of(service);
  // QUIT is a command of the program too, where the version sends it.
  const seen = spans.filter((span) => !span.includes(': QUIT '));
  return [
    ...differs('exit code', code, 0),
    ...differs('output', stdout, 'Ada\n'),
    ...differs('error output', stderr, ''),
    ...differs('spans', seen, [`${NAME}: SET 127.0.0.1:${redis.port}`, `${NAME}: GET 127.0.0.1:${redis.port}`]),
    ...differs(
      'metrics',
      METRICS.filter((name) => metrics.has(name)),
      METRICS,
    ),
  ];
}

function differs(what, actual, expected) {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)];
  return is === should ? [] : [`${what}: ${is} instead of ${should}`];
}

function run(file, args, options) {
  return new Promise((resolve) => {
    execFile(file, args, { maxBuffer: 64 * 1024 * 1024, ...options }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? error.signal), stdout, stderr });
    });
  });
}

function print(results) {
  const columns = REDIS.map((version) => `redis ${version}`.padEnd(14));
  process.stdout.write(`Node  SDK  format  way       ${columns.join('').trimEnd()}\n`);
  for (const node of NODES) {
    for (const sdk of SDKS.filter(({ runsOn }) => runsOn(node))) {
      for (const { format, way } of WAYS) {
        const row = results.filter(
          (result) => result.node === node && result.sdk === sdk && result.format === format && result.way === way,
        );
        const marks = REDIS.map((redis) =>
          (row.find((result) => result.redis === redis).problems.length === 0 ? 'ok' : 'FAILED').padEnd(14),
        );
        const line = `${String(node).padEnd(6)}${sdk.name.padEnd(5)}${format.padEnd(8)}${way.padEnd(10)}${marks.join('')}`;
        process.stdout.write(`${line.trimEnd()}\n`);
      }
    }
  }
  for (const { node, sdk, format, way, redis, problems } of results) {
    for (const problem of problems) process.stdout.write(`Node ${node}, SDK ${sdk.name}, ${format}, ${way}, redis ${redis}: ${problem}\n`);
  }
  const failed = results.filter(({ problems }) => problems.length > 0).length;
  process.stdout.write(`${results.length - failed} passed, ${failed} failed\n`);
}

await main();
