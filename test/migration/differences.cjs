// What one program makes of either instrumentation, step by step: the steps in which the two differ.
// Knows: node-redis of every major, from 3 on.
// Must not know: whose class it is, what is different.
'use strict';
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { promisify } = require('node:util');
const { diag, DiagLogLevel, SpanKind, SpanStatusCode, trace } = require('@opentelemetry/api');
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');

const [packageName, version] = process.argv.slice(2);
const isLegacy = Number.parseInt(version, 10) < 4;
const host = process.env.REDIS_HOST;
const port = Number(process.env.REDIS_PORT);

diag.setLogger({ error() {}, warn() {}, info() {}, debug() {}, verbose() {} }, DiagLogLevel.ERROR);
const { RedisInstrumentation } = require(packageName);
const exporter = new InMemorySpanExporter();
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
const instrumentation = new RedisInstrumentation();
registerInstrumentations({ instrumentations: [instrumentation] });
const redis = createRequire(join(__dirname, '../versions', `redis-${version}`, 'package.json'))('redis');

function createClient() {
  const client = isLegacy ? redis.createClient({ host, port }) : redis.createClient({ socket: { host, port } });
  client.on('error', () => {});
  return client;
}

async function main() {
  const client = createClient();
  if (!isLegacy) await client.connect();
  const call = (method, ...args) => (isLegacy ? promisify(client[method.toLowerCase()]).call(client, ...args) : client[method](...args));
  const execute = (multi) => (isLegacy ? promisify(multi.exec).call(multi) : multi.exec());
  const raw = (name, ...args) => (isLegacy ? promisify(client.send_command).call(client, name, args) : client.sendCommand([name, ...args]));
  const seen = {};
  const step = async (name, config, run) => {
    exporter.reset();
    instrumentation.setConfig(config);
    const hooked = [];
    if (config.responseHook === true)
      instrumentation.setConfig({ responseHook: (_span, command, _args, reply) => hooked.push([command, reply]) });
    await trace.getTracer('app').startActiveSpan('request', async (span) => {
      await Promise.resolve(run()).catch(() => {});
      span.end();
    });
    const spans = exporter.getFinishedSpans().filter(({ instrumentationScope }) => instrumentationScope.name !== 'app');
    seen[name] = { spans: spans.map(shown), hooked };
  };
  await call('SET', 'warm', 'up');
  await call('GET', 'warm');
  await step('a command', {}, () => call('GET', 'warm'));
  await step('a command of two words', {}, () => raw('CONFIG', 'GET', 'maxmemory'));
  await step('connect', {}, async () => {
    const other = createClient();
    await (isLegacy ? new Promise((resolve) => other.on('ready', resolve)) : other.connect());
    await (other.destroy ?? other.disconnect ?? other.end).call(other, true);
  });
  await step('a transaction of one', {}, () => execute(client.multi().set('a', '1')));
  await step('a transaction of two', {}, () => execute(client.multi().set('a', '1').get('a')));
  await step('a transaction that is aborted', {}, async () => {
    await call('WATCH', 'a');
    await call('SET', 'a', '2');
    await execute(client.multi().get('a').get('b'));
  });
  await step('a transaction that is queued slowly', { batchCommands: true, dbStatementSerializer: () => 'slowly' }, async () => {
    const multi = client.multi().set('a', '1');
    await new Promise((resolve) => setTimeout(resolve, 20));
    await execute(multi.get('a'));
  });
  await step(
    'a serializer that throws',
    {
      dbStatementSerializer: () => {
        throw new Error('serializer');
      },
    },
    () => call('GET', 'warm'),
  );
  await step('a hook in a transaction', { responseHook: true }, () => execute(client.multi().set('a', '1').get('a')));
  await step('a hook at a failure', { responseHook: true }, async () => {
    await call('SET', 'text', 'a');
    await call('INCR', 'text');
  });
  await step('a failure', {}, () => call('INCR', 'text'));
  await step('publish', {}, () => call('PUBLISH', 'news', 'extra'));
  await call('QUIT');
  await step('a client that is closed', {}, () => call('GET', 'warm'));
  await step('a server on 6379', {}, async () => {
    // It is never connected, so there need be none.
    if (!isLegacy) await redis.createClient({ socket: { host, port: 6379 } }).get('warm');
  });
  process.stdout.write(JSON.stringify(seen));
  process.exit();
}

function shown({ name, kind, status, attributes, events, startTime, parentSpanContext }) {
  return {
    name,
    kind: SpanKind[kind],
    status: SpanStatusCode[status.code],
    message: status.message,
    hasParent: parentSpanContext !== undefined,
    events: events.map((event) => event.name),
    attributes,
    startMs: startTime[0] * 1_000 + startTime[1] / 1e6,
  };
}

main();
