// An application that works through a stream, in a group, and ends after the last entry. Of telemetry it knows `processSpan`.
import { createHash } from 'node:crypto';
import { processSpan } from 'opentelemetry-instrumentation-redis';
import { createClient } from 'redis';

const STREAM = 'orders:queue';
const count = Number(process.env.MESSAGES ?? 1);
const client = createClient({ url: process.env.REDIS_URL });
client.on('error', () => {});
await client.connect();
await client.xGroupCreate(STREAM, 'billing', '$', { MKSTREAM: true });

const seen = new Set();
const hash = createHash('sha256');
let delivered = 0;
const fields = new Set();

process.stdout.write('listening\n');
while (delivered < count) {
  const streams = await client.xReadGroup('billing', 'worker-1', { key: STREAM, id: '>' }, { COUNT: 100, BLOCK: 1_000 });
  for (const { name, messages } of streams ?? []) {
    for (const entry of messages) await processSpan(entry, bill, { stream: name });
  }
}
await client.close();
process.stdout.write(`${JSON.stringify({ delivered, distinct: seen.size, payloads: hash.digest('hex'), fields: [...fields] })}\n`);

async function bill({ id, message }) {
  delivered += 1;
  hash.update(message.order);
  for (const field of Object.keys(message)) fields.add(field);
  const order = JSON.parse(message.order);
  seen.add(order.id);
  await client.set(`invoice:${order.id}`, 'sent', { EX: 60 });
  await client.xAck(STREAM, 'billing', id);
}
