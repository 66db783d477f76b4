import assert from 'node:assert/strict';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { assertQuiet, inSpan, resetTracing } from '../support/tracing';
import { type Client, connect, end, loadRedis } from '../support/versions';

/** Commands of which the client makes something else than the server said. */
const CALLS: Readonly<Record<string, (client: Client) => Promise<unknown>>> = {
  HGETALL: (client) => client.hGetAll('hash'),
  'HGETALL of none': (client) => client.hGetAll('none'),
  SISMEMBER: (client) => client.sIsMember('set', 'a'),
  EXPIRE: (client) => client.expire('text', 100),
  ZSCORE: (client) => client.zScore('sorted', 'a'),
  'ZRANGE WITHSCORES': (client) => client.zRangeWithScores('sorted', 0, -1),
  SCAN: (client) => client.scan(0),
  TIME: (client) => client.time(),
  XRANGE: (client) => client.xRange('stream', '-', '+'),
  GEOPOS: (client) => client.geoPos('places', ['here', 'nowhere']),
  GET: (client) => client.get('text'),
  'raw HGETALL': (client) => client.sendCommand(['HGETALL', 'hash']),
};

describe('responseHook', () => {
  let server: RedisServer;
  before(async () => {
    server = await startStandalone();
    const { request } = server;
    await request('HSET', 'hash', 'field', 'value', 'other', '1');
    await request('SADD', 'set', 'a');
    await request('ZADD', 'sorted', '1.5', 'a');
    await request('XADD', 'stream', '1-1', 'field', 'value');
    await request('GEOADD', 'places', '1', '2', 'here');
    await request('SET', 'text', 'Ada');
  });
  after(() => server.stop());

  for (const version of ['4.0', '4.7'] as const) {
    it(`gets the caller's value on redis ${version}`, async () => {
      const client = await connect(loadRedis(version), server);
      for (const [name, call] of Object.entries(CALLS)) {
        const hooked: unknown[] = [];
        resetTracing({ responseHook: (_span, _command, _args, response) => void hooked.push(response) });
        const got = await inSpan(() => call(client));
        assert.deepEqual(hooked, [got], name);
      }
      await end(client);
      assertQuiet();
    });
  }

  for (const version of ['4.0', '4.7', '5.0', '6.3'] as const) {
    it(`gets the caller's values of a transaction on redis ${version}, if its commands have spans`, async () => {
      const client = await connect(loadRedis(version), server);
      const hooked: unknown[] = [];
      const responseHook = (_span: unknown, _command: string, _args: unknown, response: unknown) => void hooked.push(response);
      resetTracing({ responseHook });
      const one = await inSpan(() => client.multi().hGetAll('hash').exec());
      assert.deepEqual(hooked.splice(0), one);
      await inSpan(() => client.multi().hGetAll('hash').sIsMember('set', 'a').exec());
      assert.deepEqual(hooked, []);
      resetTracing({ responseHook, batchCommands: true });
      const two = await inSpan(() => client.multi().hGetAll('hash').sIsMember('set', 'a').exec());
      assert.deepEqual(hooked, two);
      await end(client);
      assertQuiet();
    });
  }
});
