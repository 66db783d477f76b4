import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { UNKNOWN_SERVER } from '../../src/core/events';
import { MAX_SERVERS, ServerMetrics } from '../../src/recorders/connections';
import { Meters } from '../../src/recorders/meters';
import { entriesIn } from '../support/entries';
import { type Collected, Measuring } from '../support/metrics';
import { listen } from '../support/proxy';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { assertQuiet, instrumentation, resetTracing } from '../support/tracing';
import { type Client, connect, end, IOREDIS_CORE, LEGACY_VERSIONS, loadRedis, major, titleOf, VERSIONS } from '../support/versions';
import { settled, until } from '../support/waiting';

/** What Redis's clients say of the same: compared where that is tested. */
const OTHERS = ['redis.client.errors', 'redis.client.connection.closed'];

describe('server metrics', () => {
  let server: RedisServer;
  let measuring: Measuring;
  beforeEach(async () => {
    server = await startStandalone();
    resetTracing();
    measuring = Measuring.start();
  });
  afterEach(async () => {
    await measuring.stop();
    await server.stop();
    assertQuiet();
  });

  /** Of this test's server alone: other tests' clients are there as long as they are not collected. */
  async function here(): Promise<Collected> {
    const collected = await measuring.collect();
    const entries = Object.entries(collected).filter(([name]) => !OTHERS.includes(name) && name.startsWith('redis.client.'));
    const own = entries.map(
      ([name, points]) => [name, points.filter(({ attributes }) => attributes['server.port'] === server.port)] as const,
    );
    return Object.fromEntries(own.filter(([, points]) => points.length > 0));
  }
  /** How many connections were closed, by why. */
  async function closings(): Promise<Record<string, number>> {
    const points = await measuring.points('redis.client.connection.closed');
    const own = points.filter(({ attributes }) => attributes['server.port'] === server.port);
    return Object.fromEntries(own.map(({ attributes, value }) => [String(attributes['redis.client.connection.close.reason']), value]));
  }
  const at = (more: object = {}) => ({ 'server.address': server.host, 'server.port': server.port, ...more });
  const gauges = (connections: number, waiting: number) => ({
    'redis.client.connection.count': [{ attributes: at(), value: connections }],
    'redis.client.offline_queue.depth': [{ attributes: at(), value: waiting }],
  });

  for (const version of [...LEGACY_VERSIONS, ...VERSIONS, ...IOREDIS_CORE]) {
    it(`counts connections of ${titleOf(version)}, losses and reconnects, and waiting commands`, async () => {
      const options = { socket: { host: server.host, port: server.port, reconnectStrategy: () => 50 } };
      const redis = loadRedis(version);
      const clients: Client[] = [await connect(redis, server, options), await connect(redis, server, options)];
      assert.deepEqual(await here(), gauges(2, 0));

      await server.crash();
      await until(async () => (await here())['redis.client.connection.count']?.[0]?.value === 0);
      const waiting = [1, 2, 3].map((i) => clients[0].get(`k${i}`));
      const down = await here();
      assert.deepEqual({ ...down, 'redis.client.connection.errors': [] }, { ...gauges(0, 3), 'redis.client.connection.errors': [] });

      await server.restart();
      await Promise.all(waiting);
      await until(async () => (await here())['redis.client.connection.count']?.[0]?.value === 2);
      const { 'redis.client.connection.errors': errors, ...up } = await here();
      assert.deepEqual(up, { ...gauges(2, 0), 'redis.client.reconnects': [{ attributes: at(), value: 2 }] });
      const types = errors?.map(({ attributes }) => attributes['error.type']) ?? [];
      for (const { attributes } of errors ?? []) assert.deepEqual(attributes, at({ 'error.type': attributes['error.type'] }));
      assert.ok(types.length > 0 && new Set(types).size === types.length, String(types));

      for (const client of clients) await end(client);
      await until(async () => (await here())['redis.client.connection.count']?.[0]?.value === 0);
      await until(async () => (await closings()).application_close === 2);
      assert.deepEqual(await closings(), { error: 2, application_close: 2 });
    });

    it(`adds no listener that an application of redis ${version} could see, and counts a refused connection`, async () => {
      await server.crash();
      let isOver = false;
      const reconnectStrategy = () => (isOver ? new Error('no more') : 20);
      const client = loadRedis(version).createClient({ socket: { host: server.host, port: server.port, reconnectStrategy } });
      assert.equal(client.listenerCount('error'), 0);
      let attempts = 0;
      client.on('error', () => {});
      client.on('reconnecting', () => attempts++);
      const connecting = client.connect().catch(() => {});
      await until(() => attempts >= 3);
      await end(client);
      const [counted, ...others] = (await here())['redis.client.connection.errors'] ?? [];
      assert.deepEqual([counted?.attributes, others], [at({ 'error.type': 'ECONNREFUSED' }), []]);
      // The last may not have been answered by another attempt.
      assert.ok([attempts, attempts + 1].includes(counted?.value ?? 0), `${counted?.value} of ${attempts}`);
      // Redis 4.0 would go on for ever.
      isOver = true;
      if (major(version) >= 4) await connecting;
      await server.restart();
    });
  }

  for (const version of [...LEGACY_VERSIONS, ...VERSIONS, ...IOREDIS_CORE]) {
    it(`counts nothing that happens to a client of ${titleOf(version)} while we are disabled`, async () => {
      const options = { socket: { host: server.host, port: server.port, reconnectStrategy: () => 20 } };
      const client = await connect(loadRedis(version), server, options);
      let losses = 0;
      client.on('error', () => {});
      client.on('reconnecting', () => losses++);
      let returns = 0;
      client.on('ready', () => returns++);
      instrumentation.disable();
      try {
        await server.request('CLIENT', 'KILL', 'TYPE', 'normal').catch(() => {});
        await until(() => losses > 0);
        // A reply would not tell: what waits is answered with the handshake, before the client is ready.
        await until(() => returns > 0);
      } finally {
        instrumentation.enable();
      }
      assert.ok(losses > 0 && returns > 0);
      assert.deepEqual(await here(), gauges(1, 0));
      await end(client);
    });
  }

  for (const version of VERSIONS) {
    it(`does not count a client of redis ${version} as lost that is closed and opened again`, async () => {
      const client = await connect(loadRedis(version), server);
      await end(client);
      await client.connect();
      assert.deepEqual(await here(), gauges(1, 0));
      await end(client);
    });

    it(`counts the loss that ends a client of redis ${version} once`, async () => {
      const options = { socket: { host: server.host, port: server.port, reconnectStrategy: () => new Error('no more') } };
      const client = await connect(loadRedis(version), server, options);
      const errors: unknown[] = [];
      client.on('error', (error: unknown) => errors.push(error));
      await server.request('CLIENT', 'KILL', 'TYPE', 'normal').catch(() => {});
      await until(() => errors.length > 0);
      await settled(server);
      const counted = (await here())['redis.client.connection.errors'] ?? [];
      const told = new Set(errors).size;
      assert.equal(
        counted.reduce((sum, { value }) => sum + Number(value), 0),
        told,
      );
    });
  }

  it('counts one error of a connection of ioredis that is ready after an answer that broke it', async () => {
    // The library has the answer that makes it ready before it learns that the rest is none.
    const hostile = createServer((socket) => {
      socket.on('error', () => {}).on('data', () => socket.write('$19\r\nredis_version:7.0.0\r\nno answer\r\n'));
    });
    const port = await listen(hostile);
    const client = loadRedis('ioredis-4.28').createClient({ socket: { host: '127.0.0.1', port } });
    let attempts = 0;
    client.on('error', () => {});
    client.on('reconnecting', () => attempts++);
    await until(() => attempts > 1);
    const errors = await measuring.points('redis.client.connection.errors');
    const own = errors.filter(({ attributes }) => attributes['server.port'] === port);
    assert.deepEqual(
      own.map(({ attributes }) => attributes['error.type']),
      ['ParserError'],
    );
    client.disconnect();
    await new Promise((resolve) => hostile.close(resolve));
  });

  it('counts the connections of a pool, too', async () => {
    for (const version of VERSIONS.filter((one) => major(one) >= 5)) {
      const pool = loadRedis(version).createClientPool?.({ socket: { host: server.host, port: server.port } }, { minimum: 3 });
      pool.on('error', () => {});
      await pool.connect();
      assert.deepEqual(await here(), gauges(3, 0), version);
      pool.destroy();
    }
  });

  it('counts answers of the client-side cache from its own statistics, and evictions by their reason', async () => {
    for (const version of ['5.12', '6.3'] as const) {
      const own = Measuring.start();
      const client = await connect(loadRedis(version), server, { RESP: 3, clientSideCache: { maxEntries: 1 } });
      for (const key of ['a', 'a', 'a', 'b', 'a']) await client.get(key);
      await server.request('SET', 'a', 'changed');
      await until(async () => (await reasonsIn(own)).invalidation === 1);
      measuring = own;
      const { 'redis.client.csc.requests': requests } = await here();
      assert.deepEqual(requests, [
        { attributes: at({ 'redis.client.csc.result': 'hit' }), value: 2 },
        { attributes: at({ 'redis.client.csc.result': 'miss' }), value: 3 },
      ]);
      assert.deepEqual(await reasonsIn(own), { full: 2, invalidation: 1 });
      await end(client);
    }
  });

  async function reasonsIn(own: Measuring): Promise<Record<string, number>> {
    const points = await own.points('redis.client.csc.evictions');
    const told = points.filter(({ attributes }) => attributes['redis.client.csc.reason'] !== undefined);
    return Object.fromEntries(told.map(({ attributes, value }) => [String(attributes['redis.client.csc.reason']), value]));
  }

  it('counts evictions without a reason where redis tells only their number, and with the server if only one has a cache', async () => {
    const own = new Measuring();
    const meters = new Meters(() => own.provider.getMeter('caches'), assert.fail);
    const recorder = new ServerMetrics(meters, assert.fail, []);
    recorder.start();
    meters.refresh();
    const cacheAt = (serverAddress: string, evictions: number) => {
      const news = [{ hits: 1, misses: 1, evictions, items: 3 }];
      const facts = { ...UNKNOWN_SERVER, serverAddress, serverPort: 6379, namespace: '2' };
      recorder.watchCache({ facts, read: () => news.pop() ?? { hits: 0, misses: 0, evictions: 0, items: 3 } });
    };
    const told = async (name: string) => (await own.collectScope('caches'))[name];
    cacheAt('one', 4);
    assert.deepEqual(await told('redis.client.csc.evictions'), [{ attributes: { 'server.address': 'one' }, value: 4 }]);
    assert.deepEqual(await told('redis.client.csc.items'), [
      { attributes: { 'server.address': 'one', 'db.client.connection.pool.name': 'one:6379/2' }, value: 3 },
    ]);
    recorder.evicted('ttl', 2);
    cacheAt('two', 5);
    recorder.evicted('ttl', 3);
    recorder.evicted('anything', 1);
    assert.deepEqual(await told('redis.client.csc.evictions'), [
      { attributes: { 'server.address': 'one' }, value: 4 },
      { attributes: { 'server.address': 'one', 'redis.client.csc.reason': 'ttl' }, value: 2 },
      { attributes: { 'redis.client.csc.reason': 'ttl' }, value: 3 },
      { attributes: { 'redis.client.csc.reason': '_OTHER' }, value: 1 },
    ]);
    await own.provider.shutdown();
  });

  it('counts evictions while nobody asks the client-side cache', async () => {
    const own = new Measuring();
    const meters = new Meters(() => own.provider.getMeter('idle'), assert.fail);
    const recorder = new ServerMetrics(meters, assert.fail, []);
    meters.refresh();
    const news = [
      { hits: 1, misses: 1, evictions: 0, items: 1 },
      { hits: 0, misses: 0, evictions: 1, items: 0 },
    ];
    recorder.watchCache({ facts: { ...UNKNOWN_SERVER, serverAddress: 'one' }, read: () => news.shift() });
    const evictions = async () => (await own.collectScope('idle'))['redis.client.csc.evictions'];
    assert.deepEqual(await evictions(), undefined);
    assert.deepEqual(await evictions(), [{ attributes: { 'server.address': 'one' }, value: 1 }]);
    await own.provider.shutdown();
  });

  it('shows to each reader that a client-side cache has no entries any more, when it is gone', async () => {
    const own = new Measuring();
    const recorder = new ServerMetrics(new Meters(() => own.provider.getMeter('gone'), assert.fail), assert.fail, []);
    const caches = [3, 4];
    const facts = { ...UNKNOWN_SERVER, serverAddress: 'one' };
    for (const cache of [0, 1]) {
      const newsOf = (items: number) => ({ hits: 0, misses: 0, evictions: 0, items });
      recorder.watchCache({ facts, read: () => (caches[cache] === undefined ? undefined : newsOf(caches[cache])) });
    }
    const items = async () => (await own.collectScope('gone'))['redis.client.csc.items'];
    const attributes = { 'server.address': 'one', 'db.client.connection.pool.name': 'one' };
    assert.deepEqual(await items(), [{ attributes, value: 7 }]);
    caches.pop();
    assert.deepEqual(await items(), [{ attributes, value: 3 }]);
    caches.pop();
    for (const _reader of [1, 2]) assert.deepEqual(await items(), [{ attributes, value: 0 }]);
    await own.provider.shutdown();
  });

  it('keeps counting when the client-side cache resets its counts, after a lost connection', async () => {
    for (const version of ['5.12', '6.3'] as const) {
      const client = await connect(loadRedis(version), server, { RESP: 3, clientSideCache: {} });
      client.on('error', () => {});
      let returns = 0;
      client.on('ready', () => returns++);
      const before = (await here())['redis.client.csc.requests'] ?? [];
      assert.deepEqual(before, []);
      for (const key of ['a', 'a', 'a']) await client.get(key);
      await here();
      await server.request('CLIENT', 'KILL', 'TYPE', 'normal').catch(() => {});
      await until(() => returns > 0);
      for (const key of ['a', 'a']) await client.get(key);
      assert.deepEqual((await here())['redis.client.csc.requests'], [
        { attributes: at({ 'redis.client.csc.result': 'hit' }), value: 3 },
        { attributes: at({ 'redis.client.csc.result': 'miss' }), value: 2 },
      ]);
      await end(client);
      await measuring.stop();
      measuring = Measuring.start();
    }
  });

  it('reads a cache of the application without statistics, and does not affect its commands', async () => {
    const redis = loadRedis('6.3') as unknown as { readonly BasicClientSideCache: new () => object };
    class Untold extends redis.BasicClientSideCache {
      stats(): never {
        throw new Error('not counted');
      }
    }
    const client = await connect(loadRedis('6.3'), server, { RESP: 3, clientSideCache: new Untold() });
    await server.request('SET', 'k', 'v');
    assert.deepEqual([await client.get('k'), await client.get('k')], ['v', 'v']);
    assert.deepEqual(await here(), gauges(1, 0));
    await end(client);
  });

  it('forgets connections and caches that are gone, even if metrics are never collected', () => {
    const recorder = new ServerMetrics(new Meters(() => undefined, assert.fail), assert.fail, []);
    const facts = { ...UNKNOWN_SERVER, serverAddress: 'a', serverPort: 6379 };
    for (let i = 0; i < 1_000; i++) {
      recorder.watchConnection({ facts, read: () => undefined });
      recorder.watchCache({ facts, read: () => undefined });
    }
    assert.ok(entriesIn(recorder) < 200, `${entriesIn(recorder)}`);
  });

  it('forgets servers without connections once there are too many, after one more export', async () => {
    const own = new Measuring();
    const recorder = new ServerMetrics(new Meters(() => own.provider.getMeter('churn'), assert.fail), assert.fail, []);
    const shown = async (): Promise<number> => {
      await own.collectScope('churn');
      return (recorder as unknown as { servers: Map<string, object> }).servers.size;
    };
    let isUp = true;
    for (let i = 0; i < MAX_SERVERS + 500; i++) {
      const facts = { ...UNKNOWN_SERVER, serverAddress: `10.0.${i >> 8}.${i & 255}`, serverPort: 6379 };
      recorder.watchConnection({ facts, read: () => (isUp ? { isReady: true, waiting: 0 } : undefined) });
    }
    assert.equal(await shown(), MAX_SERVERS + 500);
    assert.equal(await shown(), MAX_SERVERS + 500);
    isUp = false;
    assert.equal(await shown(), MAX_SERVERS + 500);
    assert.equal(await shown(), 0);
    await own.provider.shutdown();
  });
});
