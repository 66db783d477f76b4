import assert from 'node:assert/strict';
import { type Attributes, context, metrics, TraceFlags, trace } from '@opentelemetry/api';
import {
  AggregationTemporality,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { NO_DATA } from '../../src/insights/cache';
import { MessageMetrics } from '../../src/recorders/message-metrics';
import { Meters } from '../../src/recorders/meters';
import { MetricRecorder } from '../../src/recorders/metrics';
import { MAX_NODES, MAX_PROCEDURES } from '../../src/recorders/operation-series';
import type { RedisServer } from '../support/redis-server';
import { sharedClient } from '../support/shared-client';
import { assertQuiet, instrumentation, redisSpans, resetTracing } from '../support/tracing';
import { type Client, connect, end, loadRedis } from '../support/versions';

/** One point as a test writes it down: counts for histograms, values for the rest. */
interface Point {
  readonly attributes: object;
  readonly value: number;
}

describe('metric recorder', () => {
  let server: RedisServer;
  let client: Client;
  let provider: MeterProvider;
  let reader: PeriodicExportingMetricReader;

  sharedClient((shared) => {
    ({ server, client } = shared);
  });
  beforeEach(() => {
    resetTracing();
    ({ provider, reader } = newProvider());
    instrumentation.setMeterProvider(provider);
  });
  afterEach(async () => {
    instrumentation.setMeterProvider(metrics.getMeterProvider());
    await provider.shutdown();
    assertQuiet();
  });

  function newProvider(): { provider: MeterProvider; reader: PeriodicExportingMetricReader } {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const made = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1e6 });
    return { provider: new MeterProvider({ readers: [made] }), reader: made };
  }

  async function points(name: string, from = reader): Promise<Point[]> {
    const { resourceMetrics } = await from.collect();
    const metric = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics).find(({ descriptor }) => descriptor.name === name);
    return (metric?.dataPoints ?? []).map(({ attributes, value }) => ({
      attributes,
      value: typeof value === 'number' ? value : (value as Histogram).count,
    }));
  }

  const at = (operation: string, more: object = {}): object => ({
    'db.system.name': 'redis',
    'db.operation.name': operation,
    'db.namespace': '0',
    'server.address': server.host,
    'server.port': server.port,
    ...more,
  });

  it('times every operation, a batch as one, a nil reply as no error', async () => {
    await server.request('RPUSH', 'list', 'x');
    await client.get('missing');
    await client.get('missing');
    await client.get('list').catch(() => {});
    await client.multi().get('a').get('b').exec();
    assert.deepEqual(await points('db.client.operation.duration'), [
      { attributes: at('GET'), value: 2 },
      { attributes: at('GET', { 'error.type': 'WRONGTYPE', 'db.response.status_code': 'WRONGTYPE' }), value: 1 },
      { attributes: at('MULTI GET'), value: 1 },
    ]);
  });

  it('counts an existing consumer group as no error, and one for a key of another type as an error', async () => {
    await server.request('RPUSH', 'list', 'x');
    for (const key of ['jobs', 'jobs', 'list']) await client.xGroupCreate(key, 'workers', '$', { MKSTREAM: true }).catch(() => {});
    assert.deepEqual(await points('db.client.operation.duration'), [
      { attributes: at('XGROUP CREATE'), value: 1 },
      { attributes: at('XGROUP CREATE', { 'db.response.status_code': 'BUSYGROUP' }), value: 1 },
      { attributes: at('XGROUP CREATE', { 'error.type': 'WRONGTYPE', 'db.response.status_code': 'WRONGTYPE' }), value: 1 },
    ]);
  });

  describe('by summary', () => {
    const summaries = async (): Promise<unknown[]> => {
      const told = await points('db.client.operation.duration');
      return told.map(({ attributes, value }) => [(attributes as Attributes)['db.query.summary'], value]);
    };
    const load = async (): Promise<void> => {
      for (const key of ['user:1', 'user:2', 'order:7']) await client.get(key);
      await client.lPush('jobs:4', 'x');
      await client.ping();
      await client.multi().get('user:1').get('order:7').exec();
    };

    it('tells operations apart by the family of their first key, as spans do', async () => {
      resetTracing({ metricsBySummary: true, optionalAttributes: ['db.query.summary'] });
      await load();
      assert.deepEqual(await summaries(), [
        ['GET user:{}', 2],
        ['GET order:{}', 1],
        ['LPUSH jobs:{}', 1],
        ['PING', 1],
        ['MULTI GET', 1],
      ]);
      const ofSpans = new Set(redisSpans().map(({ attributes }) => attributes['db.query.summary']));
      assert.deepEqual([...ofSpans], ['GET user:{}', 'GET order:{}', 'LPUSH jobs:{}', 'PING', undefined]);
    });

    it('names no key where keys are hidden', async () => {
      resetTracing({ metricsBySummary: true, keys: 'hidden' });
      await load();
      assert.deepEqual(await summaries(), [
        ['GET', 3],
        ['LPUSH', 1],
        ['PING', 1],
        ['MULTI GET', 1],
      ]);
    });

    it('has few families, however many keys there are', async () => {
      resetTracing({ metricsBySummary: true, keyFamilies: true });
      const words = Array.from({ length: 1_000 }, (_, index) => `${'abcdefghij'[index % 10]}${index}word`);
      for (const round of [1, 2]) await Promise.all(words.map((word) => client.get(`${word}:part:${round}`)));
      const told = await summaries();
      assert.ok(told.length <= 210, `${told.length} series`);
    });

    it('is off by default', async () => {
      await client.get('user:1');
      assert.deepEqual(await summaries(), [[undefined, 1]]);
    });
  });

  it('names the script or function that was called: the first fifty, then _OTHER', async () => {
    const shas = Array.from({ length: MAX_PROCEDURES + 3 }, (_, index) => `${index}`.padStart(40, 'a'));
    for (const sha of [...shas, ...shas]) await client.evalSha(sha).catch(() => {});
    await client.eval('return 1');
    const told = await points('db.client.operation.duration');
    const values = told.map(({ attributes, value }) => [(attributes as Attributes)['db.stored_procedure.name'], value]);
    const named = shas.slice(0, MAX_PROCEDURES).map((sha) => [sha, 2]);
    assert.deepEqual(values, [...named, ['_OTHER', 6], [undefined, 1]]);
  });

  it('tells 64 nodes apart, and the others together', async () => {
    const { provider: own, reader: read } = newProvider();
    const meters = new Meters(() => own.getMeter('own'), assert.fail);
    const recorder = new MetricRecorder(meters, new MessageMetrics(meters));
    assert.ok(recorder.isActive());
    const outcome = { durationMs: 1, failed: false, reply: null, error: undefined, isLocal: false };
    const known = { operation: 'GET', failure: undefined, lookup: undefined, data: NO_DATA, cache: undefined, lock: undefined };
    for (let node = 0; node < MAX_NODES + 6; node++) {
      const facts = { serverAddress: 'seeds', serverPort: undefined, peerAddress: `10.0.0.${node}`, peerPort: 7_000, namespace: '0' };
      const started = { startTimeMs: 0, startMonotonicMs: 0, context: context.active(), traced: false };
      recorder.command({ ...started, args: ['GET', 'k'], client: { facts } }, outcome, known);
    }
    const told = (await points('db.client.operation.duration', read)) as { attributes: Attributes; value: number }[];
    const others = told.filter(({ attributes }) => attributes['network.peer.address'] === '_OTHER');
    assert.deepEqual([told.length, others.map(({ value }) => value)], [MAX_NODES + 1, [6]]);
    await own.shutdown();
  });

  it('has buckets from a tenth of a millisecond', async () => {
    await client.get('k');
    const { resourceMetrics } = await reader.collect();
    const metric = resourceMetrics.scopeMetrics[0]?.metrics.find(({ descriptor }) => descriptor.name === 'db.client.operation.duration');
    assert.equal(metric?.descriptor.unit, 's');
    const value = metric?.dataPoints[0]?.value as Histogram;
    assert.deepEqual(value.buckets.boundaries, [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]);
    assert.ok((value.sum ?? 0) > 0 && (value.sum ?? 0) < 1);
  });

  it('limits the names of unknown commands, in spans and metrics, but never those of the catalogue', async () => {
    const unknown = Array.from({ length: 1_000 }, (_, index) => `NAME.${index}`);
    const known = ['HGETALL', 'hgetall', 'hGetAll', 'STRLEN'];
    await Promise.allSettled([...unknown, 'NAME.7', ...known].map((name) => client.sendCommand([name, 'k'])));
    await client.multi().addCommand(['zCard', 'k']).addCommand(['ZCARD', 'k']).exec();
    const operations = new Map(
      (await points('db.client.operation.duration')).map(({ attributes, value }) => [
        String((attributes as Record<string, unknown>)['db.operation.name']),
        value,
      ]),
    );
    assert.ok(operations.size <= 206, `${operations.size} series`);
    const counts = ['NAME.7', '_OTHER', 'HGETALL', 'hgetall', 'hGetAll', 'STRLEN', 'MULTI ZCARD'].map((name) => operations.get(name));
    assert.deepEqual(counts, [2, 800, 2, 1, undefined, 1, 1]);
    const spans = redisSpans().map(({ attributes }) => String(attributes['db.operation.name']));
    assert.deepEqual(new Set(spans), new Set(operations.keys()));
    assert.ok(redisSpans().every(({ name, attributes }) => name.startsWith(`${attributes['db.operation.name']} `)));
  });

  it('counts hits and misses of single commands, of every item, and inside batches', async () => {
    await client.set('a', '');
    await client.get('a');
    await client.get('b');
    await client.mGet(['a', 'b', 'c']);
    await client.multi().get('a').get('b').exec();
    await client.multi().get('a').get('b').execAsPipeline();
    assert.deepEqual(await points('cache.requests'), [
      { attributes: { 'cache.result': 'hit', 'db.redis.key_family': 'a' }, value: 4 },
      { attributes: { 'cache.result': 'miss', 'db.redis.key_family': 'b' }, value: 4 },
      { attributes: { 'cache.result': 'miss', 'db.redis.key_family': 'c' }, value: 1 },
    ]);
  });

  it("counts answers of the client's own cache separately", async () => {
    await server.request('SET', 'local', 'v');
    const options = { RESP: 3, clientSideCache: { ttl: 0, maxEntries: 10, evictPolicy: 'LRU' } };
    const caching = await connect(loadRedis('6.3'), server, options);
    for (let i = 0; i < 3; i++) await caching.get('local');
    await end(caching);
    const attributes = { 'cache.result': 'hit', 'db.redis.key_family': 'local' };
    assert.deepEqual(await points('cache.requests'), [
      { attributes, value: 1 },
      { attributes: { ...attributes, 'cache.local': true }, value: 2 },
    ]);
  });

  it('names no families and remembers nothing if that is switched off', async () => {
    instrumentation.setConfig({ keyFamilies: false, cacheInsight: false, locks: false });
    await client.get('nobody');
    await client.set('nobody', 'v', { NX: true, EX: 5 });
    assert.deepEqual(await points('cache.requests'), [{ attributes: { 'cache.result': 'miss' }, value: 1 }]);
    assert.deepEqual(await points('cache.writes'), [{ attributes: { 'cache.ttl': 'yes' }, value: 1 }]);
    for (const name of ['cache.misses', 'cache.load.duration', 'cache.stampede.width']) assert.deepEqual(await points(name), []);
    for (const { attributes } of redisSpans())
      assert.ok(!/family|reason|fill|lock/.test(Object.keys(attributes).join()), JSON.stringify(attributes));
  });

  it('has one name for a key in all metrics that are collected together, whatever it was called before', async () => {
    resetTracing({ keyFamilies: true });
    await client.set('site:first', 'v');
    // A second word is an id, until it comes back.
    await reader.collect();
    await client.set('site:homepage', 'v'.repeat(1_048_576));
    for (let i = 0; i < 5; i++) await client.get('site:homepage');
    const { resourceMetrics } = await reader.collect();
    const named = new Set<string>();
    for (const { descriptor, dataPoints } of resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics)) {
      const families = dataPoints.map(({ attributes }) => attributes['db.redis.key_family']);
      for (const family of families.filter((family) => family !== undefined && family !== 'site:first'))
        named.add(`${descriptor.name} ${family}`);
    }
    assert.deepEqual(
      [...named],
      ['cache.requests', 'cache.writes', 'cache.value.size', 'redis.client.large_replies'].map((name) => `${name} site:homepage`),
    );
  });

  it('takes the families that the application names', async () => {
    instrumentation.setConfig({ keys: 'hidden', keyFamilies: (key) => (key.startsWith('u') ? 'users' : undefined) });
    await client.get('u7');
    await client.get('secret');
    assert.deepEqual(await points('cache.requests'), [
      { attributes: { 'cache.result': 'miss', 'db.redis.key_family': 'users' }, value: 1 },
      { attributes: { 'cache.result': 'miss', 'db.redis.key_family': '_other' }, value: 1 },
    ]);
  });

  it('counts where no span is made: below an unsampled parent, and where tracing is suppressed', async () => {
    const unsampled = trace.wrapSpanContext({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: TraceFlags.NONE });
    await context.with(trace.setSpan(context.active(), unsampled), () => client.get('k'));
    assert.deepEqual(redisSpans(), []);
    assert.deepEqual(await points('db.client.operation.duration'), [{ attributes: at('GET'), value: 1 }]);
  });

  it('continues with a provider that comes later or replaces another', async () => {
    await client.get('k');
    const other = newProvider();
    instrumentation.setMeterProvider(other.provider);
    await client.get('k');
    await client.get('k');
    assert.deepEqual(await points('db.client.operation.duration', other.reader), [{ attributes: at('GET'), value: 2 }]);
    assert.deepEqual(await points('db.client.operation.duration'), [{ attributes: at('GET'), value: 1 }]);
    await other.provider.shutdown();
  });

  it('records nothing with metrics: false', async () => {
    instrumentation.setConfig({ metrics: false });
    await client.get('k');
    assert.deepEqual(await points('db.client.operation.duration'), []);
    assert.equal(redisSpans().length, 1);
  });

  it('counts the connections of a pool, by state, until it is closed', async () => {
    const options = { socket: { host: server.host, port: server.port } };
    const pool = loadRedis('6.3').createClientPool?.(options, { minimum: 3, maximum: 5 });
    pool.on('error', () => {});
    await pool.connect();
    await pool.get('k');
    const name = `${server.host}:${server.port}/0`;
    const state = (value: string): object => ({ 'db.client.connection.pool.name': name, 'db.client.connection.state': value });
    let during: Point[] = [];
    await pool.execute(async (one: Client) => {
      during = await points('db.client.connection.count');
      return one.ping();
    });
    assert.deepEqual(during, [
      { attributes: state('idle'), value: 2 },
      { attributes: state('used'), value: 1 },
    ]);
    await pool.close();
    const fresh = newProvider();
    instrumentation.setMeterProvider(fresh.provider);
    assert.deepEqual(await points('db.client.connection.count', fresh.reader), []);
    await fresh.provider.shutdown();
  });
});
