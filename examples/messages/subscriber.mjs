// An application that waits for messages, handles each, and ends after the last. It knows nothing of telemetry.
import { createHash } from 'node:crypto';
import { createClient } from 'redis';

const count = Number(process.env.MESSAGES ?? 1);
const client = createClient({ url: process.env.REDIS_URL });
const subscriber = client.duplicate();
for (const one of [client, subscriber]) one.on('error', () => {});
await Promise.all([client.connect(), subscriber.connect()]);

const seen = new Set();
const hash = createHash('sha256');
let delivered = 0;
let handled = 0;

await subscriber.pSubscribe('orders:*', async (message) => {
  delivered += 1;
  hash.update(message);
  const { id } = JSON.parse(message);
  seen.add(id);
  await client.get(`order:${id}`);
  handled += 1;
  if (handled === count) await finish();
});
process.stdout.write('listening\n');

async function finish() {
  await subscriber.pUnsubscribe();
  await Promise.all([subscriber.close(), client.close()]);
  process.stdout.write(`${JSON.stringify({ delivered, distinct: seen.size, payloads: hash.digest('hex') })}\n`);
}
