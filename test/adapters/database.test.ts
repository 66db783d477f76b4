// Knows: which database a span must name, whatever takes a connection there.
// Must not know: how a version is tapped.
import assert from 'node:assert/strict';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { assertQuiet, instrumentation, redisSpans, resetTracing } from '../support/tracing';
import { type Client, connect, end, loadRedis, major, VERSIONS } from '../support/versions';

const databases = (name = 'GET'): unknown[] =>
  redisSpans()
    .filter(({ attributes }) => attributes['db.operation.name'] === name)
    .map(({ attributes }) => attributes['db.namespace']);

describe('the database of a span', () => {
  let server: RedisServer;
  before(async () => {
    server = await startStandalone();
  });
  after(() => server.stop());

  for (const version of VERSIONS) {
    describe(`of redis ${version}`, () => {
      let client: Client;
      const open = async (options: object = {}): Promise<void> => {
        client = await connect(loadRedis(version), server, options);
        resetTracing();
      };
      afterEach(async () => {
        await end(client);
        assertQuiet();
        instrumentation.enable();
      });

      it('is the new one for commands sent together with a SELECT, whatever is refused', async () => {
        await open();
        await Promise.all([client.select(4), client.get('a'), client.sendCommand(['select', '5']), client.get('b')]);
        await Promise.allSettled([client.sendCommand(['SELECT', 'nowhere']), client.get('c'), client.select(0), client.get('d')]);
        assert.deepEqual(databases(), ['4', '5', '5', '0']);
      });

      it('is the new one after a transaction and a pipeline that select', async () => {
        await open();
        const selecting = (database: number) => client.multi().addCommand(['SELECT', String(database)]);
        await Promise.all([selecting(2).exec(), client.get('a'), selecting(3).exec(true), client.get('b')]);
        assert.deepEqual(databases(), ['2', '3']);
      });

      it('is followed in the offline queue, and is the configured one after a reconnect', async () => {
        const { host, port } = server;
        await open({ database: 3, socket: { host, port, reconnectStrategy: () => 20 } });
        await client.get('a');
        await client.sendCommand(['SELECT', '5']);
        const ready = new Promise((resolve) => client.once('ready', resolve));
        await server.request('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        await ready;
        await client.get('b');
        assert.deepEqual(databases(), ['3', '3']);
      });

      it('is 0 again after RESET', async () => {
        await open();
        await client.select(4);
        await client.sendCommand(['RESET']);
        await client.get('a');
        assert.deepEqual(databases(), ['0']);
        if (major(version) < 5) return;
        await client.select(4);
        await client.reset();
        await client.get('b');
        // In later versions `reset()` selects again what was selected.
        const [, database] = /\bdb=(\d+)/.exec(String(await client.sendCommand(['CLIENT', 'INFO']))) ?? [];
        assert.deepEqual(databases(), ['0', database]);
      });

      it('is left out if it may have changed while we were disabled', async () => {
        await open();
        await client.get('a');
        instrumentation.disable();
        await client.select(4);
        instrumentation.enable();
        await client.get('b');
        await client.select(2);
        await client.get('c');
        assert.deepEqual(databases(), ['0', undefined, '2']);
      });
    });
  }
});
