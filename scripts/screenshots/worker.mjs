// A worker of a queue as most are: it waits for jobs, and now and then there are some. Ended by a signal.
// Knows: BullMQ. Must not know: tracing, the page.
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';

const connect = () => new Redis(process.env.REDIS_URL, { maxRetriesPerRequest: null });
const queue = new Queue('mail', { connection: connect() });
const profiles = connect();

async function send({ data: { user } }) {
  const key = `profile:${user}`;
  if ((await profiles.get(key)) === null) await profiles.set(key, JSON.stringify({ user, name: 'Ada' }), 'EX', 600);
  if (user % 10 === 0) throw new Error('no address');
}

new Worker('mail', send, { connection: connect(), concurrency: 2 });
new Worker('invoices', async () => {}, { connection: connect() });

for (let user = 1; ; user++) {
  await queue.addBulk([user, user + 1].map((one) => ({ name: 'welcome', data: { user: one % 40 } })));
  await sleep(1_500);
}
