import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { instrumentClient } from '../../src';
import { bundle } from '../support/bundle';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { assertQuiet, diagnostics, inSpan, instrumentation, recorded, redisSpans, resetTracing } from '../support/tracing';
import { type Client, connect, end, IOREDIS_CORE, LEGACY_VERSIONS, major, type Redis, titleOf, VERSIONS } from '../support/versions';

/** A copy of redis that no hook sees and no other test has touched. */
function bundledRedis(version: string): Redis {
  return createRequire(__filename)(bundle(version, 'cjs minified', "module.exports = require('redis');")) as Redis;
}

const texts = () => redisSpans().map(({ attributes }) => attributes['db.query.text']);

describe('instrumentClient', () => {
  let server: RedisServer;
  before(async () => {
    server = await startStandalone();
  });
  after(() => server.stop());
  beforeEach(async () => {
    resetTracing();
    await server.request('FLUSHALL');
  });
  afterEach(() => instrumentation.enable());

  for (const version of VERSIONS.filter((one) => major(one) >= 5)) {
    describe(`on a bundled redis ${version}`, () => {
      let client: Client;
      afterEach(() => end(client));

      it('records commands, batches and scripts as a hook does, completely and below the caller', async () => {
        client = instrumentClient(await connect(bundledRedis(version), server));
        const caller = await inSpan(async (span) => {
          await client.hSet('h', 'f', 'hunter2');
          await client.hGet('h', 'f');
          await client.sendCommand(['GET', 'raw']);
          await client.multi().get('a').get('b').exec();
          await client.multi().get('a').hGet('h', 'f').execAsPipeline();
          return span;
        });
        assert.deepEqual(texts(), ['HSET h f ?', 'HGET h f', 'GET raw', 'GET a; GET b', 'GET a; HGET h f']);
        assert.deepEqual(recorded(redisSpans()[1] as never), {
          name: `HGET ${server.host}:${server.port}`,
          kind: 'CLIENT',
          attributes: {
            'db.system.name': 'redis',
            'db.operation.name': 'HGET',
            'db.query.text': 'HGET h f',
            'db.redis.key_family': 'h',
            'cache.hit': true,
            'db.redis.value_length': 7,
            'db.namespace': '0',
            'server.address': server.host,
            'server.port': server.port,
          },
        });
        const parents = new Set(redisSpans().map(({ parentSpanContext }) => parentSpanContext?.spanId));
        assert.deepEqual(parents, new Set([caller.spanContext().spanId]));
        assertQuiet();
      });

      it('lets stream entries carry context, and hides it', async () => {
        resetTracing({ propagateStreams: ['orders'] });
        client = instrumentClient(await connect(bundledRedis(version), server));
        await client.xAdd('orders', '1-1', { item: 'tea' });
        const [{ messages }] = await client.xRead({ key: 'orders', id: '0' });
        assert.deepEqual({ ...messages[0].message }, { item: 'tea' });
        const [producer, receiver] = redisSpans();
        assert.deepEqual(
          receiver?.links.map(({ context }) => context.spanId),
          [producer?.spanContext().spanId],
        );
        assertQuiet();
      });

      it('patches all clients of the bundle, once, and is undone by disable', async () => {
        const redis = bundledRedis(version);
        client = await connect(redis, server);
        const connected = client.duplicate();
        connected.on('error', () => {});
        await connected.connect();
        for (const one of [client, client, connected]) assert.equal(instrumentClient(one), one);
        const later = client.duplicate();
        later.on('error', () => {});
        await later.connect();
        resetTracing();
        for (const one of [client, connected, later]) await one.get('k');
        assert.deepEqual(texts(), ['GET k', 'GET k', 'GET k']);
        instrumentation.disable();
        await client.get('unseen');
        instrumentation.enable();
        await client.get('again');
        assert.deepEqual(texts().slice(3), ['GET again']);
        for (const one of [connected, later]) await end(one);
        assertQuiet();
      });
    });
  }

  for (const version of LEGACY_VERSIONS) {
    it(`records a bundled redis ${version}`, async () => {
      const redis = bundledRedis(version);
      const client = instrumentClient(redis.createClient({ host: server.host, port: server.port }));
      await promisify(client.hset).call(client, 'h', 'f', 'hunter2');
      await new Promise((resolve) => client.multi().hget('h', 'f').get('a').exec(resolve));
      await new Promise((resolve) => client.batch().get('a').get('b').exec(resolve));
      client.end(false);
      assert.deepEqual(texts(), ['hset h f ?', 'hget h f; get a', 'get a; get b']);
      assert.deepEqual(
        redisSpans().map(({ attributes }) => attributes['server.port']),
        [server.port, server.port, server.port],
      );
      assertQuiet();
    });
  }

  for (const version of IOREDIS_CORE) {
    it(`records a bundled ${titleOf(version)}: commands, batches and scripts, below the caller, and the client's own promise`, async () => {
      const Redis = createRequire(__filename)(bundle(version, 'cjs minified', "module.exports = require('ioredis');"));
      const client: Client = new Redis({ host: server.host, port: server.port, enableReadyCheck: true });
      try {
        await new Promise((resolve) => client.once('ready', resolve));
        client.defineCommand('echoIt', { lua: 'return ARGV[1]', numberOfKeys: 1 });
        assert.equal(instrumentClient(client), client);
        instrumentClient(client);
        const later: Client = new Redis({ host: server.host, port: server.port, db: 2 });
        const caller = await inSpan(async (span) => {
          await client.hset('h', 'f', 'hunter2');
          assert.equal((await client.echoIt('k', 'v')) === 'v', true);
          await client.multi().get('a').get('b').exec();
          await client.pipeline().get('a').hget('h', 'f').exec();
          await later.get('k');
          return span;
        });
        later.disconnect();
        assert.deepEqual(
          redisSpans().map(({ name, attributes }) => (name.startsWith('evalsha') ? name : attributes['db.query.text'])),
          ['hset h f ?', 'evalsha echoIt', 'get a; get b', 'get a; hget h f', 'get k'],
        );
        for (const { parentSpanContext } of redisSpans()) assert.equal(parentSpanContext?.spanId, caller.spanContext().spanId);
        assertQuiet();
      } finally {
        client.disconnect();
      }
    });
  }

  it('leaves subscribers of a bundled ioredis alone, whose messages it cannot reach', async () => {
    const Redis = createRequire(__filename)(bundle('ioredis-5.11', 'cjs minified', "module.exports = require('ioredis');"));
    const [subscriber, publisher] = [1, 2].map(() => instrumentClient(new Redis({ host: server.host, port: server.port }))) as [
      Client,
      Client,
    ];
    try {
      await subscriber.subscribe('news');
      const heard = new Promise((resolve) => subscriber.once('message', (...message: unknown[]) => resolve(message)));
      await publisher.publish('news', 'one');
      assert.deepEqual(await heard, ['news', 'one']);
      assert.deepEqual(
        redisSpans().map(({ name }) => name),
        ['publish news'],
      );
      assertQuiet();
    } finally {
      subscriber.disconnect();
      publisher.disconnect();
    }
  });

  it('does not change any other object, and reports it once', () => {
    const odd = [undefined, null, 7, 'client', {}, Object.create(null), new Proxy({}, { has: () => true }), () => {}, new Map()];
    for (const value of odd) assert.equal(instrumentClient(value), value);
    assert.deepEqual(diagnostics.length, 1);
    assert.match(
      diagnostics[0] ?? '',
      /instrumentClient was not given a client of redis 2, 3, 5 or 6 or of ioredis; nothing is changed: leave redis 4 out of the bundle$/,
    );
  });

  it('does not throw when a getter of the object throws', () => {
    const hostile = new Proxy(
      {},
      {
        getPrototypeOf: () => {
          throw new Error('hunter2');
        },
      },
    );
    assert.equal(instrumentClient(hostile), hostile);
    assert.match(diagnostics.join(), /a client could not be instrumented \(Error\)$/);
  });

  it('reports that nothing is enabled', () => {
    instrumentation.disable();
    const client = {};
    assert.equal(instrumentClient(client), client);
    assert.match(diagnostics.join(), /no RedisInstrumentation is enabled; nothing is changed$/);
  });
});
