import assert from 'node:assert/strict';
import { type Attributes, type Meter, metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  createAllowListAttributesProcessor,
  type Histogram,
  InMemoryMetricExporter,
  InstrumentType,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { Measuring } from '../support/metrics';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { assertQuiet, diagnostics, instrumentation, resetTracing } from '../support/tracing';
import { type Client, connect, end, loadRedis } from '../support/versions';
import { until } from '../support/waiting';

const DURATION = 'db.client.operation.duration';
const LIMIT = 'db.client.connection.limit';
const CONNECTIONS = 'redis.client.connection.count';

describe('meter providers', () => {
  const redis = loadRedis('6.3');
  const open: Client[] = [];
  let servers: RedisServer[];
  before(async () => {
    servers = await Promise.all([startStandalone(), startStandalone()]);
  });
  after(() => Promise.all(servers.map((server) => server.stop())));
  beforeEach(() => resetTracing());
  afterEach(async () => {
    for (const client of open.splice(0)) await end(client);
    assertQuiet();
  });

  async function newClient(server = servers[0] as RedisServer): Promise<Client> {
    const client = await connect(redis, server);
    open.push(client);
    return client;
  }

  async function newPool(server = servers[0] as RedisServer): Promise<Client> {
    const pool = redis.createClientPool?.({ socket: { host: server.host, port: server.port } }, { maximum: 5 });
    pool.on('error', () => {});
    open.push(pool);
    return pool.connect();
  }

  /** What has points at this server, and their sum. */
  async function seen(measuring: Measuring, server = servers[0] as RedisServer): Promise<Record<string, number>> {
    const collected = await measuring.collect();
    const sum = (name: string): number =>
      (collected[name] ?? [])
        .filter(({ attributes }) => Object.values(attributes).some((value) => String(value).includes(String(server.port))))
        .reduce((total, { value }) => total + value, 0);
    return Object.fromEntries([DURATION, LIMIT, CONNECTIONS].map((name) => [name, sum(name)]));
  }

  it('are followed when one is registered globally long after clients and pools were made', async () => {
    const client = await newClient();
    const pool = await newPool();
    await client.get('k');
    const late = new Measuring();
    metrics.setGlobalMeterProvider(late.provider);
    try {
      await client.get('k');
      await pool.get('k');
      assert.deepEqual(await seen(late), { [DURATION]: 2, [LIMIT]: 5, [CONNECTIONS]: 2 });
    } finally {
      metrics.disable();
      await late.provider.shutdown();
    }
  });

  it('are followed when one replaces another: gauges carry over, and recorded counts stay', async () => {
    const client = await newClient();
    const pool = await newPool();
    const first = Measuring.start();
    await client.get('k');
    assert.deepEqual(await seen(first), { [DURATION]: 1, [LIMIT]: 5, [CONNECTIONS]: 2 });
    const second = Measuring.start();
    await client.get('k');
    await pool.get('k');
    assert.deepEqual(await seen(second), { [DURATION]: 2, [LIMIT]: 5, [CONNECTIONS]: 2 });
    assert.equal((await seen(first))[DURATION], 1);
    await first.provider.shutdown();
    await second.stop();
  });

  it('may have views', async () => {
    const byOperation = createAllowListAttributesProcessor(['db.operation.name']);
    const measuring = Measuring.start({
      views: [
        { instrumentName: DURATION, name: 'redis.duration', attributesProcessors: [byOperation] },
        { instrumentType: InstrumentType.OBSERVABLE_UP_DOWN_COUNTER, instrumentName: LIMIT, name: 'pool.limit' },
      ],
    });
    const client = await newClient();
    const pool = await newPool();
    await client.get('k');
    await pool.get('k');
    const collected = await measuring.collect();
    assert.deepEqual(collected['redis.duration'], [{ attributes: { 'db.operation.name': 'GET' }, value: 2 }]);
    assert.equal(collected[DURATION], undefined);
    assert.equal(collected['pool.limit']?.at(-1)?.value, 5);
    await measuring.stop();
  });

  it('may have a view that joins names of commands that differ in their case', async () => {
    const name = 'db.operation.name';
    const inCapitals = { process: (attributes: Attributes) => ({ ...attributes, [name]: String(attributes[name]).toUpperCase() }) };
    const measuring = Measuring.start({ views: [{ instrumentName: DURATION, attributesProcessors: [inCapitals] }] });
    const client = await newClient();
    await client.get('k');
    await client.sendCommand(['get', 'k']);
    const points = await measuring.points(DURATION);
    assert.deepEqual(
      points.map(({ attributes, value }) => [attributes[name], value]),
      [['GET', 2]],
    );
    await measuring.stop();
  });

  it('may have a reader of increases beside one of totals', async () => {
    const readers = [AggregationTemporality.DELTA, AggregationTemporality.CUMULATIVE].map(
      (temporality) => new PeriodicExportingMetricReader({ exporter: new InMemoryMetricExporter(temporality), exportIntervalMillis: 1e6 }),
    );
    const provider = new MeterProvider({ readers });
    instrumentation.setMeterProvider(provider);
    const client = await newClient();
    const told: unknown[] = [];
    for (const calls of [2, 1]) {
      for (let i = 0; i < calls; i++) await client.get('k');
      for (const reader of readers) told.push(await sumsOf(reader));
    }
    const both = (count: number) => ({ [DURATION]: count, 'cache.requests': count });
    assert.deepEqual(told, [both(2), both(2), both(1), both(3)]);
    instrumentation.setMeterProvider(metrics.getMeterProvider());
    await provider.shutdown();
  });

  async function sumsOf(reader: PeriodicExportingMetricReader): Promise<Record<string, number>> {
    const { resourceMetrics } = await reader.collect();
    const all = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    const counted = (value: unknown): number => (typeof value === 'number' ? value : (value as Histogram).count);
    return Object.fromEntries(
      [DURATION, 'cache.requests'].map((name) => {
        const points = all.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? [];
        return [name, points.reduce((sum, { value }) => sum + counted(value), 0)];
      }),
    );
  }

  it('get the clients of all servers, each under its own server server', async () => {
    const measuring = Measuring.start();
    const [one, two] = servers as [RedisServer, RedisServer];
    const clients = [await newClient(one), await newClient(two), await newClient(two), await newPool(two)];
    for (const client of clients) await client.get('k');
    assert.deepEqual(await seen(measuring, one), { [DURATION]: 1, [LIMIT]: 0, [CONNECTIONS]: 1 });
    assert.deepEqual(await seen(measuring, two), { [DURATION]: 3, [LIMIT]: 5, [CONNECTIONS]: 3 });
    await measuring.stop();
  });

  it('do not affect the application when they throw: the error is reported', async () => {
    const broken = () => {
      throw new Error('no meter today');
    };
    const meter = new Proxy({}, { get: () => broken });
    instrumentation.setMeterProvider({ getMeter: () => meter as Meter });
    const legacy = await connect(loadRedis('3.1'), servers[0] as RedisServer);
    const isolating = await connect(loadRedis('4.7'), servers[0] as RedisServer);
    open.push(legacy, isolating);
    const client = await newClient();
    const pool = await newPool();
    await client.set('k', 'v');
    assert.deepEqual(
      [await client.get('k'), await pool.get('k'), await legacy.get('k'), await isolating.executeIsolated((one: Client) => one.get('k'))],
      ['v', 'v', 'v', 'v'],
    );
    let received = '';
    await isolating
      .duplicate()
      .connect()
      .then(async (subscriber: Client) => {
        open.push(subscriber);
        await subscriber.subscribe('news', (message: string) => {
          received = message;
        });
      });
    await client.publish('news', 'hello');
    await until(() => received === 'hello');
    instrumentation.setMeterProvider(metrics.getMeterProvider());
    const lines = diagnostics.splice(0);
    assert.ok(lines.length > 0 && lines.every((line) => line.includes('(Error)') && !line.includes('no meter today')), lines.join('\n'));
  });
});
