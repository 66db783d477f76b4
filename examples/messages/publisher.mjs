// An application that sends messages. It knows nothing of telemetry but its own span.
import { createHash } from 'node:crypto';
import { trace } from '@opentelemetry/api';
import { createClient } from 'redis';

const count = Number(process.env.MESSAGES ?? 1);
const tracer = trace.getTracer('shop');
const client = createClient({ url: process.env.REDIS_URL });
client.on('error', () => {});
await client.connect();

const hash = createHash('sha256');
for (let id = 1; id <= count; id++) {
  await tracer.startActiveSpan('place order', async (span) => {
    const order = JSON.stringify({ id, item: 'tea ☕', quantity: id % 7 });
    hash.update(order);
    await client.set(`order:${id}`, order, { EX: 60 });
    await client.publish(`orders:${id % 10}`, order);
    await client.xAdd('orders:queue', '*', { order }, { TRIM: { strategy: 'MAXLEN', strategyModifier: '~', threshold: 10_000 } });
    span.end();
  });
}
await client.close();
process.stdout.write(`${JSON.stringify({ sent: count, payloads: hash.digest('hex') })}\n`);
