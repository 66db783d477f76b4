// Knows: how one configuration is measured, in a process of its own. Prints one line of JSON.
// Must not know: the other configurations, targets.
//
//   node --expose-gc measure.cjs '{"folder":…,"redis":"6.3","contender":"ours","situation":"sampled","shape":"MULTI of 100","port":0}'
const { writeSync } = require('node:fs');
const { createRequire } = require('node:module');
const { getHeapStatistics } = require('node:v8');
const { CONTENDERS } = require('./contenders.cjs');
const { installFakeSocket } = require('./fake-socket.cjs');
const { commandsOf, SHAPES } = require('./shapes.cjs');
const { setUp } = require('./situations.cjs');

/** Counts, not times: everybody is measured at the same age of the compiled code. */
const PACE = { warmUpRuns: 320, slices: 12, runsPerSlice: 15 };
/**
 * A batch is one operation, and the code for it is as cold after 320 of them as that for a command would be. Node 20 has it
 * compiled for good after 8,000; before, the compiler's own time is most of what a batch seems to cost.
 */
const WARM_BATCHES = { ...PACE, warmUpRuns: 8_000 };
/** All that a small service runs in its first hours. */
const COLD_BATCHES = { warmUpRuns: 0, slices: 1, runsPerSlice: 12_000 };
const FEW = { warmUpRuns: 20, slices: 12, runsPerSlice: 2 };

const paceOf = (shape) =>
  shape.endsWith(' while cold') ? COLD_BATCHES : shape.includes(' of 100') ? WARM_BATCHES : shape.includes(' 50000 ') ? FEW : PACE;

/** Short enough that most of them meet no collection: a heap that grew by what was allocated tells the bytes. */
const BYTE_SLICES = 40;
const BYTE_RUNS = 2;

/** CPU of all threads, so that collecting and compiling count too. */
const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

async function main({ folder, redis, contender, situation, shape, port }) {
  const load = createRequire(`${folder}/package.json`);
  const loadClient = createRequire(`${folder}/redis/${redis}/package.json`);
  if (port === 0) installFakeSocket();
  const standard = setUp(situation, load);
  const { enter, request, arrived } = CONTENDERS[contender].before(load, situation) ?? standard;
  const { createClient } = loadClient('redis');
  CONTENDERS[contender].after?.(load, createRequire(loadClient.resolve('redis')));
  const client = createClient(optionsFor(redis, port));
  client.on('error', (error) => {
    throw error;
  });
  await client.connect();
  await client.set('user:7:profile', 'x'.repeat(16));
  const run = () => SHAPES[shape](client, request);
  const measured = await enter(() => measure(run, commandsOf(shape), paceOf(shape), arrived));
  writeSync(1, `${JSON.stringify(measured)}\n`);
  process.exit(0);
}

function optionsFor(redis, port) {
  const socket = port === 0 ? { host: 'localhost', reconnectStrategy: false } : { host: '127.0.0.1', port };
  // Redis 6 arms a timer for every command: 1.5 KB and microseconds that would drown what is measured.
  return redis.startsWith('6') ? { socket, commandOptions: { timeout: 0 } } : { socket };
}

async function measure(run, commandsPerRun, { warmUpRuns, slices: count, runsPerSlice }, arrived) {
  for (let index = 0; index < warmUpRuns; index++) await run();
  const before = await arrived();
  const slices = [];
  for (let slice = 0; slice < count; slice++) {
    const start = cpuMs();
    for (let index = 0; index < runsPerSlice; index++) await run();
    slices.push(((cpuMs() - start) * 1e6) / (runsPerSlice * commandsPerRun));
  }
  const after = await arrived();
  const commands = count * runsPerSlice * commandsPerRun;
  return {
    nsPerCommand: Math.round(quartile(slices)),
    bytesPerCommand: Math.round(await measureBytes(run, commandsPerRun)),
    spansPerCommand: (after.spans - before.spans) / commands,
    measuredPerCommand: (after.measured - before.measured) / commands,
    commands,
  };
}

async function measureBytes(run, commandsPerRun) {
  const slices = [];
  global.gc?.();
  for (let slice = 0; slice < BYTE_SLICES; slice++) {
    const start = getHeapStatistics().used_heap_size;
    for (let index = 0; index < BYTE_RUNS; index++) await run();
    const bytes = getHeapStatistics().used_heap_size - start;
    if (bytes > 0) slices.push(bytes / (BYTE_RUNS * commandsPerRun));
  }
  return median(slices);
}

/** The slower slices shared the core with somebody: half of them on a busy machine, none on a quiet one. */
function quartile(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 2];
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

main(JSON.parse(process.argv[2])).catch((error) => {
  console.error(error);
  process.exit(1);
});
