// Knows: which configurations are compared, in which order, and where the results go.
// Must not know: how one of them is measured (measure.cjs) or judged (report.mjs).
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs, promisify } from 'node:util';
import { startStandalone } from '../scripts/redis-server.mjs';
import { prepareLine } from './lines.mjs';
import { MANY_KEYS, renderMarkdown, renderSummary } from './report.mjs';

const execute = promisify(execFile);
const START_UPS = 11;
/** Between these the README has the summary of the last full run. */
const SUMMARY = /(<!-- bench -->\n).*(\n<!-- \/bench -->)/s;
const HERE = new URL('.', import.meta.url).pathname;

const SHAPES = ['GET one by one', '100 GETs at once', 'MULTI of 100', 'pipeline of 100', '100 SETs of 1 KB'];
/** Who takes part: the floor has no metrics, and the incumbent measures no redis. */
const SITUATIONS = {
  'no-sdk': ['bare', 'incumbent', 'ours'],
  unsampled: ['bare', 'floor', 'incumbent', 'ours'],
  sampled: ['bare', 'sdk', 'same', 'floor', 'incumbent', 'ours'],
  metrics: ['bare', 'record', 'ours'],
  everything: ['bare', 'floor', 'ours'],
};
const ALL = Object.keys(SITUATIONS);

/** A parent for each run: what is added for a request. */
const REQUESTS = {
  transports: ['fake'],
  redis: ['6.3'],
  situations: ['sampled'],
  shapes: ['200 GETs in one parent', 'a worker’s mix'],
  more: ['compressed', 'totals'],
};

/** One command that takes as long as many: what is found out about each of its keys. */
const OF_MANY_KEYS = {
  transports: ['fake'],
  redis: ['6.3'],
  situations: ['sampled'],
  shapes: MANY_KEYS,
  contenders: ['bare', 'same', 'incumbent', 'ours'],
};

/** Code that runs once for each batch stays cold for long. */
const COLD = {
  transports: ['fake'],
  redis: ['6.3'],
  situations: ['sampled'],
  shapes: ['MULTI of 3 while cold'],
  contenders: ['bare', 'same', 'incumbent', 'ours'],
};

/** What is claimed takes seven rounds; that nothing is different with another client takes three. */
const FULL = {
  lines: ['2', '3'],
  parts: [
    { transports: ['fake'], redis: ['6.3'], situations: ALL, shapes: SHAPES, rounds: 7 },
    {
      transports: ['server'],
      redis: ['6.3'],
      situations: ['no-sdk', 'unsampled', 'sampled'],
      shapes: SHAPES.slice(0, 4),
      contenders: ['bare', 'floor', 'incumbent', 'ours'],
      rounds: 7,
    },
    { ...REQUESTS, rounds: 7 },
    { ...OF_MANY_KEYS, rounds: 7 },
    { ...COLD, rounds: 7 },
    { transports: ['fake'], redis: ['4.7', '5.12'], situations: ALL, shapes: SHAPES, rounds: 3 },
  ],
};
const QUICK = {
  lines: ['2'],
  parts: [
    {
      transports: ['fake'],
      redis: ['6.3'],
      situations: ['no-sdk', 'unsampled', 'sampled', 'metrics'],
      shapes: SHAPES.slice(0, 3),
      rounds: 3,
    },
    { ...REQUESTS, rounds: 3 },
  ],
};

const { values: options } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    // Each narrows the run: a comma-separated part of what the constants above have.
    lines: { type: 'string' },
    transports: { type: 'string' },
    redis: { type: 'string' },
    situations: { type: 'string' },
    shapes: { type: 'string' },
    contenders: { type: 'string' },
  },
});

async function main() {
  const { lines: numbers, parts } = scopeOf(options);
  const lines = [];
  for (const number of numbers) lines.push(await prepareLine(number));
  const server = parts.some(({ transports }) => transports.includes('server')) ? await startStandalone() : undefined;
  const started = Date.now();
  try {
    const results = [];
    for (const part of parts) results.push(...(await measureAll(plan(part, lines, server), part.rounds)));
    const startUps = await measureStartUp(lines, START_UPS);
    const minutes = Math.ceil((Date.now() - started) / 60_000);
    const titles = lines.map(({ number, title, versions }) => ({ number, title, versions }));
    await write({ command: commandOf(options), minutes, lines: titles, results, startUps });
  } finally {
    await server?.stop();
  }
}

/** How this run was asked for, so that its report can say what it leaves out. */
function commandOf({ full, ...narrowing }) {
  const flags = Object.entries(narrowing).map(([name, value]) => ` --${name} '${value}'`);
  return `npm run bench${full ? ':full' : ''}${flags.length > 0 ? ' --' : ''}${flags.join('')}`;
}

/** A part of a run says nothing of the rest, so it must not replace the report of a whole one. */
function isNarrowed({ full: _, ...narrowing }) {
  return Object.keys(narrowing).length > 0;
}

function scopeOf({ full, rounds, lines, ...narrowing }) {
  const { lines: all, parts } = full ? FULL : QUICK;
  const wanted = Object.entries(narrowing).filter(([, value]) => value !== undefined);
  const narrowed = parts.map((part) => {
    const own = { contenders: undefined, ...part, ...(rounds !== undefined && { rounds: Number(rounds) }) };
    for (const [name, value] of wanted) own[name] = own[name]?.filter((one) => value.split(',').includes(one)) ?? value.split(',');
    return own;
  });
  return { lines: lines?.split(',') ?? all, parts: narrowed };
}

/** Groups of configurations that are compared with each other: measured next to each other, in every round. */
function plan(part, lines, server) {
  const groups = [];
  for (const line of lines)
    for (const transport of part.transports)
      for (const redis of part.redis)
        for (const situation of part.situations)
          for (const shape of part.shapes) {
            const peers = situation === 'sampled' ? line.peers : [];
            const contenders = [...SITUATIONS[situation], ...(part.more ?? []), ...peers].filter(
              (name) => part.contenders?.includes(name) ?? true,
            );
            groups.push({ line, transport, redis, situation, shape, contenders, port: transport === 'server' ? server.port : 0 });
          }
  return groups;
}

async function measureAll(groups, rounds) {
  const results = groups.flatMap(({ contenders, line, port: _, ...group }) =>
    contenders.map((contender) => ({ line: line.number, ...group, contender, rounds: [] })),
  );
  const started = Date.now();
  for (let round = 0; round < rounds; round++) {
    for (const [index, group] of groups.entries()) {
      progress(round * groups.length + index, rounds * groups.length, started);
      // Who comes first changes with the round: none is always the one behind a cold cache.
      const order = group.contenders.map((_, at) => group.contenders[(at + round) % group.contenders.length]);
      for (const contender of order) {
        const measured = await measure(group, contender);
        results.find((result) => isOf(result, group) && result.contender === contender).rounds.push(measured);
      }
    }
  }
  return results;
}

function isOf(result, group) {
  return result.line === group.line.number && ['transport', 'redis', 'situation', 'shape'].every((name) => result[name] === group[name]);
}

async function measure({ line, redis, situation, shape, port }, contender) {
  const job = JSON.stringify({ folder: line.folder, redis, contender, situation, shape, port });
  const { stdout } = await execute(line.executable, ['--expose-gc', join(HERE, 'measure.cjs'), job]);
  const measured = JSON.parse(stdout);
  check({ contender, situation, shape }, measured);
  return measured;
}

/** A contender that records nothing is the fastest of all. */
function check({ contender, situation, shape }, { spansPerCommand: spans, measuredPerCommand: measured }) {
  const isSampled = contender !== 'bare' && contender !== 'record' && (situation === 'sampled' || situation === 'everything');
  const isMeasured = (contender === 'ours' || contender === 'record') && (situation === 'metrics' || situation === 'everything');
  const perCommand = contender === 'ours' ? spansOf(shape) : 1;
  // The others have no span per batch; some have one for MULTI and EXEC beside those of the commands.
  // dd-trace sends a thousand at a time while their parent is open.
  const least = contender === 'dd-trace' ? 0.9 : 1;
  if (contender === 'compressed' && spans > 0 && spans < 1) return;
  const isOurs = contender === 'ours' || contender === 'totals';
  const isRight = isOurs ? spans === (isSampled ? perCommand : 0) : isSampled ? spans >= least : spans === 0;
  const isCounted = contender === 'record' ? measured >= 1 : measured === (isMeasured ? perCommand : 0);
  if (isRight && isCounted) return;
  throw new Error(`${contender}, ${situation}, ${shape}: ${spans} spans and ${measured} measurements a command arrived`);
}

/** Ours has one span for a batch. */
function spansOf(shape) {
  if (shape.includes(' of 100')) return 0.01;
  return shape.startsWith('MULTI of 3') ? 1 / 3 : 1;
}

/** What requiring and constructing our instrumentation adds to a process that has its base already. */
async function measureStartUp(lines, rounds) {
  const startUps = [];
  for (const { number, folder, executable } of lines) {
    const measured = [];
    for (let round = 0; round < rounds; round++) {
      const { stdout } = await execute(executable, [join(HERE, 'start-up.cjs'), folder]);
      measured.push(JSON.parse(stdout));
    }
    startUps.push({ line: number, rounds: measured });
  }
  return startUps;
}

async function write(report) {
  const markdown = renderMarkdown({ ...report, cpu: `${cpus().length} × ${cpus()[0].model}` });
  process.stdout.write(`${markdown}\n`);
  await mkdir(join(HERE, 'results'), { recursive: true });
  const stamp = new Date().toISOString().replace(/[:.]/g, '-');
  await writeFile(join(HERE, 'results', `${stamp}.json`), JSON.stringify(report, undefined, 1));
  if (!options.full || isNarrowed(options)) return;
  await writeFile(join(HERE, 'results.md'), `${markdown}\n`);
  const readme = join(HERE, '..', 'README.md');
  const page = await readFile(readme, 'utf8');
  await writeFile(
    readme,
    page.replace(SUMMARY, (_, start, end) => `${start}\n${renderSummary(report)}\n${end}`),
  );
}

function progress(done, all, started) {
  if (!process.stderr.isTTY && done % 20 !== 0) return;
  const left = done === 0 ? '' : `, ${Math.ceil(((Date.now() - started) * (all - done)) / done / 60_000)} min left`;
  process.stderr.write(`${process.stderr.isTTY ? '\r' : ''}${done} of ${all} groups${left}${process.stderr.isTTY ? '   ' : '\n'}`);
}

await main();
