import assert from 'node:assert/strict';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { assertQuiet, inSpan, recorded, redisSpans, resetTracing } from '../support/tracing';
import { connect, end, IOREDIS_CORE, LEGACY_VERSIONS, loadRedis, titleOf, VERSIONS } from '../support/versions';
import { turnsOf, until } from '../support/waiting';

describe('connectSpans', () => {
  let server: RedisServer;
  before(async () => {
    server = await startStandalone();
  });
  after(() => server.stop());
  beforeEach(() => resetTracing({ connectSpans: true }));
  afterEach(() => {
    assertQuiet();
    resetTracing();
  });

  // 4.0 knows no other way.
  const giveUp = (version: string) => (version === '4.0' ? () => new Error('enough') : false);
  const connects = () => redisSpans().filter(({ name }) => name.startsWith('connect'));
  const at = (port: number) => ({ 'db.system.name': 'redis', 'db.namespace': '0', 'server.address': server.host, 'server.port': port });

  for (const version of [...LEGACY_VERSIONS, ...VERSIONS, ...IOREDIS_CORE]) {
    it(`record how a client of ${titleOf(version)} connects, below its caller`, async () => {
      const parent = await inSpan(async (caller) => {
        const client = await connect(loadRedis(version), server);
        await end(client);
        return caller.spanContext();
      });
      const [span, ...more] = connects();
      assert.ok(span);
      assert.deepEqual(more, []);
      assert.deepEqual(recorded(span), { name: `connect ${server.host}:${server.port}`, kind: 'CLIENT', attributes: at(server.port) });
      assert.equal(span.parentSpanContext?.spanId, parent.spanId);
    });
  }

  for (const version of LEGACY_VERSIONS) {
    it(`record an attempt of redis ${version} that is refused after the application has quit`, async () => {
      const client = loadRedis(version).createClient({ socket: { host: server.host, port: 1, reconnectStrategy: () => 20 } });
      client.on('error', () => {});
      client.quit();
      await until(() => connects().length > 0);
      const attributes = { ...at(1), 'error.type': 'ECONNREFUSED' };
      assert.deepEqual(connects().map(recorded), [{ name: `connect ${server.host}:1`, kind: 'CLIENT', attributes, error: 'ECONNREFUSED' }]);
    });
  }

  for (const version of VERSIONS) {
    it(`record why a client of redis ${version} could not connect`, async () => {
      const client = loadRedis(version).createClient({
        socket: { host: server.host, port: 1, reconnectStrategy: giveUp(version) },
      });
      client.on('error', () => {});
      await assert.rejects(client.connect());
      const error = version === '4.0' ? 'ReconnectStrategyError' : 'ECONNREFUSED';
      const attributes = { ...at(1), 'error.type': error };
      assert.deepEqual(connects().map(recorded), [{ name: `connect ${server.host}:1`, kind: 'CLIENT', attributes, error }]);
    });

    it(`leave the caller of redis ${version} the client's own promise`, async () => {
      const turns: number[] = [];
      for (const connectSpans of [false, true]) {
        resetTracing({ connectSpans });
        const client = loadRedis(version).createClient({ socket: { host: server.host, port: server.port } });
        client.on('error', () => {});
        turns.push(await turnsOf((begin) => client.once('ready', begin).connect()));
        await end(client);
      }
      assert.equal(turns[1], turns[0]);
      assert.equal(connects().length, 1);
    });

    it(`do not show a refused password of redis ${version}`, async () => {
      const socket = { host: server.host, port: server.port, reconnectStrategy: giveUp(version) };
      const client = loadRedis(version).createClient({ socket, username: 'marked', password: 'marked' });
      client.on('error', () => {});
      await assert.rejects(client.connect());
      await end(client);
      const [span] = connects();
      assert.equal(span?.attributes['error.type'], 'WRONGPASS');
      assert.doesNotMatch(JSON.stringify(connects().map(recorded)), /marked/);
    });
  }

  it('are not there by default', async () => {
    resetTracing();
    await end(await connect(loadRedis('6.3'), server));
    assert.deepEqual(connects(), []);
  });
});
