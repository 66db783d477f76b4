import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { metrics } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { type Labels, startPrometheus } from '../support/prometheus';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { assertQuiet, instrumentation, resetTracing } from '../support/tracing';
import { type Client, connect, end, loadRedis } from '../support/versions';

/** The sum of all series of a name that have these labels, and how much it must be under the load below. */
type Expectation = readonly [name: string, labels: Labels, expected: number];

describe('scraped by Prometheus', function () {
  this.timeout(60_000);
  let server: RedisServer;
  let endpoint: Server;
  let provider: MeterProvider;
  let expectations: readonly Expectation[];
  const ending: (() => Promise<unknown> | unknown)[] = [];

  before(async () => {
    resetTracing();
    server = await startStandalone();
    const exporter = new PrometheusExporter({ preventServerStart: true });
    provider = new MeterProvider({ readers: [exporter] });
    instrumentation.setMeterProvider(provider);
    endpoint = createServer((request, response) => exporter.getMetricsRequestHandler(request, response)).listen(0, '127.0.0.1');
    await load();
    expectations = expected(`${server.host}:${server.port}/0`);
  });
  after(async () => {
    for (const one of ending) await one();
    instrumentation.setMeterProvider(metrics.getMeterProvider());
    await provider.shutdown();
    endpoint.close();
    await server.stop();
    assertQuiet();
  });

  /** Every kind of metric moves by a number that is known. */
  async function load(): Promise<void> {
    const redis = loadRedis('6.3');
    const client = await connect(redis, server);
    ending.push(() => end(client));
    await client.set('user:7', 'v', { EX: 60 });
    for (let i = 0; i < 3; i++) await client.get('user:7');
    for (let i = 0; i < 2; i++) await client.get('user:8');
    await client.lPush('list', 'x');
    await client.get('list').catch(() => {});
    await client.multi().get('user:7').get('user:8').exec();
    await loadPools(redis);
    await loadPubSub(client);
    await loadCache(redis);
    await loseConnection(client);
  }

  async function loadPools(redis: ReturnType<typeof loadRedis>): Promise<void> {
    const open = async (options: object): Promise<Client> => {
      const pool = redis.createClientPool?.({ socket: { host: server.host, port: server.port } }, options);
      pool.on('error', () => {});
      ending.push(() => pool.destroy());
      return pool.connect();
    };
    const pool = await open({ minimum: 2, maximum: 3, cleanupDelay: 60_000 });
    await Promise.all(Array.from({ length: 7 }, () => pool.execute(() => sleep(20))));
    const small = await open({ minimum: 1, maximum: 1, acquireTimeout: 30 });
    const holding = small.execute(() => sleep(200));
    const late = await Promise.allSettled([small.execute(() => 1), small.execute(() => 2)]);
    assert.deepEqual(
      late.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    await holding;
  }

  async function loadPubSub(client: Client): Promise<void> {
    const subscriber = client.duplicate();
    subscriber.on('error', () => {});
    await subscriber.connect();
    ending.push(() => end(subscriber));
    let received = 0;
    await subscriber.subscribe('news', () => received++);
    for (let i = 0; i < 4; i++) await client.publish('news', 'hello');
    while (received < 4) await sleep(5);
  }

  async function loadCache(redis: ReturnType<typeof loadRedis>): Promise<void> {
    const client = await connect(redis, server, { RESP: 3, clientSideCache: { maxEntries: 10 } });
    ending.push(() => end(client));
    for (let i = 0; i < 3; i++) await client.get('user:7');
  }

  async function loseConnection(client: Client): Promise<void> {
    const ready = new Promise((resolve) => client.once('ready', resolve));
    await server.request('CLIENT', 'KILL', 'ID', String(await client.sendCommand(['CLIENT', 'ID'])));
    await ready;
  }

  function expected(pool: string): readonly Expectation[] {
    const [first, second] = [{ db_client_connection_pool_name: pool }, { db_client_connection_pool_name: `${pool}#2` }];
    const at = { server_address: server.host, server_port: String(server.port) };
    const operation = (name: string, more: Labels = {}): Labels => ({ ...at, db_operation_name: name, db_namespace: '0', ...more });
    return [
      // Three hits, two misses and an error; a miss and two hits of the client with a cache.
      ['db_client_operation_duration_count', operation('GET'), 9],
      ['db_client_operation_duration_count', operation('GET', { error_type: 'WRONGTYPE', db_response_status_code: 'WRONGTYPE' }), 1],
      ['db_client_operation_duration_count', operation('SET'), 1],
      ['db_client_operation_duration_count', operation('MULTI GET'), 1],
      ['db_client_operation_duration_count', operation('PUBLISH'), 4],
      ['db_client_connection_count', { ...first, db_client_connection_state: 'idle' }, 3],
      ['db_client_connection_count', { ...first, db_client_connection_state: 'used' }, 0],
      ['db_client_connection_idle_max', first, 3],
      ['db_client_connection_idle_min', first, 2],
      ['db_client_connection_limit', first, 3],
      ['db_client_connection_limit', second, 1],
      ['db_client_connection_pending_requests', first, 0],
      ['db_client_connection_create_time_count', first, 3],
      ['db_client_connection_wait_time_count', first, 7],
      ['db_client_connection_use_time_count', first, 7],
      ['db_client_connection_wait_time_count', second, 1],
      ['db_client_connection_timeouts_total', second, 2],
      ['redis_client_connections', at, 7],
      ['redis_client_offline_queue_depth', at, 0],
      ['redis_client_reconnects_total', at, 1],
      ['redis_client_connection_errors_total', at, 1],
      ['redis_client_csc_requests_total', { ...at, redis_client_csc_result: 'hit' }, 2],
      ['redis_client_csc_requests_total', { ...at, redis_client_csc_result: 'miss' }, 1],
      ['redis_client_csc_evictions_total', at, 0],
      ['messaging_client_sent_messages_total', { messaging_destination_template: 'news' }, 4],
      ['messaging_client_consumed_messages_total', { messaging_destination_template: 'news' }, 4],
    ];
  }

  it('exports every metric as text, each with the number of the load', async () => {
    const { port } = endpoint.address() as AddressInfo;
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const series = seriesIn(text);
    const rows = expectations.map(([name, labels, value]) => [queryFor(name, labels), value, sumOf(series, name, labels)] as const);
    print('exported as text over HTTP', rows);
    for (const [query, value, actual] of rows) assert.equal(actual, value, `${query}\n${text}`);
    // Of a histogram, the bounds that the conventions' own would not have.
    assert.match(text, /db_client_operation_duration_bucket\{[^}]*le="0\.0001"/);
  });

  it('answers the queries of a real Prometheus', async () => {
    const { port } = endpoint.address() as AddressInfo;
    const prometheus = await startPrometheus(port);
    try {
      const rows: [string, number, number | undefined][] = [];
      for (const [name, labels, value] of expectations) {
        const query = queryFor(name, labels);
        rows.push([query, value, (await prometheus.query(query))[0]?.value]);
      }
      print('scraped and queried', rows);
      for (const [query, value, actual] of rows) assert.equal(actual, value, query);
    } finally {
      await prometheus.stop();
    }
  });
});

function print(title: string, rows: readonly (readonly [string, number, number | undefined])[]): void {
  console.log(`      ${title}: expected, got`);
  for (const [query, value, actual] of rows) console.log(`      ${String(value).padStart(4)} ${String(actual).padStart(4)}  ${query}`);
}

interface Series {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

/** The lines of the text exposition format. */
function seriesIn(text: string): Series[] {
  return [...text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)/gm)].map(([, name = '', list = '', value]) => ({
    name,
    labels: Object.fromEntries([...list.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, text]) => [label, text])),
    value: Number(value),
  }));
}

function sumOf(series: readonly Series[], name: string, labels: Labels): number | undefined {
  const matching = series.filter(
    (one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value),
  );
  return matching.length === 0 ? undefined : matching.reduce((sum, { value }) => sum + value, 0);
}

function queryFor(name: string, labels: Labels): string {
  const matchers = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return `sum(${name}{${matchers.join(',')}})`;
}
