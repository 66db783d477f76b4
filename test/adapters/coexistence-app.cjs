// Knows: how a process comes to redis, to our instrumentation and to the other one, in the order it is told; and what
// either records of the same commands.
// Must not know: what is right.
'use strict';
const { AsyncLocalStorage } = require('node:async_hooks');
const { channel } = require('node:diagnostics_channel');
const { createRequire, register: registerLoader } = require('node:module');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');
const { DiagLogLevel, diag } = require('@opentelemetry/api');
const { InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');

const [version, steps, onConflict] = process.argv.slice(2);
const [host, port] = [process.env.REDIS_HOST, Number(process.env.REDIS_PORT)];
const OURS = 'opentelemetry-instrumentation-redis';
const isLegacy = Number.parseInt(version, 10) < 4;
const isIoredis = version.startsWith('ioredis');
const THEIRS = isIoredis ? '@opentelemetry/instrumentation-ioredis' : '@opentelemetry/instrumentation-redis';

const diagnostics = [];
// The other one ends the spans of a pipeline twice, and the SDK complains of it.
const write = (namespace, ...words) => namespace === OURS && diagnostics.push(words.map(String).join(' '));
diag.setLogger({ error: write, warn: write, info() {}, debug() {}, verbose() {} }, DiagLogLevel.WARN);
const exporter = new InMemorySpanExporter();
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();

const made = {};
const STEPS = {
  ours: () => {
    made.ours = ours();
  },
  second: () => {
    made.second = ours();
  },
  'second copy': () => {
    delete require.cache[process.env.OUR_BUNDLE];
    made.second = ours();
  },
  'ours off': () => made.ours.disable(),
  'second off': () => made.second.disable(),
  'ours on': () => made.ours.enable(),
  'second on': () => made.second.enable(),
  theirs: () => {
    const { RedisInstrumentation, IORedisInstrumentation = RedisInstrumentation } = require(THEIRS);
    // Only that of ioredis has the option.
    made.theirs = new IORedisInstrumentation({ requireParentSpan: false });
  },
  // As an ES module, as its releases from 0.72 on come: no cache of CommonJS shows it.
  'theirs hidden': () => {
    STEPS.theirs();
    for (const file of Object.keys(require.cache)) if (file.includes('instrumentation-redis')) delete require.cache[file];
  },
  // What these do with the channels is all of them that is to be seen; `npm run test:distros` has the real ones.
  sentry: () => {
    bind(isIoredis ? 'tracing:ioredis:command:start' : 'tracing:node-redis:command:start');
    const client = { getIntegrationByName: (name) => (name === 'Redis' ? { name } : undefined) };
    globalThis.__SENTRY__ = { version: '11.0.0', '11.0.0': { defaultCurrentScope: { getClient: () => client } } };
  },
  tracer: () => bind(isIoredis ? 'tracing:ioredis:command:start' : 'tracing:node-redis:command:start'),
  listener: () => channel('tracing:node-redis:command:start').subscribe(() => {}),
  'dd-trace': () => bind(`apm:${isIoredis ? 'ioredis' : 'redis'}:command:start`),
  'new relic': () =>
    bind(isIoredis ? 'tracing:orchestrion:ioredis:nr_sendCommand:start' : 'tracing:orchestrion:@redis/client:nr_addCommand:start'),
  // Before ioredis 5.11, and with what it subscribes to for node-redis.
  'older sentry': () => {
    bind('tracing:orchestrion:ioredis:command:start');
    bind('tracing:orchestrion:@redis/client:command:start');
  },
  redis: () => {
    const folder = isIoredis ? version : `redis-${version}`;
    made.redis = createRequire(join(__dirname, '../versions', folder, 'package.json'))(isIoredis ? 'ioredis' : 'redis');
  },
  // What the other needs to see ES modules; then the client is loaded as one.
  loader: () => registerLoader('@opentelemetry/instrumentation/hook.mjs', pathToFileURL(__filename)),
  // By its bare name, by which alone it finds it: it is the version that is installed at the root.
  module: async () => {
    made.redis = (await import('ioredis')).default;
  },
  client: () => {
    if (isIoredis) return connectIoredis();
    made.client = isLegacy ? made.redis.createClient({ host, port }) : made.redis.createClient({ socket: { host, port } });
    made.client.on('error', () => {});
    return isLegacy ? undefined : made.client.connect();
  },
};

function connectIoredis() {
  made.client = new made.redis({ host, port });
  return new Promise((resolve) => made.client.once('ready', resolve));
}

function bind(name) {
  channel(name).bindStore(new AsyncLocalStorage(), (data) => data);
}

function ours() {
  const { RedisInstrumentation } = require(process.env.OUR_BUNDLE);
  return new RedisInstrumentation({ onConflict });
}

function runLegacy(client) {
  client.get('first');
  return new Promise((resolve) =>
    client.get('a', () =>
      client
        .multi()
        .get('a')
        .get('b')
        .exec(() =>
          client
            .batch()
            .get('a')
            .get('b')
            .exec(() => client.end(false) ?? resolve()),
        ),
    ),
  );
}

async function run(client) {
  await client.get('first');
  await (isIoredis ? client.call('GET', 'a') : client.sendCommand(['GET', 'a']));
  await client.multi().get('a').get('b').exec();
  await (isIoredis ? client.pipeline() : client.multi()).get('a').get('b').exec(true);
  await (client.destroy ?? client.disconnect).call(client);
}

async function main() {
  for (const step of steps.split(', ')) await STEPS[step]();
  await (isLegacy ? runLegacy : run)(made.client);
  const spans = exporter.getFinishedSpans();
  const of = (scope) => spans.filter(({ instrumentationScope }) => instrumentationScope.name === scope);
  const found = {
    ours: of(OURS).map(({ attributes }) => attributes['db.query.text'].toUpperCase()),
    servers: [...new Set(of(OURS).map(({ attributes }) => attributes['server.address'] ?? 'unknown'))],
    theirs: of(THEIRS).map(({ name }) => name),
    diagnostics,
  };
  process.stdout.write(JSON.stringify(found));
}

main();
