// Processes whose traces are one story: node examples/messages/run.mjs [messages] [subscribers]
// Knows: the order of things. The processes are applications under the preload, with `propagateChannels` and `propagateStreams` by environment.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startStandalone } from '../../scripts/redis-server.mjs';

const { environmentFor, openView } = createRequire(import.meta.url)('../../build/view/index.js');
const PRELOAD = new URL('../../build/register.mjs', import.meta.url).href;
const messages = Number(process.argv[2] ?? 1);
const subscribers = Number(process.argv[3] ?? 1);

/** Runs a script to its end. `ready` resolves with its first line, `ended` with its last, parsed. */
async function run(service, script, redisUrl) {
  const view = await openView();
  const child = spawn(process.execPath, ['--import', PRELOAD, fileURLToPath(new URL(script, import.meta.url))], {
    env: {
      PATH: process.env.PATH,
      REDIS_URL: redisUrl,
      MESSAGES: String(messages),
      OTEL_SERVICE_NAME: service,
      OTEL_INSTRUMENTATION_REDIS_PROPAGATE_CHANNELS: 'orders:*',
      OTEL_INSTRUMENTATION_REDIS_PROPAGATE_STREAMS: 'orders:*',
      ...environmentFor(view.url),
      OTEL_BSP_MAX_QUEUE_SIZE: '100000',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise((resolve) => child.once('exit', resolve)).then(() => view.stop());
  return { service, telemetry: view.telemetry, ended, line: async () => (await lines.next()).value };
}

/** The count of a metric, of all operations or of those with this name. */
const sum = ({ records }, name, operation) =>
  records.series
    .of(name)
    .filter(({ attributes }) => operation === undefined || attributes['messaging.operation.name'] === operation)
    .reduce((total, { value }) => total + value, 0);

/** The spans of one trace as a tree, each with the service that made it, and behind `<-` those of other traces that are linked. */
function drawTrace(processes) {
  const spans = processes.flatMap(({ telemetry }) => telemetry.spans());
  const root = spans.find(({ name }) => name === 'place order');
  const draw = (span, depth) => {
    const children = spans.filter(({ parentSpanId }) => parentSpanId === span.spanId).sort((one, other) => one.startMs - other.startMs);
    const linked = spans.filter(({ links, traceId }) => links.some(({ spanId }) => spanId === span.spanId) && traceId !== span.traceId);
    return [
      `${'  '.repeat(depth)}${span.name}  [${span.service}]`,
      ...linked.map(({ name, service }) => `${'  '.repeat(depth + 1)}<- ${name}  [${service}]`),
      ...children.flatMap((child) => draw(child, depth + 1)),
    ];
  };
  return root === undefined ? ['no trace arrived'] : [`trace ${root.traceId}`, ...draw(root, 1)];
}

/** What one consumer got, beside what was sent and what was measured of it. */
function report({ service, telemetry }, { delivered, distinct, payloads, fields }, sent, received) {
  const counts = {
    'messaging.client.consumed.messages': sum(telemetry, 'messaging.client.consumed.messages', received),
    'messaging.process.duration': sum(telemetry, 'messaging.process.duration'),
    spans: telemetry.spans().filter(({ name }) => name.startsWith('process ')).length,
  };
  const same = payloads === sent.payloads ? 'identical' : 'DIFFERENT';
  const shown = fields === undefined ? '' : `, fields ${fields.join(' ')}`;
  const counted = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
  return `${service}: delivered ${delivered}, distinct ${distinct}, payloads ${same}${shown}, ${counted.join(', ')}\n`;
}

const redis = process.env.REDIS_URL ? { url: process.env.REDIS_URL, stop: async () => {} } : await startStandalone();
const names = Array.from({ length: subscribers }, (_, index) => (subscribers === 1 ? 'warehouse' : `warehouse-${index + 1}`));
const consumers = await Promise.all(names.map((name) => run(name, './subscriber.mjs', redis.url)));
const billing = await run('billing', './worker.mjs', redis.url);
for (const consumer of [...consumers, billing]) await consumer.line();
const shop = await run('shop', './publisher.mjs', redis.url);
const sent = JSON.parse(await shop.line());
const received = await Promise.all(consumers.map(async (consumer) => JSON.parse(await consumer.line())));
const billed = JSON.parse(await billing.line());
await Promise.all([shop, ...consumers, billing].map(({ ended }) => ended));
await sleep(50);
await redis.stop();

process.stdout.write(`${drawTrace([shop, ...consumers, billing]).join('\n')}\n\n`);
const sentBy = (operation) =>
  `messaging.client.sent.messages ${sum(shop.telemetry, 'messaging.client.sent.messages', operation)} by ${operation}`;
process.stdout.write(`shop: sent ${sent.sent}, ${sentBy('publish')}, ${sentBy('xadd')}\n`);
consumers.forEach((consumer, index) => {
  process.stdout.write(report(consumer, received[index], sent, 'process'));
});
process.stdout.write(report(billing, billed, sent, 'xreadgroup'));
