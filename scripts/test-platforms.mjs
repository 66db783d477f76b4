// Runs the packed tarball in the other ways in which people start programs: beside auto-instrumentations, as TypeScript,
// bundled, in a framework, and by runtimes that are not Node.js. Downloads all of them: takes minutes.
// Knows: the ways. What a good run is, scripts/observing.mjs knows.
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { install, installApp, installNodes, pack, run, SDKS } from './installing.mjs';
import { startObserving } from './observing.mjs';

const NAME = 'opentelemetry-instrumentation-redis';
const PROGRAMS = fileURLToPath(new URL('../test/packaging/platforms', import.meta.url));
const [SDK2, SDK3] = SDKS;
const AUTO = '@opentelemetry/auto-instrumentations-node';
const WEB = ['express', 'pino'];
const NEST = [
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/cache-manager',
  'cache-manager',
  '@keyv/redis',
  'keyv',
  'rxjs',
  'reflect-metadata',
];

const RUNNERS = ['jest@30', 'vitest@4'];

async function main() {
  const folder = await mkdtemp(join(tmpdir(), 'platforms-'));
  const observed = await startObserving();
  try {
    const tarball = await pack(folder);
    const nodes = await installNodes(folder, [20, 22, 24]);
    const app = (name, options) => installApp('npm', join(folder, name), { tarball, redis: '6.3.1', sdk: SDK2, ...options });
    const ways = [
      ...besideAutoInstrumentations('SDK 2.x', nodes.get(20), await app('auto-2', { others: [`${AUTO}@~0.81.0`] })),
      ...besideAutoInstrumentations('SDK 3.x', nodes.get(22), await app('auto-3', { sdk: SDK3, others: [`${AUTO}@~0.82.0`] })),
      ...(await neighbours('SDK 2.x', [20, 24], nodes, await app('express-2', { others: [`${AUTO}@~0.81.0`, ...WEB] }))),
      ...(await neighbours('SDK 3.x', [24], nodes, await app('express-3', { sdk: SDK3, others: [`${AUTO}@~0.82.0`, ...WEB] }))),
      ...(await typescript(nodes, await app('typescript', { others: ['tsx', 'esbuild'] }))),
      ...(await bundled(
        nodes.get(20),
        await app('bundled-5.0', { redis: '5.0.1', others: ['esbuild'] }),
        'redis 5.0, instrumentClient',
        'bundled.mjs',
      )),
      ...(await bundled(nodes.get(20), await app('bundled-6.3', { others: ['esbuild'] }), 'redis 6.3, its channels', 'module.mjs')),
      ...(await nest(nodes.get(22), await app('nest', { redis: '5.12.1', others: NEST }))),
      ...(await runtimes(folder, await app('runtimes'))),
      ...(await testRunners(await app('runners-4', { redis: '4.7.1', others: RUNNERS }))),
      ...(await testRunners(await app('runners-6', { others: RUNNERS }))),
    ];
    process.exitCode = await runAll(ways, observed);
  } finally {
    await observed.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** In every order of flags that Node.js tells apart; it takes --require before --import. */
function besideAutoInstrumentations(sdk, node, cwd) {
  const hook = `${NAME}/hook`;
  const auto = `${AUTO}/register`;
  const orders = [
    ['--require', hook, '--require', auto],
    ['--require', auto, '--require', hook],
    ['--import', hook, '--import', auto],
    ['--import', auto, '--import', hook],
    ['--require', hook, '--import', auto],
    ['--require', auto, '--import', hook],
  ];
  // Which of the two records is reported where ours comes second; what is wanted here is the spans.
  const env = { OTEL_LOG_LEVEL: 'none', OTEL_NODE_RESOURCE_DETECTORS: 'none' };
  return ['commonjs.cjs', 'module.mjs'].flatMap((program) => [
    ...orders.map((flags) => ({ way: `${sdk}, ${program}: ${flags.join(' ')}`, file: node, args: [...flags, program], cwd, env })),
    {
      way: `${sdk}, ${program}: NODE_OPTIONS`,
      file: node,
      args: [program],
      cwd,
      env: { ...env, NODE_OPTIONS: `--import ${hook} --import ${auto}` },
    },
  ]);
}

/** What everybody else records, in every order: Express, http, fetch, net, dns, a logger, in a run without us too. */
async function neighbours(sdk, majors, nodes, cwd) {
  await cp(PROGRAMS, cwd, { recursive: true });
  const hook = `${NAME}/hook`;
  const auto = `${AUTO}/register`;
  const loader = ['--no-warnings', '--experimental-loader=@opentelemetry/instrumentation/hook.mjs'];
  const env = { OTEL_NODE_RESOURCE_DETECTORS: 'none', OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'redis,fs', OTEL_METRICS_EXPORTER: 'none' };
  const orders = ['--require', '--import'].flatMap((flag) => [
    { control: [flag, auto], flags: [flag, hook, flag, auto] },
    { control: [flag, auto], flags: [flag, auto, flag, hook] },
  ]);
  orders.push({ control: ['--import', auto], flags: ['--require', hook, '--import', auto] });
  const programs = [['express.cjs'], ['express.mjs'], [...loader, 'express.mjs']];
  return majors.flatMap((major) =>
    programs.flatMap((program) =>
      orders.map(({ control, flags }) => ({
        way: `${sdk}, Node.js ${major}, everybody else in ${program.at(-1)}${program.length > 1 ? ' with a loader' : ''}: ${flags.join(' ')}`,
        file: nodes.get(major),
        args: [...flags, ...program],
        control: { args: [...control, ...program], env },
        cwd,
        env,
      })),
    ),
  );
}

async function typescript(nodes, cwd) {
  await cp(PROGRAMS, cwd, { recursive: true });
  const register = `${NAME}/register`;
  return [
    { way: 'tsx, Node.js 20', file: nodes.get(20), args: ['--import', 'tsx', '--import', register, 'typescript.mts'], cwd },
    {
      way: 'tsx by its own command',
      file: nodes.get(20),
      args: ['node_modules/tsx/dist/cli.mjs', '--import', register, 'typescript.mts'],
      cwd,
    },
    ...[22, 24].map((major) => ({
      way: `type stripping, Node.js ${major}`,
      file: nodes.get(major),
      args: ['--import', register, 'typescript.mts'],
      cwd,
      env: { NODE_NO_WARNINGS: '1' },
    })),
  ];
}

async function bundled(file, cwd, title, program) {
  await cp(PROGRAMS, cwd, { recursive: true });
  const esbuild = join(cwd, 'node_modules/esbuild/bin/esbuild');
  const output = join(cwd, 'bundle.mjs');
  const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  const options = ['--bundle', '--platform=node', '--format=esm', `--external:${NAME}`, `--banner:js=${banner}`, `--outfile=${output}`];
  const { code, stderr } = await run(esbuild, [program, ...options], { cwd });
  if (code !== 0) throw new Error(`esbuild: ${stderr}`);
  return [{ way: `esbuild, ${title}`, file, args: ['--import', `${NAME}/register`, output], cwd }];
}

async function nest(file, cwd) {
  await cp(PROGRAMS, cwd, { recursive: true });
  return [{ way: 'NestJS with a cache (@keyv/redis)', file, args: ['--import', `${NAME}/register`, 'nest.mjs'], cwd }];
}

/** The npm packages of both hold the binary, in a package for the platform or moved from there by an install script. */
async function runtimes(folder, cwd) {
  const entry = `node_modules/${NAME}/build/register`;
  const flags = { bun: ['--preload', `./${entry}.js`], deno: ['run', '-A', '--preload', `${entry}.mjs`] };
  const ways = [];
  for (const [name, args] of Object.entries(flags)) {
    const home = join(folder, name);
    await install('npm', home, [name]);
    const file = await binaryIn(join(home, 'node_modules'), name);
    for (const program of ['commonjs.cjs', 'module.mjs']) {
      if (file === undefined) ways.push({ way: `${name}, ${program}`, skipped: 'its package has no binary for this platform' });
      else ways.push({ way: `${name}, ${program}`, file, args: [...args, program], cwd });
    }
  }
  return ways;
}

/** Two files of the same in one process: nothing of the first may be left in the second. */
async function testRunners(cwd) {
  const from = fileURLToPath(new URL('../test/packaging/runners', import.meta.url));
  await cp(from, cwd, { recursive: true });
  for (const [file, copy] of [
    ['redis.jest.js', 'again.jest.js'],
    ['redis.vitest.mjs', 'again.vitest.mjs'],
  ]) {
    await cp(join(from, file), join(cwd, copy));
  }
  const jest = ['node_modules/jest/bin/jest.js', '--testRegex', 'jest\\.js$'];
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--dir', '.', '--config', 'vitest.config.mjs'];
  await writeFile(join(cwd, 'vitest.config.mjs'), "export default { test: { include: ['*.vitest.mjs'] } };\n");
  const title = cwd.endsWith('4') ? 'redis 4' : 'redis 6';
  return [
    { way: `jest, ${title}, one process`, args: [...jest, '--runInBand'] },
    { way: `jest, ${title}, workers`, args: [...jest, '--workerThreads', '--maxWorkers', '2'] },
    { way: `vitest, ${title}, forks`, args: [...vitest, '--pool', 'forks'] },
    { way: `vitest, ${title}, threads`, args: [...vitest, '--pool', 'threads'] },
  ].map((way) => ({ ...way, file: process.execPath, cwd, isRunner: true }));
}

async function binaryIn(folder, name) {
  const files = (await readdir(folder, { recursive: true })).filter((file) => new RegExp(`(^|/)${name}(\\.exe)?$`).test(file));
  for (const file of files) {
    const { code } = await run(join(folder, file), ['--version']);
    if (code === 0) return join(folder, file);
  }
  return undefined;
}

async function runAll(ways, observed) {
  let failed = 0;
  for (const { way, skipped, isRunner, ...program } of ways) {
    const look = isRunner ? observed.testProblems : observed.problems;
    const problems = skipped === undefined ? await look(program) : [];
    if (problems.length > 0) failed += 1;
    process.stdout.write(`${(skipped ?? (problems.length === 0 ? 'ok' : 'FAILED')).padEnd(8)}${way}\n`);
    for (const problem of problems) process.stdout.write(`        ${problem}\n`);
  }
  process.stdout.write(`${ways.length - failed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

await main();
