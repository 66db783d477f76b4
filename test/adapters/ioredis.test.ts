import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { assertQuiet, instrumentation, redisSpans, resetTracing } from '../support/tracing';
import { type Client, folderOf, IOREDIS_CORE } from '../support/versions';

/** What a test of one library alone needs: everything else is in test/paths and in the tests of all libraries. */
describe('ioredis', () => {
  let server: RedisServer;
  before(async () => {
    server = await startStandalone();
  });
  after(() => server.stop());
  beforeEach(() => resetTracing());
  afterEach(() => {
    instrumentation.enable();
    assertQuiet();
  });

  for (const version of IOREDIS_CORE) {
    const Redis = createRequire(join(folderOf(version), 'package.json'))('ioredis');

    it(`${version}: a client that was made before us, with what it has selected meanwhile at its reply`, async () => {
      instrumentation.disable();
      const client: Client = new Redis({ host: server.host, port: server.port });
      await client.get('before');
      instrumentation.enable();
      try {
        await client.select(3);
        await client.pipeline().get('a').get('b').exec();
        await client.get('k');
      } finally {
        client.disconnect();
      }
      assert.deepEqual(
        redisSpans().map(({ attributes }) => [attributes['db.query.text'], attributes['db.namespace'], attributes['server.port']]),
        [
          ['select 3', '0', server.port],
          ['get a; get b', '3', server.port],
          ['get k', '3', server.port],
        ],
      );
    });

    it(`${version}: the responseHook is given what the caller gets`, async () => {
      const heard: unknown[] = [];
      resetTracing({ responseHook: (_span, command, _args, reply) => heard.push([command, reply]) });
      const client: Client = new Redis({ host: server.host, port: server.port });
      try {
        await server.request('HSET', 'h', 'a', '1');
        const got = [await client.hgetall('h'), await client.hgetallBuffer('h'), await client.get('none')];
        assert.deepEqual(
          heard,
          ['hgetall', 'hgetall', 'get'].map((name, index) => [name, got[index]]),
        );
      } finally {
        client.disconnect();
      }
    });
  }
});
