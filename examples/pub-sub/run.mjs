// Two kinds of processes whose traces are one story: node examples/pub-sub/run.mjs [messages] [subscribers]
// Knows: the order of things. The processes are unmodified applications under the preload, with `propagate` by environment.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startStandalone } from '../../scripts/redis-server.mjs';
import { startReceiver } from '../demo/receiver.mjs';
import { createStore } from '../demo/store.mjs';

const PRELOAD = new URL('../../build/register.mjs', import.meta.url).href;
const messages = Number(process.argv[2] ?? 1);
const subscribers = Number(process.argv[3] ?? 1);

/** Runs a script to its end. `ready` resolves with its first line, `ended` with its last, parsed. */
async function run(service, script, redisUrl) {
  const store = createStore();
  const receiver = await startReceiver(store);
  const child = spawn(process.execPath, ['--import', PRELOAD, fileURLToPath(new URL(script, import.meta.url))], {
    env: {
      PATH: process.env.PATH,
      REDIS_URL: redisUrl,
      MESSAGES: String(messages),
      OTEL_SERVICE_NAME: service,
      OTEL_INSTRUMENTATION_REDIS_PROPAGATE: 'orders:*',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_METRICS_EXPORTER: 'otlp',
      OTEL_LOGS_EXPORTER: 'none',
      OTEL_BSP_MAX_QUEUE_SIZE: '100000',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise((resolve) => child.once('exit', resolve)).then(() => receiver.stop());
  return { service, store, ended, line: async () => (await lines.next()).value };
}

const sum = (store, name) => store.series(name).reduce((total, { value }) => total + value, 0);

/** The spans of one trace as a tree, each with the service that made it. */
function drawTrace(processes) {
  const spans = processes.flatMap(({ service, store }) => store.spans.map((span) => ({ ...span, service })));
  const root = spans.find(({ name }) => name === 'place order');
  const draw = (span, depth) => {
    const children = spans.filter(({ parentSpanId }) => parentSpanId === span.spanId).sort((one, other) => one.startMs - other.startMs);
    return [`${'  '.repeat(depth)}${span.name}  [${span.service}]`, ...children.flatMap((child) => draw(child, depth + 1))];
  };
  return root === undefined ? ['no trace arrived'] : [`trace ${root.traceId}`, ...draw(root, 1)];
}

const redis = process.env.REDIS_URL ? { url: process.env.REDIS_URL, stop: async () => {} } : await startStandalone();
const names = Array.from({ length: subscribers }, (_, index) => (subscribers === 1 ? 'warehouse' : `warehouse-${index + 1}`));
const consumers = await Promise.all(names.map((name) => run(name, './subscriber.mjs', redis.url)));
for (const consumer of consumers) await consumer.line();
const shop = await run('shop', './publisher.mjs', redis.url);
const sent = JSON.parse(await shop.line());
const received = await Promise.all(consumers.map(async (consumer) => JSON.parse(await consumer.line())));
await Promise.all([shop, ...consumers].map(({ ended }) => ended));
await sleep(50);
await redis.stop();

process.stdout.write(`${drawTrace([shop, ...consumers]).join('\n')}\n\n`);
process.stdout.write(`shop: sent ${sent.sent}, messaging.client.sent.messages ${sum(shop.store, 'messaging.client.sent.messages')}\n`);
consumers.forEach(({ service, store }, index) => {
  const { delivered, distinct, payloads } = received[index];
  const counted = sum(store, 'messaging.client.consumed.messages');
  const timed = sum(store, 'messaging.process.duration');
  const spans = store.spans.filter(({ name }) => name.startsWith('process ')).length;
  const same = payloads === sent.payloads ? 'identical' : 'DIFFERENT';
  process.stdout.write(
    `${service}: delivered ${delivered}, distinct ${distinct}, payloads ${same}, messaging.client.consumed.messages ${counted}, messaging.process.duration ${timed}, spans ${spans}\n`,
  );
});
