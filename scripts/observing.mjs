// Knows: a Redis server, a receiver of telemetry, and what a program of test/packaging/apps prints and sends.
// Must not know: how the program was installed, or what runs it.
import { createRequire } from 'node:module';
import process from 'node:process';
import { run } from './installing.mjs';
import { startStandalone } from './redis-server.mjs';

const { openView } = createRequire(import.meta.url)('../build/view/index.js');
const NAME = 'opentelemetry-instrumentation-redis';
const METRICS = ['cache.requests', 'db.client.operation.duration'];
const RUN_TIMEOUT_MS = 120_000;

/** `problems(…)` runs a program and lists what differs from a good run; none is good. */
export async function startObserving() {
  const redis = await startStandalone();
  return {
    async problems({ file, args, cwd, env = {} }) {
      // Each run has a receiver of its own, and with it what it sent.
      const view = await openView();
      const ended = await run(file, args, {
        cwd,
        env: { ...inherited(), ...environment(redis, view), ...env },
        timeout: RUN_TIMEOUT_MS,
      });
      await view.stop();
      return differences(ended, view.telemetry, redis);
    },
    /** The same of a test runner, whose tests say themselves what is wrong. */
    async testProblems({ file, args, cwd }) {
      const env = { ...inherited(), REDIS_URL: redis.url, OTEL_METRICS_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none', CI: 'true' };
      const { code, stdout, stderr } = await run(file, args, { cwd, env, timeout: RUN_TIMEOUT_MS });
      const warned = /\bDeprecationWarning: .*/.exec(stderr)?.[0];
      return code === 0 ? differs('warning', warned, undefined) : [`exit code ${code}: ${stdout}${stderr}`];
    },
    /** What differs for everybody else between a run with us and one without. */
    async neighbourProblems({ file, args, cwd, env = {}, control }) {
      const runs = [];
      for (const way of [control, { args, env }]) {
        const view = await openView();
        const ended = await run(file, way.args, {
          cwd,
          env: { ...inherited(), ...environment(redis, view), ...way.env },
          timeout: RUN_TIMEOUT_MS,
        });
        await view.stop();
        runs.push({ ...ended, spans: view.telemetry.spans() });
      }
      const [without, beside] = runs;
      return [
        ...differs('output', beside.stdout, without.stdout),
        ...differs('error output', beside.stderr, without.stderr),
        ...differs('spans of others', othersIn(beside.spans), othersIn(without.spans)),
        ...differs(
          'our spans',
          beside.spans.filter(({ scope }) => scope === NAME).map(({ name }) => name.split(' ')[0]),
          ['SET', 'GET'],
        ),
        ...(othersIn(without.spans).some((span) => /instrumentation-http /.test(span)) ? [] : ['the run without us has no span of HTTP']),
      ];
    },
    stop: () => redis.stop(),
  };
}

/** All spans but ours, each with its parent. */
function othersIn(spans) {
  const names = new Map(spans.map(({ spanId, name }) => [spanId, name]));
  return spans
    .filter(({ scope }) => scope !== NAME)
    .map(({ scope, name, parentSpanId }) => `${scope} ${name} in ${names.get(parentSpanId) ?? 'none'}`)
    .sort();
}

function inherited() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('OTEL_') && name !== 'NODE_OPTIONS'));
}

function environment(redis, view) {
  return {
    REDIS_URL: redis.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_EXPORTER_OTLP_ENDPOINT: view.url,
    OTEL_LOGS_EXPORTER: 'none',
  };
}

function differences({ code, stdout, stderr }, telemetry, redis) {
  // QUIT is a command of the program too, where the version sends it. Redis 3 gives the names in lower case.
  const spans = telemetry.spans().map(({ scope, name }) => `${scope}: ${name}`.toLowerCase());
  // Of what others record, only what is about redis is of interest.
  const seen = spans.filter((span) => /redis.*: /.test(span) && !span.includes(': quit '));
  return [
    ...differs('exit code', code, 0),
    ...differs('output', stdout, 'Ada\n'),
    ...differs('error output', stderr, ''),
    ...differs('spans', seen, [`${NAME}: set 127.0.0.1:${redis.port}`, `${NAME}: get 127.0.0.1:${redis.port}`]),
    ...differs(
      'metrics',
      METRICS.filter((name) => telemetry.records.series.of(name).length > 0),
      METRICS,
    ),
  ];
}

function differs(what, actual, expected) {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)];
  return is === should ? [] : [`${what}: ${is} instead of ${should}`];
}
