// Knows: what GETs cost while very many wait for their replies: bytes alive for each, and CPU time from call to reply.
// Must not know: who is compared.
//
//   node --expose-gc pending.cjs '{"folder":…,"redis":"6.3","contender":"ours","situation":"sampled","port":6379}'
const { writeSync } = require('node:fs');
const { createRequire } = require('node:module');
const { setImmediate: turn } = require('node:timers/promises');
const { CONTENDERS } = require('./contenders.cjs');
const { FakeSocket, installFakeSocket } = require('./fake-socket.cjs');
const { setUp } = require('./situations.cjs');

const COMMANDS = 100_000;
/** Without a server nothing is answered: fewer commands tell the bytes as well. */
const PENDING = 20_000;
const ROUNDS = 3;
const KEYS = Array.from({ length: 1_000 }, (_, index) => `user:${index}:profile`);

async function main({ folder, redis, contender, situation, port }) {
  const load = createRequire(`${folder}/package.json`);
  if (port === 0) installFakeSocket();
  const standard = setUp(situation, load);
  const { enter } = CONTENDERS[contender].before(load, situation) ?? standard;
  const loadClient = createRequire(`${folder}/redis/${redis}/package.json`);
  const { createClient } = loadClient('redis');
  CONTENDERS[contender].after?.(load, createRequire(loadClient.resolve('redis')));
  const socket = port === 0 ? { host: 'localhost', reconnectStrategy: false } : { host: '127.0.0.1', port };
  const client = createClient({ socket, commandOptions: { timeout: 0 } });
  client.on('error', () => {});
  await client.connect();
  const measured = await enter(() => (port === 0 ? bytesPending(client) : cpuOf(client)));
  writeSync(1, `${JSON.stringify(measured)}\n`);
  process.exit(0);
}

async function bytesPending(client) {
  for (let index = 0; index < 10; index++) await getMany(client, 1_000);
  FakeSocket.last.answer = () => {};
  const promises = new Array(PENDING).fill(undefined);
  const before = alive();
  for (let index = 0; index < PENDING; index++) promises[index] = client.get(KEYS[index % KEYS.length]);
  // The client writes them in a later turn.
  for (let turns = 0; turns < 10; turns++) await turn();
  return { bytes: (alive() - before) / promises.length };
}

function getMany(client, count) {
  return Promise.all(Array.from({ length: count }, (_, index) => client.get(KEYS[index % KEYS.length])));
}

function alive() {
  global.gc();
  return process.memoryUsage().heapUsed;
}

/** The median of rounds: the heap grows in the first. */
async function cpuOf(client) {
  await client.mSet(KEYS.flatMap((key) => [key, 'x'.repeat(16)]));
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage();
    await getMany(client, COMMANDS);
    const { user, system } = process.cpuUsage(start);
    rounds.push((user + system) / COMMANDS);
  }
  return { us: rounds.sort((one, other) => one - other)[ROUNDS >> 1] };
}

main(JSON.parse(process.argv[2])).catch((error) => {
  console.error(error);
  process.exit(1);
});
