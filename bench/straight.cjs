// Knows: how many bytes of the heap a GET takes below a parent that was sampled out, in a process of its own.
// Must not know: how many it should take.
//
//   node --expose-gc straight.cjs ours|none
const { getHeapStatistics } = require('node:v8');
const { context, ROOT_CONTEXT, trace } = require('@opentelemetry/api');
const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');
const { installFakeSocket } = require('./fake-socket.cjs');

/** Until the code is compiled for good: what is interpreted allocates more. */
const WARM_UP_RUNS = 400;
const SLICES = 200;
const COMMANDS_PER_RUN = 100;

const isOurs = process.argv[2] === 'ours';
if (isOurs) new (require('../build/index.js').RedisInstrumentation)();

/** Samples nothing, and knows how often it was asked. */
const sampler = {
  asked: 0,
  shouldSample: () => {
    sampler.asked += 1;
    return { decision: 0 };
  },
};

async function main() {
  installFakeSocket();
  new NodeTracerProvider({ sampler }).register();
  const { createClient } = require('redis');
  const client = createClient({ socket: { host: 'localhost', reconnectStrategy: false }, commandOptions: { timeout: 0 } });
  await client.connect();
  await client.get('user:7:profile');
  if (sampler.asked > 0 !== isOurs) throw new Error(`the sampler was asked for ${sampler.asked} commands`);
  const parent = trace.getTracer('application').startSpan('request');
  await context.with(trace.setSpan(ROOT_CONTEXT, parent), async () => {
    const run = () => Promise.all(Array.from({ length: COMMANDS_PER_RUN }, () => client.get('user:7:profile')));
    for (let index = 0; index < WARM_UP_RUNS; index++) await run();
    console.log(await medianBytes(run));
  });
  process.exit(0);
}

/** A slice in which the heap was collected has shrunk, and tells nothing. */
async function medianBytes(run) {
  const slices = [];
  global.gc();
  for (let slice = 0; slice < SLICES; slice++) {
    const before = getHeapStatistics().used_heap_size;
    await run();
    const bytes = getHeapStatistics().used_heap_size - before;
    if (bytes > 0) slices.push(bytes / COMMANDS_PER_RUN);
  }
  return slices.sort((one, other) => one - other)[slices.length >> 1];
}

void main();
