import assert from 'node:assert/strict';
import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { assertQuiet, inSpan, instrumentation, recorded, redisSpans, resetTracing } from '../support/tracing';
import { type Client, IOREDIS_CORE, loadRedis, titleOf } from '../support/versions';

const UNSAMPLED = trace.setSpanContext(ROOT_CONTEXT, { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 0 });
const unsampled = <T>(run: () => Promise<T>): Promise<T> => context.with(UNSAMPLED, run);

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

  for (const version of [...IOREDIS_CORE, 'iovalkey-0.4'] as const) {
    const Redis = loadRedis(version).library;
    const title = titleOf(version);

    it(`${title}: a client that was made before us, with what it has selected meanwhile at its reply`, async () => {
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

    it(`${title}: a unix socket, by option or as the only argument, has its path for an address`, async () => {
      const local = await startStandalone({ unixSocket: true });
      try {
        for (const place of [{ path: local.socketPath }, local.socketPath]) {
          const client: Client = new Redis(place);
          await client.exists('k');
          client.disconnect();
        }
      } finally {
        await local.stop();
      }
      const expected = {
        name: `exists ${local.socketPath}`,
        kind: 'CLIENT',
        attributes: {
          'db.system.name': 'redis',
          'db.operation.name': 'exists',
          'db.query.text': 'exists k',
          'db.namespace': '0',
          'db.redis.key_exists': false,
          'server.address': local.socketPath,
          'network.transport': 'unix',
        },
      };
      assert.deepEqual(redisSpans().map(recorded), [expected, expected]);
    });

    it(`${title}: ignoreCommands leaves out scripts and functions by their own names`, async () => {
      resetTracing({ ignoreCommands: ['TakeJob', /^clean/] });
      const client: Client = new Redis({ host: server.host, port: server.port });
      try {
        for (const name of ['takeJob', 'finishJob', 'cleanUp']) {
          const lua = `return '${name}'`;
          client.defineCommand(name, { lua, numberOfKeys: 1 });
          await server.request('SCRIPT', 'LOAD', lua);
        }
        await Promise.all([client.takeJob('k'), client.finishJob('k'), client.cleanUp('k')]);
        await client.pipeline().takeJob('k').exec();
        await client.multi().finishJob('k').exec();
        await client.call('FCALL', 'cleanIt', 0).catch(() => {});
        await client.get('takejob');
      } finally {
        client.disconnect();
      }
      assert.deepEqual(
        redisSpans().map(({ attributes }) => attributes['db.stored_procedure.name'] ?? attributes['db.query.text']),
        ['finishJob', 'finishJob', 'get takejob'],
      );
    });

    it(`${title}: streams carry context through a transaction of single commands, and hide it`, async () => {
      const client: Client = new Redis({ host: server.host, port: server.port });
      await new Promise((resolve) => client.once('ready', resolve));
      const run = async (): Promise<unknown> => {
        await server.request('DEL', 'orders');
        await client.multi({ pipeline: false });
        const queued = await client.xadd('orders', '1-1', 'item', 'tea');
        return [queued, await client.exec(), await transacted(() => client.xrange('orders', '-', '+'))];
      };
      const transacted = async (call: () => Promise<unknown>): Promise<unknown> => {
        await client.multi({ pipeline: false });
        await call();
        return client.exec();
      };
      try {
        instrumentation.disable();
        const control = await run();
        instrumentation.enable();
        for (const parent of [inSpan, unsampled]) {
          resetTracing({ propagateStreams: ['orders'] });
          let sender: string | undefined;
          const traced = await parent(async () => {
            sender = trace.getActiveSpan()?.spanContext().spanId;
            return run();
          });
          assert.deepEqual(traced, control);
          const [[, fields]] = (await server.request('XRANGE', 'orders', '-', '+')) as [[string, string[]]];
          assert.ok(sender !== undefined && String(fields).includes(sender), String(fields));
        }
      } finally {
        client.disconnect();
      }
    });

    it(`${title}: the responseHook is given what the caller gets`, async () => {
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
