// Two lock libraries: simple-redis-mutex on redis 6, redis-lock on the redis 4 that it was written for.

import { createClient } from 'redis';
import { createClient as createClient4 } from 'redis-4';
import createLock from 'redis-lock';
import { lock, tryLock } from 'simple-redis-mutex';

async function connected(create) {
  const client = create({ url: process.env.REDIS_URL });
  client.on('error', (error) => console.error('redis:', error.message));
  await client.connect();
  return client;
}

const [client, client4] = [await connected(createClient), await connected(createClient4)];
const seen = [];

const release = await lock(client, 'checkout', { timeout: 60_000 });
seen.push(release.fencingToken, (await tryLock(client, 'checkout'))[0]);
// Whoever waits is told by a message that the lock is free.
const waiting = lock(client, 'checkout', { timeout: 60_000 }).then(async (next) => {
  seen.push('second holder', next.fencingToken);
  await next();
});
await release();
await waiting;
seen.push((await tryLock(client, 'other'))[0]);

const withLock = createLock(client4, 5);
const order = [];
const job = async (name) => {
  const done = await withLock('job', 60_000);
  order.push(`${name} in`);
  await new Promise((resolve) => setTimeout(resolve, 20));
  order.push('out');
  await done();
};
await Promise.all([job('first'), job('second')]);
seen.push(order.map((line) => line.replace(/\w+ in/, 'in')));

console.log(JSON.stringify(seen));
await client4.disconnect();
await client.close();
