// Knows: a Redis server, a receiver of telemetry, and what a program of test/packaging/apps prints and sends.
// Must not know: how the program was installed, or what runs it.
import process from 'node:process';
import { startReceiver } from '../examples/demo/receiver.mjs';
import { run } from './installing.mjs';
import { startStandalone } from './redis-server.mjs';

const NAME = 'opentelemetry-instrumentation-redis';
const METRICS = ['cache.requests', 'db.client.operation.duration'];
const RUN_TIMEOUT_MS = 120_000;

/** `problems(…)` runs a program and lists what differs from a good run; none is good. */
export async function startObserving() {
  const redis = await startStandalone();
  const telemetry = createTelemetry();
  const receiver = await startReceiver(telemetry);
  let runs = 0;
  return {
    async problems({ file, args, cwd, env = {} }) {
      runs += 1;
      const service = `run-${runs}`;
      const ended = await run(file, args, {
        cwd,
        env: { ...inherited(), ...environment(redis, receiver, service), ...env },
        timeout: RUN_TIMEOUT_MS,
      });
      return differences(ended, telemetry.of(service), redis);
    },
    async stop() {
      await receiver.stop();
      await redis.stop();
    },
  };
}

function inherited() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('OTEL_') && name !== 'NODE_OPTIONS'));
}

function environment(redis, receiver, service) {
  return {
    REDIS_URL: redis.url,
    OTEL_SERVICE_NAME: service,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_LOGS_EXPORTER: 'none',
  };
}

function differences({ code, stdout, stderr }, { spans, metrics }, redis) {
  // QUIT is a command of the program too, where the version sends it. Redis 3 gives the names in lower case.
  const seen = spans.map((span) => span.toLowerCase()).filter((span) => !span.includes(': quit '));
  return [
    ...differs('exit code', code, 0),
    ...differs('output', stdout, 'Ada\n'),
    ...differs('error output', stderr, ''),
    ...differs('spans', seen, [`${NAME}: set 127.0.0.1:${redis.port}`, `${NAME}: get 127.0.0.1:${redis.port}`]),
    ...differs(
      'metrics',
      METRICS.filter((name) => metrics.has(name)),
      METRICS,
    ),
  ];
}

function differs(what, actual, expected) {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)];
  return is === should ? [] : [`${what}: ${is} instead of ${should}`];
}

/** What arrived, by service name: every run has its own. */
function createTelemetry() {
  const received = new Map();
  const of = (resource) => {
    const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue;
    if (!received.has(service)) received.set(service, { spans: [], metrics: new Set() });
    return received.get(service);
  };
  return {
    of: (service) => received.get(service) ?? { spans: [], metrics: new Set() },
    addTraces({ resourceSpans }) {
      for (const { resource, scopeSpans } of resourceSpans)
        for (const { scope, spans } of scopeSpans) of(resource).spans.push(...spans.map(({ name }) => `${scope.name}: ${name}`));
    },
    addMetrics({ resourceMetrics }) {
      for (const { resource, scopeMetrics } of resourceMetrics)
        for (const { metrics } of scopeMetrics) for (const { name } of metrics) of(resource).metrics.add(name);
    },
  };
}
