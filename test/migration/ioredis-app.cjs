// Knows: an application on ioredis that sets up an instrumentation with all the options that the two share, and what is
// recorded of its calls.
// Must not know: which of the two it is.
//
// node ioredis-app.cjs <module> <class>: prints what the hooks were given, and the spans.
'use strict';
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { context, createContextKey, SpanStatusCode, trace } = require('@opentelemetry/api');
const { InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');

const [moduleName, className] = process.argv.slice(2);
const exporter = new InMemorySpanExporter();
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();

const TENANT = createContextKey('tenant');
const heard = { requests: [], responses: [] };
const instrumentation = new (require(moduleName)[className])({
  dbStatementSerializer: (name, args) => `${name} with ${args.length}`,
  requestHook: (span, { cmdName, cmdArgs }) => {
    heard.requests.push([cmdName, cmdArgs.map(String), context.active().getValue(TENANT)]);
    span.setAttribute('app.request', cmdName);
    if (cmdArgs[0] === 'throws') throw new Error('hook');
  },
  responseHook: (span, cmdName, cmdArgs, response) => {
    heard.responses.push([cmdName, cmdArgs.map(String), response === null ? null : String(response)]);
    span.setAttribute('app.response', cmdName);
  },
  ...(process.env.REQUIRE_PARENT_SPAN && { requireParentSpan: process.env.REQUIRE_PARENT_SPAN === 'true' }),
});
// The client is loaded afterwards, as the applications of the two do.
const Redis = createRequire(join(__dirname, '..', 'versions', 'ioredis-5.11', 'package.json'))('ioredis');

async function run(client) {
  const tracer = trace.getTracer('app');
  await tracer.startActiveSpan('caller', (caller) =>
    context.with(context.active().setValue(TENANT, 'acme'), async () => {
      await client.set('user:1', 'Ada');
      await client.get('user:1');
      await client.get('nobody');
      await client.exists('throws');
      await client.incr('user:1').catch(() => {});
      caller.end();
    }),
  );
  await client.get('without a parent');
}

async function main() {
  const client = new Redis({ host: process.env.REDIS_HOST, port: Number(process.env.REDIS_PORT) });
  await new Promise((resolve) => client.once('ready', resolve));
  exporter.reset();
  heard.requests.length = 0;
  heard.responses.length = 0;
  await run(client);
  client.disconnect();
  const spans = exporter.getFinishedSpans().filter(({ name }) => name !== 'caller');
  const shown = spans.map(({ attributes, status }) => [
    attributes['db.query.text'],
    attributes['app.request'],
    attributes['app.response'],
    SpanStatusCode[status.code],
  ]);
  instrumentation.disable();
  process.stdout.write(JSON.stringify({ ...heard, spans: shown }));
}

main();
