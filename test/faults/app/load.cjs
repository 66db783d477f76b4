// Knows: an application under more load than any should have, and what its heap is afterwards. Plain node, no tracing.
// Must not know: that anybody watches.
//
// node --expose-gc load.cjs <version> <port> <JSON of { inFlight, pipeline, clients }>: prints { results, heaps }.
'use strict';
const { setTimeout: sleep } = require('node:timers/promises');
const { load } = require('./clients.cjs');

const [version, port, sizes] = process.argv.slice(2);
const { create, connect, connected, send, batch, destroy, close } = load(version);
const place = { host: '127.0.0.1', port: Number(port) };

/** After what is only kept for a moment has gone. */
async function heapAtRest() {
  for (let round = 0; round < 4; round++) {
    await sleep(20);
    global.gc();
  }
  return process.memoryUsage().heapUsed;
}

const WARM_UP = 2_000;

const isEqual = (values, expected) => values.every((value, index) => value === expected(index));

const LOADS = {
  async inFlight(client, count) {
    const keys = Array.from({ length: count }, (_, index) => `user:${index % 1_000}`);
    const written = await Promise.all(keys.map((key) => send(client, ['set', key, key])));
    const read = await Promise.all(keys.map((key) => send(client, ['get', key])));
    return [isEqual(written, () => 'OK'), isEqual(read, (index) => keys[index])];
  },
  async pipeline(client, count) {
    const commands = Array.from({ length: count }, (_, index) => ['set', `user:${index % 1_000}`, 'value']);
    const ok = await batch(client, 'pipeline', commands);
    const read = await batch(
      client,
      'multi',
      commands.map(([, key]) => ['get', key]),
    ); // prettier-ignore
    return [ok.length, isEqual(ok, () => 'OK'), read.length, isEqual(read, () => 'value')];
  },
  async clients(_, count) {
    let answered = 0;
    for (let made = 0; made < count; made += 50) {
      const clients = Array.from({ length: 50 }, () => create(place));
      await Promise.all(clients.map(connect));
      for (const one of clients) if ((await send(one, ['ping'])) === 'PONG') answered += 1;
      await Promise.all(clients.map(destroy));
    }
    return [answered];
  },
};

async function run() {
  const client = await connected(place);
  const [results, heaps, times] = [{}, {}, {}];
  for (const [name, count] of Object.entries(JSON.parse(sizes))) {
    // Once before: what is kept for good, code and bounded memories, is there when we measure.
    await LOADS[name](client, Math.min(count, WARM_UP));
    const before = await heapAtRest();
    const start = performance.now();
    results[name] = await LOADS[name](client, count);
    times[name] = Math.round(performance.now() - start);
    heaps[name] = (await heapAtRest()) - before;
  }
  await close(client);
  process.stdout.write(JSON.stringify({ results, heaps, times }));
}

run().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(7);
});
