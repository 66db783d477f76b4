// A program whose traffic is known: ten look-ups of user:{}, seven of them hits, and one of each of the rest.
import { trace } from '@opentelemetry/api';
import { createClient, createClientPool } from 'redis';

const url = process.env.REDIS_URL;
const client = createClient({ url });
const subscriber = client.duplicate();
const pool = createClientPool({ url }, { minimum: 1, maximum: 3 });
for (const connection of [client, subscriber, pool]) connection.on('error', () => {});
await Promise.all([client.connect(), subscriber.connect(), pool.connect()]);

/** A unit of work of the application, as an HTTP instrumentation would record it. */
function request(name, work) {
  return trace.getTracer('app').startActiveSpan(name, async (span) => {
    await work();
    span.end();
  });
}

await request('load a profile', async () => {
  for (let id = 1; id <= 3; id++) {
    await client.get(`user:${id}`);
    await client.set(`user:${id}`, 'Ada', { expiration: { type: 'EX', value: 60 } });
  }
});
await request('read profiles', async () => {
  for (let id = 1; id <= 4; id++) await client.get(`user:${1 + (id % 3)}`);
  await client.mGet(['user:1', 'user:2', 'user:3']);
});
await request('everything else', async () => {
  await client.multi().incr('visits').expire('visits', 60).exec();
  await client.lRange('user:1', 0, -1).catch(() => {});
  await client.set('lock:checkout:7', 'mine', { condition: 'NX', expiration: { type: 'PX', value: 5_000 } });
  await pool.ping();
});
const received = new Promise((resolve) => subscriber.subscribe('news', resolve));
await request('tell the news', () => client.publish('news', 'hello'));
await received;

process.stdout.write('done\n');
if (process.env.EXIT_CODE !== undefined) process.exitCode = Number(process.env.EXIT_CODE);
if (process.env.STAYS !== undefined) await new Promise((resolve) => process.once('SIGTERM', resolve));
await Promise.all([client.close(), subscriber.close(), pool.close()]);
