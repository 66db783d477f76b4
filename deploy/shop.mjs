// A shop on a Redis Cluster, in plain node-redis. There is no tracing in it, on purpose.
// Steady traffic for a dashboard: cache look-ups with and without a hit, a crowd, a lock, a transaction, an error.
import { setTimeout as sleep } from 'node:timers/promises';
import { createCluster } from 'redis';

const nodes = (process.env.REDIS_NODES ?? 'redis://127.0.0.1:7000').split(',');
const cluster = createCluster({ rootNodes: nodes.map((url) => ({ url })) });
cluster.on('error', (error) => console.error('redis:', error.message));
await cluster.connect();

const RELEASE = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0`;

/** Cache aside: what is not there is loaded, which takes a while, and stored for some seconds. */
async function profile(id) {
  const cached = await cluster.get(`user:${id}:profile`);
  if (cached !== null) return JSON.parse(cached);
  await sleep(20);
  const loaded = { id, name: `User ${id}` };
  await cluster.set(`user:${id}:profile`, JSON.stringify(loaded), { expiration: { type: 'EX', value: 5 } });
  return loaded;
}

async function checkOut(id) {
  const owner = String(Math.random());
  const lock = { condition: 'NX', expiration: { type: 'PX', value: 1_000 } };
  if ((await cluster.set(`lock:cart:${id}`, owner, lock)) === null) return;
  try {
    await cluster.multi().incr(`{cart:${id}}:orders`).del(`{cart:${id}}:items`).exec();
  } finally {
    await cluster.eval(RELEASE, { keys: [`lock:cart:${id}`], arguments: [owner] });
  }
}

/** Everybody wants to see the same offer, which has gone by then; and somebody takes it for a list. */
async function crowd() {
  await Promise.all(Array.from({ length: 20 }, () => profile('offer')));
  await cluster.lPush('user:offer:profile', 'x').catch(() => {});
}

let isOpen = true;
process.once('SIGTERM', () => {
  isOpen = false;
});
console.log('open');

for (let round = 0; isOpen; round++) {
  await Promise.all(Array.from({ length: 10 }, () => profile(Math.floor(Math.random() * 50))));
  await Promise.all([checkOut(round % 5), checkOut(round % 5)]);
  if (round % 50 === 0) await crowd();
  await sleep(100);
}
await cluster.close();
