// An application that is set up for `@opentelemetry/instrumentation-redis`: its options, its commands.
// Knows: node-redis of every major, from 3 on.
// Must not know: whose class it is.
'use strict';
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { promisify } = require('node:util');
const { SpanKind, SpanStatusCode, trace } = require('@opentelemetry/api');
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');

const [packageName, version] = process.argv.slice(2);
const isLegacy = Number.parseInt(version, 10) < 4;
const host = process.env.REDIS_HOST;
const port = Number(process.env.REDIS_PORT);

const { RedisInstrumentation } = require(packageName);
const hooked = [];
const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();
registerInstrumentations({
  instrumentations: [
    new RedisInstrumentation({
      dbStatementSerializer: (command, args) => `${command} with ${args.length}`,
      responseHook: (span, command, args, response) => {
        span.setAttribute('app.response', String(response));
        hooked.push({ command, args: args.map(String), response: String(response) });
      },
      requireParentSpan: true,
    }),
  ],
});

const redis = createRequire(join(__dirname, '../versions', `redis-${version}`, 'package.json'))('redis');

async function main() {
  const client = isLegacy ? redis.createClient({ host, port }) : redis.createClient({ socket: { host, port } });
  client.on('error', () => {});
  if (!isLegacy) await client.connect();
  const call = (method, ...args) => (isLegacy ? promisify(client[method]).call(client, ...args) : client[method](...args));
  // Without a parent: no span is wanted.
  const results = [await call('set', 'outside', '1')];
  await trace.getTracer('app').startActiveSpan('request', async (parent) => {
    results.push(await call('set', 'user:7', 'Ada'));
    results.push(await call('get', 'user:7'));
    results.push(await call('get', 'nobody'));
    results.push(await call('incr', 'user:7').catch(({ message }) => message));
    const multi = client.multi().set('a', '1').get('a');
    results.push(await (isLegacy ? promisify(multi.exec).call(multi) : multi.exec()));
    parent.end();
  });
  await call('quit');
  const spans = exporter.getFinishedSpans().filter(({ instrumentationScope }) => instrumentationScope.name !== 'app');
  process.stdout.write(JSON.stringify({ results, hooked, spans: spans.map(shown) }));
}

function shown({ name, kind, status, attributes, events, parentSpanContext }) {
  return {
    name,
    kind: SpanKind[kind],
    status: SpanStatusCode[status.code],
    hasParent: parentSpanContext !== undefined,
    events: events.map((event) => event.name),
    attributes,
  };
}

main();
