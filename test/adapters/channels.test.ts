import assert from 'node:assert/strict';
import { channel } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Attributes } from '@opentelemetry/api';
import { BUNDLES, bundle } from '../support/bundle';
import { assertUnnoticed } from '../support/control';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { assertQuiet, inSpan, instrumentation, recorded, redisSpans, resetTracing } from '../support/tracing';
import { type Client, connect, end, loadRedis, type Redis } from '../support/versions';
import { blocked } from '../support/waiting';

/** The versions that have diagnostics channels. */
const VERSIONS = ['5.12', '6.3'] as const;

const APP = readFileSync(join(__dirname, 'bundled-app.mjs'), 'utf8');
const SHA = 'd1ad8397c172dc0a63e271f0c4c4250ca8d5d1fb';
const WRONGTYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value';
const FAILED = { 'error.type': 'WRONGTYPE', 'db.response.status_code': 'WRONGTYPE' };

interface Expected {
  readonly text?: string;
  readonly operation: string;
  readonly name?: string;
  readonly more?: Attributes;
  readonly error?: string;
}

/** Only of a command that is shown whole: what is masked could be any key. */
const USER = { 'db.redis.key_family': 'user:{}' };
const MISS = { 'cache.hit': false, 'cache.miss.reason': 'unknown' };

/** What bundled-app.mjs does, in its order. What node-redis has masked is a question mark here too. */
const EXPECTED: readonly Expected[] = [
  { operation: 'SET', text: 'SET user:7 ? ? ?' },
  { operation: 'GET', text: 'GET user:7', more: { ...USER, 'cache.hit': true, 'db.redis.value_length': 7 } },
  { operation: 'GET', text: 'GET user:8', more: { ...USER, ...MISS } },
  { operation: 'GETSET', text: 'GETSET user:7 ?', more: { 'db.redis.value_length': 7 } },
  { operation: 'MGET', text: 'MGET ? ?', more: { 'cache.hit': false, 'cache.hit_count': 1, 'cache.miss_count': 1 } },
  { operation: 'HGET', text: 'HGET ? ?', more: { 'cache.hit': false } },
  { operation: 'EXISTS', text: 'EXISTS user:7 user:8', more: { 'cache.hit_count': 1, 'cache.miss_count': 1 } },
  { operation: 'LPUSH', text: 'LPUSH user:7 ?', more: FAILED, error: WRONGTYPE },
  {
    operation: 'PUBLISH',
    text: 'PUBLISH news ?',
    name: 'publish news',
    more: {
      'messaging.system.name': 'redis',
      'messaging.operation.type': 'send',
      'messaging.operation.name': 'publish',
      'messaging.destination.name': 'news',
    },
  },
  { operation: 'EVAL', text: 'EVAL ? 1 k ?' },
  // The server does not know the script: EVALSHA and the EVAL behind it are one operation.
  { operation: 'EVALSHA', text: `EVALSHA ${SHA} 1 user:7`, name: `EVALSHA ${SHA}`, more: { 'db.stored_procedure.name': SHA } },
  { operation: 'CONFIG SET', text: 'CONFIG SET maxmemory-policy ?' },
  { operation: 'MULTI', more: { 'db.operation.batch.size': 2 } },
  {
    operation: 'MULTI',
    more: { ...FAILED, 'db.operation.batch.size': 2, 'db.redis.batch.failed_count': 1, 'db.redis.batch.first_failed_index': 1 },
    error: WRONGTYPE,
  },
  {
    operation: 'PIPELINE GET',
    text: 'GET user:7; GET user:8',
    more: { 'db.operation.batch.size': 2, 'cache.hit_count': 1, 'cache.miss_count': 1 },
  },
  {
    operation: 'PIPELINE',
    text: 'GET user:7; LPUSH user:7 ?',
    more: {
      ...FAILED,
      'db.operation.batch.size': 2,
      'cache.hit_count': 1,
      'cache.miss_count': 0,
      'db.redis.batch.failed_count': 1,
      'db.redis.batch.first_failed_index': 1,
    },
    error: WRONGTYPE,
  },
  { operation: 'WATCH', text: 'WATCH ?' },
  { operation: 'DEL', text: 'DEL a', more: { 'db.redis.keys_deleted': 1 } },
  { operation: 'MULTI', more: { 'db.operation.batch.size': 2, 'db.redis.transaction.aborted': true } },
  { operation: 'SELECT', text: 'SELECT ?' },
  { operation: 'GET', text: 'GET user:7', more: { ...USER, ...MISS, 'db.namespace': '2' } },
];

function spanOf({ operation, text, name, more, error }: Expected, server: RedisServer): object {
  const attributes: Attributes = {
    'db.system.name': 'redis',
    'db.operation.name': operation,
    'db.namespace': '0',
    ...(text === undefined ? {} : { 'db.query.text': text }),
    'server.address': server.host,
    'server.port': server.port,
    ...more,
  };
  return { name: name ?? `${operation} ${server.host}:${server.port}`, attributes, error };
}

/** A bundle that is nothing but redis, in this process. */
function bundledRedis(version: string): Redis {
  return createRequire(__filename)(bundle(version, 'cjs minified', "export * from 'redis';")) as Redis;
}

const isSubscribed = (operation: string): boolean => channel(`tracing:node-redis:${operation}:start`).hasSubscribers;

describe('channels', () => {
  let server: RedisServer;
  before(async () => {
    server = await startStandalone();
  });
  after(() => server.stop());

  for (const version of VERSIONS) {
    for (const kind of BUNDLES) {
      it(`trace redis ${version} in a bundle (${kind}), without an effect on it`, async () => {
        // Each run on a server of its own: they run at the same time.
        const servers = await Promise.all([startStandalone(), startStandalone(), startStandalone()]);
        try {
          const [first] = servers;
          const env = { REDIS_HOST: first.host, REDIS_PORTS: servers.map(({ port }) => port).join() };
          const { spans } = await assertUnnoticed(bundle(version, kind, APP), { env });
          const own = servers.find(({ port }) => spans[0]?.attributes['server.port'] === port);
          assert.ok(own);
          const found = spans.map(({ name, attributes, status }) => ({ name, attributes, error: status.message }));
          assert.deepEqual(
            found,
            EXPECTED.map((expected) => spanOf(expected, own)),
          );
        } finally {
          await Promise.all(servers.map((one) => one.stop()));
        }
      });
    }

    describe(`of redis ${version}, with hooked clients beside them`, () => {
      let bundled: Client;
      let hooked: Client;
      beforeEach(async () => {
        resetTracing();
        instrumentation.disable();
        instrumentation.enable();
        hooked = await connect(loadRedis(version), server);
      });
      afterEach(async () => {
        instrumentation.enable();
        await end(hooked);
        if (bundled !== undefined) await end(bundled);
      });

      it('cost nothing until a client connects that is not hooked', async () => {
        await hooked.get('k');
        assert.deepEqual([isSubscribed('connect'), isSubscribed('command'), isSubscribed('batch')], [true, false, false]);
        bundled = await connect(bundledRedis(version), server);
        assert.deepEqual([isSubscribed('connect'), isSubscribed('command'), isSubscribed('batch')], [true, true, true]);
        instrumentation.disable();
        assert.deepEqual([isSubscribed('connect'), isSubscribed('command'), isSubscribed('batch')], [false, false, false]);
        assert.equal(channel('node-redis:connection:closed').hasSubscribers, false);
        assertQuiet();
      });

      it('make one span per command, of either client, below the caller', async () => {
        bundled = await connect(bundledRedis(version), server);
        const caller = await inSpan(async (span) => {
          await hooked.hGet('hooked', 'f');
          await bundled.hGet('bundled', 'f');
          await hooked.multi().get('a').get('b').exec();
          await bundled.multi().get('a').get('b').exec();
          return span;
        });
        const texts = redisSpans().map(({ attributes }) => attributes['db.query.text'] ?? attributes['db.operation.name']);
        assert.deepEqual(texts, ['HGET hooked f', 'HGET ? ?', 'GET a; GET b', 'MULTI']);
        const parents = new Set(redisSpans().map(({ parentSpanContext }) => parentSpanContext?.spanId));
        assert.deepEqual(parents, new Set([caller.spanContext().spanId]));
        assertQuiet();
      });

      it('record a connected client again after disable and enable', async () => {
        bundled = await connect(bundledRedis(version), server);
        instrumentation.disable();
        await bundled.get('unseen');
        instrumentation.enable();
        await bundled.get('seen');
        assert.deepEqual(
          redisSpans().map(({ attributes }) => attributes['db.query.text']),
          ['GET seen'],
        );
        assertQuiet();
      });

      it('keep recording a client that refuses to connect twice', async () => {
        bundled = await connect(bundledRedis(version), server);
        await assert.rejects(bundled.connect(), /Socket already opened/);
        await bundled.get('seen');
        assert.equal(redisSpans().length, 1);
        assertQuiet();
      });

      it('follow commands in progress when the client is destroyed', async () => {
        bundled = await connect(bundledRedis(version), server);
        const pending = assert.rejects(bundled.blPop('never', 0), /Disconnects client/);
        await blocked(server);
        bundled.destroy();
        await pending;
        const [span] = redisSpans().map(recorded);
        assert.equal(span?.error, 'Disconnects client');
        assert.equal(span?.attributes['db.operation.name'], 'BLPOP');
        assertQuiet();
      });

      it('do not record commands that the client sends by itself', async () => {
        bundled = await connect(bundledRedis(version), server);
        await bundled.sendCommand(['CLUSTER', 'SLOTS']).catch(() => {});
        await bundled.sendCommand(['AUTH', 'hunter2']).catch(() => {});
        assert.deepEqual(redisSpans(), []);
      });
    });
  }
});
