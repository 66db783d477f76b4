import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { metrics } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import * as semconv from '../../src/core/semconv';
import { pages } from '../docs/markdown';
import { Load } from '../support/load';
import { type Labels, type Prometheus, type Sample, startPrometheus } from '../support/prometheus';
import { assertQuiet, instrumentation, resetTracing } from '../support/tracing';
import { until } from '../support/waiting';
import { FOLDER, readDashboard, resolved, valuesOf } from './grafana';

const dashboard = readDashboard();
const panels = dashboard.panels.filter(({ type }) => type !== 'row');

/** An alert's expression holds for nothing in good times: without its thresholds it must speak of something. */
function withoutThresholds(expression: string): string {
  return expression.replaceAll(/ (?:>=|<=|>|<) [\d.]+/g, '');
}

function queriesOf(page: string): readonly string[] {
  return pages().find(({ path }) => path === page)?.queries ?? [];
}

describe('dashboards and rules', () => {
  let load: Load;
  let provider: MeterProvider;
  let endpoint: Server;
  let prometheus: Prometheus;

  before(async () => {
    resetTracing();
    const exporter = new PrometheusExporter({ preventServerStart: true });
    provider = new MeterProvider({ readers: [exporter] });
    instrumentation.setMeterProvider(provider);
    endpoint = createServer((request, response) => exporter.getMetricsRequestHandler(request, response)).listen(0, '127.0.0.1');
    load = await Load.start();
    // Prometheus sees how much a counter increased from the second time it sees it.
    await load.run();
    load.passTime();
    const { port } = endpoint.address() as AddressInfo;
    prometheus = await startPrometheus({ target: port, rules: [join(FOLDER, 'prometheus/rules.yml')] });
    for (let i = 0; i < 2; i++) await load.run();
    load.passTime();
    await load.hold();
    await prometheus.scraped();
  });
  after(async () => {
    await prometheus?.stop();
    await load?.stop();
    instrumentation.setMeterProvider(metrics.getMeterProvider());
    await provider.shutdown();
    endpoint.close();
    assertQuiet();
  });

  const at = () => ({ server_address: load.server.host, server_port: String(load.server.port) });
  const poolName = (suffix = '') => ({ db_client_connection_pool_name: `${load.server.host}:${load.server.port}/0${suffix}` });
  const user = { db_redis_key_family: 'user:{}' };

  /** The answer to a panel's query, by the panel's title. */
  async function shown(title: string, index = 0): Promise<Sample[]> {
    const target = panels.find((panel) => panel.title === title)?.targets?.[index];
    assert.ok(target, `there is no panel ${title}`);
    return prometheus.query(resolved(target.expr));
  }

  it('has a panel for each query, and all of them show something', async () => {
    const empty: string[] = [];
    for (const { title, targets = [] } of panels) {
      assert.ok(targets.length > 0, `${title} queries nothing`);
      for (const { expr, datasource } of targets) {
        assert.match(datasource.uid, /^\$\{DS_PROMETHEUS\}$/);
        const samples = await prometheus.query(resolved(expr));
        if (!samples.some(({ value }) => Number.isFinite(value))) empty.push(`${title}: ${resolved(expr)}`);
      }
    }
    assert.deepEqual(empty, []);
  });

  it('matches the queries on the pages about metrics and the cache, which find something too', async () => {
    const [cache = [], metricsPage = []] = ['cache', 'metrics'].map((name) => queriesOf(`docs/${name}.md`));
    assert.ok(cache.length > 10 && metricsPage.length > 30);
    const empty: string[] = [];
    for (const query of [...cache, ...metricsPage]) {
      const samples = await prometheus.query(query);
      if (!samples.some(({ value }) => Number.isFinite(value))) empty.push(query);
    }
    assert.deepEqual(empty, []);
  });

  it('has variables with values, and existing labels in its legends', async () => {
    for (const variable of dashboard.templating.list.filter(({ type }) => type === 'query')) {
      assert.ok((await prometheus.query(valuesOf(variable))).length > 0, variable.name);
    }
    for (const { title, targets = [] } of panels) {
      for (const { expr, legendFormat } of targets) {
        const labels = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
        const samples = await prometheus.query(resolved(expr));
        for (const label of labels) {
          assert.ok(
            samples.some(({ metric }) => metric[label] !== undefined),
            `${title} has no ${label}`,
          );
        }
      }
    }
  });

  it('describes every panel, and shows no more families than can be read', () => {
    for (const { title, description = '', targets = [] } of panels) {
      assert.ok(description.length > 5, title);
      for (const { expr } of targets) assert.ok(!/by \([^)]*db_redis_key_family/.test(expr) || expr.startsWith('topk(20, '), title);
    }
  });

  it('has no panel that overlaps another, or is outside the grid', () => {
    const taken = new Set<string>();
    for (const { title, gridPos } of dashboard.panels) {
      assert.ok(gridPos.x + gridPos.w <= 24, title);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert.ok(!taken.has(`${x} ${y}`), title);
          taken.add(`${x} ${y}`);
        }
      }
    }
    assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length);
  });

  it('shows the numbers of the load', async () => {
    // See test/recorders/load.test.ts for what a run comes to.
    const rows: [string, Labels, number][] = [
      ['Errors', {}, 2 / 56],
      ['Hit ratio', {}, 7 / 16],
      ['Errors by server', at(), 2 / 54],
      ['Hit ratio by family', user, 7 / 15],
      ['Hit ratio by family', { db_redis_key_family: 'user:absent' }, 0],
      ['Writes without a time to live', user, 1 / 6],
      ['Client-side cache', at(), 2 / 3],
      ['Connections in use', poolName(), 1],
      ['Connections in use', poolName('#2'), 0],
      ['Connections by state', { ...poolName(), db_client_connection_state: 'used' }, 2],
      ['Waiting tasks, timeouts', poolName(), 3],
      ['Commands that wait for a connection', { server_address: load.gone.host, server_port: String(load.gone.port) }, 3],
      ['In flight', { messaging_destination_template: 'news' }, 0],
    ];
    for (const [title, labels, expected] of rows) assertShown(await shown(title), labels, expected, title);
    const connections = (await prometheus.query(resolved(lastExpression('Connections')))).filter((sample) => has(sample, at()));
    assert.deepEqual(
      connections.map(({ value }) => value),
      [7],
    );
  });

  it('shows rates in the right proportion', async () => {
    // Of one moment: what a rate is extrapolated to changes with time.
    const seconds = Date.now() / 1_000;
    const rate = async (title: string, labels: Labels): Promise<number> => {
      const samples = await prometheus.query(resolved(lastExpression(title)), seconds);
      return samples.find((sample) => has(sample, labels))?.value ?? Number.NaN;
    };
    const set = await rate('Commands', { db_operation_name: 'SET' });
    const rows: [string, Labels, number][] = [
      ['Commands', { db_operation_name: 'GET' }, 17 / 9],
      ['Errors by type', { error_type: 'WRONGTYPE' }, 2 / 9],
      ['Calls that repeat', { db_operation_name: 'INCR', db_redis_key_family: 'visits:{}' }, 12 / 9],
      ['Look-ups', { ...user, cache_result: 'miss' }, 8 / 9],
      ['Why it was not there', { ...user, cache_miss_reason: 'expired' }, 1 / 9],
      ['Misses not filled by the process that missed', user, 3 / 9],
      ['Loads', user, 2 / 9],
      ['Stampedes', user, 1 / 9],
      ['Messages', { messaging_destination_template: 'news' }, 3 / 9],
    ];
    for (const [title, labels, expected] of rows) {
      const actual = (await rate(title, labels)) / set;
      assert.ok(isClose(actual, expected), `${title}: ${actual} and not ${expected}`);
    }
  });

  it('evaluates every recording rule, with the numbers of the load', async () => {
    const rules = (await prometheus.rules()).filter(({ type }) => type === 'recording');
    assert.ok(rules.length > 0);
    for (const { name } of rules) await eventually(name, (samples) => samples.some(({ value }) => Number.isFinite(value)));
    const rows: [string, Labels, number][] = [
      ['job:redis_operation_errors:ratio_rate5m', at(), 2 / 54],
      ['job:cache_hits:ratio_rate5m', user, 7 / 15],
      ['job:cache_unfilled_misses:ratio_rate5m', user, 3 / 8],
      ['job:cache_writes_without_ttl:ratio_rate5m', user, 1 / 6],
      ['job:redis_pool_used:ratio', poolName(), 1],
    ];
    for (const [name, labels, expected] of rows) {
      await eventually(name, (samples) =>
        samples.some((sample) => has(sample, { job: 'app', ...labels }) && isClose(sample.value, expected)),
      );
    }
    for (const { name, health } of await prometheus.rules()) assert.equal(health, 'ok', name);
  });

  it('knows every metric by its documented name, apart from the unit', async () => {
    const page = readFileSync(join(FOLDER, '../docs/metrics.md'), 'utf8');
    const names = [...page.matchAll(/^\| `[\w.]+` \| [^|]+ \| `(\w+)` \|/gm)].map(([, name = '']) => name);
    assert.equal(names.length, Object.keys(semconv).filter((key) => key.startsWith('METRIC_')).length);
    for (const name of names) {
      const pattern = `${name.replace(/_(seconds|bytes)(_total)?$/, '(_$1)?$2')}(_count)?`;
      assert.ok((await prometheus.query(`count({__name__=~"${pattern}"})`)).length > 0, name);
    }
  });

  // https://github.com/redis-developer/redis-client-observability, without geo-failover: what it filters and groups by.
  const ASKED: Readonly<Record<string, readonly string[]>> = {
    'db_client_operation_duration(_seconds)?_bucket': ['db_operation_name', 'le'],
    db_client_connection_count: ['db_client_connection_pool_name', 'db_client_connection_state'],
    'db_client_connection_create_time(_seconds)?_bucket': ['db_client_connection_pool_name'],
    'db_client_connection_wait_time(_seconds)?_bucket': ['db_client_connection_pool_name'],
    db_client_connection_pending_requests: ['db_client_connection_pool_name'],
    redis_client_errors_total: ['error_type', 'redis_client_errors_category'],
    redis_client_connection_closed_total: ['redis_client_connection_close_reason'],
    redis_client_connection_handoff_total: ['db_client_connection_pool_name'],
    redis_client_connection_relaxed_timeout: ['db_client_connection_pool_name'],
    redis_client_csc_requests_total: ['redis_client_csc_result'],
    'redis_client_csc_network_saved(_bytes)?_total': [],
    redis_client_csc_items: ['db_client_connection_pool_name'],
    redis_client_csc_evictions_total: ['redis_client_csc_reason'],
    redis_client_pubsub_messages_total: ['redis_client_pubsub_channel'],
    'redis_client_stream_lag(_seconds)?_bucket': ['redis_client_stream_name', 'le'],
  };
  for (const [name, labels] of Object.entries(ASKED)) {
    it(`has what the dashboard for Redis's own clients asks of ${name}`, async () => {
      const filters = labels.map((label) => `, ${label}!=""`).join('');
      assert.ok((await prometheus.query(`{__name__=~"${name}"${filters}}`)).length > 0);
    });
  }

  it('has alerts on existing metrics only', async () => {
    const alerts = (await prometheus.rules()).filter(({ type }) => type === 'alerting');
    assert.ok(alerts.length > 0);
    for (const { name, query } of alerts) {
      const samples = await prometheus.query(withoutThresholds(query));
      assert.ok(samples.length > 0, `${name}: ${withoutThresholds(query)}`);
    }
  });

  function lastExpression(title: string): string {
    return panels.filter((panel) => panel.title === title).at(-1)?.targets?.[0]?.expr ?? assert.fail(`there is no panel ${title}`);
  }

  async function eventually(query: string, holds: (samples: Sample[]) => boolean): Promise<void> {
    let samples: Sample[] = [];
    const isThere = async (): Promise<boolean> => {
      samples = await prometheus.query(query);
      return holds(samples);
    };
    await until(isThere, query).catch((error: Error) => assert.fail(`${error.message}: ${JSON.stringify(samples)}`));
  }
});

function has({ metric }: Sample, labels: Labels): boolean {
  return Object.entries(labels).every(([name, value]) => metric[name] === value);
}

function assertShown(samples: readonly Sample[], labels: Labels, expected: number, title: string): void {
  const values = samples.filter((sample) => has(sample, labels)).map(({ value }) => value);
  assert.equal(values.length, 1, `${title}: ${JSON.stringify(samples)}`);
  assert.ok(isClose(values[0] ?? Number.NaN, expected), `${title}: ${values[0]} and not ${expected}`);
}

function isClose(actual: number, expected: number): boolean {
  return Math.abs(actual - expected) < 1e-9;
}
