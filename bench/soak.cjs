// Knows: a long life with everything on and much going wrong, and whether the heap stays flat.
// Must not know: the other modes.
const { createRequire } = require('node:module');
const { CONTENDERS } = require('./contenders.cjs');
const { FakeSocket, installFakeSocket } = require('./fake-socket.cjs');
const { setUp } = require('./situations.cjs');

const SAMPLES = 40;
/** The first samples see tables, caches and code being filled. */
const WARM_UP_SAMPLES = 10;
/** Growth over the rest of the run: more is a leak, less the noise of the collector. */
const MAX_GROWTH = 500_000;

/** The connection each client has at the moment. */
const sockets = new WeakMap();

async function main({ folder, redis, contender, commands }) {
  const load = createRequire(`${folder}/package.json`);
  installFakeSocket();
  const { enter, arrived } = setUp('everything', load);
  CONTENDERS[contender].before(load, 'soak');
  const loadClient = createRequire(`${folder}/redis/${redis}/package.json`);
  const { createClient } = loadClient('redis');
  CONTENDERS[contender].after?.(load, createRequire(loadClient.resolve('redis')));
  const connect = async () => {
    const client = createClient({ socket: { reconnectStrategy: 1 }, commandOptions: { timeout: 0 } });
    client.on('error', () => {});
    // Also when it has connected again.
    client.on('ready', () => sockets.set(client, FakeSocket.last));
    await client.connect();
    return client;
  };
  const heaps = await enter(async () => soak(await connect(), await subscribed(await connect()), connect, commands));
  const { spans, measured } = await arrived();
  const settled = heaps.slice(WARM_UP_SAMPLES);
  const slope = slopeOf(settled);
  const growth = slope * (settled[settled.length - 1].done - settled[0].done);
  console.log(`${spans} spans and ${measured} measurements arrived`);
  console.log(
    `heap after each tenth: ${heaps
      .filter((_, index) => index % 4 === 0)
      .map(({ heap }) => `${(heap / 1e6).toFixed(2)} MB`)
      .join(', ')}`,
  );
  console.log(
    `slope: ${slope.toFixed(4)} bytes a command; ${growth <= MAX_GROWTH ? 'flat' : 'GROWS: a leak, or too short to fill the memories'}`,
  );
  process.exit(growth <= MAX_GROWTH ? 0 : 1);
}

/** A tenth of the rooms, with listeners that return, that take a while and that fail. */
async function subscribed(subscriber) {
  let received = 0;
  for (let room = 0; room < 4; room++) {
    await subscriber.subscribe(`room:${room}`, async () => {
      received++;
      await new Promise(setImmediate);
      if (room === 3) throw new Error('a listener that fails');
    });
  }
  return { client: subscriber, received: () => received };
}

async function soak(client, subscriber, connect, commands) {
  const heaps = [];
  let done = 0;
  process.on('unhandledRejection', (error) => {
    if (error.message !== 'a listener that fails') throw error;
  });
  for (let turn = 0; done < commands; turn++) {
    const before = subscriber.received();
    done += await runTurn(client, turn);
    for (let wait = 0; wait < 10 && subscriber.received() < before + 4; wait++) await new Promise(setImmediate);
    if (subscriber.received() !== before + 4)
      throw new Error(`soak: ${subscriber.received() - before} of 4 messages were delivered in turn ${turn}`);
    if (turn % 50 === 0) await breakConnection(client);
    if (turn % 70 === 0) await breakConnection(subscriber.client, []);
    if (turn % 200 === 0) await disconnect(await connect());
    if (done < (commands / SAMPLES) * (heaps.length + 1)) continue;
    heaps.push({ done, heap: await heapAtRest() });
    process.stderr.write(`${done} commands, ${(heaps[heaps.length - 1].heap / 1e6).toFixed(2)} MB\n`);
  }
  return heaps;
}

const RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end";

/** 1,000 commands, one in seven of which fails; keys and unknown command names never repeat. */
async function runTurn(client, turn) {
  const user = (index) => `user:${turn * 300 + index}:profile`;
  const many = (count, call) => Promise.allSettled(Array.from({ length: count }, (_, index) => call(index)));
  await many(300, (index) => client.get(index % 3 === 0 ? 'missing' : user(index)));
  await many(140, (index) => client.set(index === 0 ? 'missing' : user(index), 'value', { EX: 60 }));
  await many(30, (index) => client.set(`lock:${turn}:${index}`, `token:${turn}`, { EX: 10, NX: true }));
  // Some are never given back.
  await many(30, (index) => client.eval(RELEASE, { keys: [`lock:${turn}:${index % 20}`], arguments: [`token:${turn}`] }));
  await many(100, (index) => client.mGet([user(index), 'missing']));
  await many(60, () => client.incr('text'));
  await many(60, (index) => client.lPush(user(index), 'value'));
  await many(40, (index) => client.sendCommand([`UNKNOWN.${turn}.${index}`, 'secret']));
  await many(40, (index) => client.publish(`room:${index}`, 'message'));
  await many(2, () => batchOf(client, 50, user).exec());
  await many(1, () => batchOf(client, 50, user).execAsPipeline());
  await many(1, () => batchOf(client, 49, user).get('watched').exec());
  abandon(batchOf(client, 50, user));
  return 1_000;
}

function batchOf(client, count, user) {
  const batch = client.multi();
  for (let index = 0; index < count; index++) batch.get(user(index));
  return batch;
}

/** Never executed: what was remembered of it must go with it. */
function abandon(_batch) {}

/** With commands on their way, which are rejected; the next ones wait until it has connected again. */
async function breakConnection(client, onTheWay = Array.from({ length: 20 }, () => client.get('user:1'))) {
  const broken = sockets.get(client);
  const isReady = new Promise((resolve) => client.once('ready', resolve));
  broken.destroy(new Error('the network is gone'));
  await Promise.allSettled(onTheWay);
  await isReady;
  if (sockets.get(client) === broken) throw new Error('soak: a connection was not broken');
}

async function disconnect(client) {
  await client.get('user:1');
  await (client.destroy ?? client.disconnect).call(client);
}

async function heapAtRest() {
  for (let index = 0; index < 3; index++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    global.gc();
  }
  return process.memoryUsage().heapUsed;
}

/** Least squares, in bytes a command. */
function slopeOf(points) {
  const mean = (read) => points.reduce((sum, point) => sum + read(point), 0) / points.length;
  const done = mean((point) => point.done);
  const heap = mean((point) => point.heap);
  const covariance = mean((point) => (point.done - done) * (point.heap - heap));
  return covariance / mean((point) => (point.done - done) ** 2);
}

// An event loop that runs empty waits for something that will never come.
process.exitCode = 1;
main(JSON.parse(process.argv[2])).catch((error) => {
  console.error(error);
  process.exit(1);
});
