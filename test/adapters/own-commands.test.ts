import assert from 'node:assert/strict';
import { Measuring } from '../support/metrics';
import { type RedisCluster, type RedisServer, startCluster, startStandalone } from '../support/redis-server';
import { assertQuiet, inSpan, redisSpans, resetTracing } from '../support/tracing';
import { connect, end, loadRedis, major, VERSIONS } from '../support/versions';

const PASSWORD = 'hunter2';
/** Longer than any test. */
const NEVER_MS = 3_600_000;

const operations = (): string[] => redisSpans().map(({ attributes }) => String(attributes['db.operation.name']));

describe('commands that node-redis sends by itself', () => {
  let server: RedisServer;
  let cluster: RedisCluster;
  before(async () => {
    server = await startStandalone({ args: ['--requirepass', PASSWORD] });
    cluster = await startCluster({ masters: 3, replicasPerMaster: 0 });
  });
  after(() => Promise.all([server.stop(), cluster.stop()]));
  beforeEach(() => resetTracing());
  afterEach(() => assertQuiet());

  for (const version of VERSIONS) {
    it(`are no reason to leave out the PING of an application of redis ${version} that has a pingInterval`, async () => {
      const client = await connect(loadRedis(version), server, { password: PASSWORD, pingInterval: NEVER_MS });
      await inSpan(() => client.sendCommand(['PING']));
      await end(client);
      assert.deepEqual(operations(), ['PING']);
    });

    if (version === '4.0') continue;
    it(`are no reason to leave out that of an application with a cluster of redis ${version}`, async () => {
      const client = loadRedis(version).createCluster({ rootNodes: cluster.rootNodes, defaults: { pingInterval: NEVER_MS } });
      client.on('error', () => {});
      await client.connect();
      await inSpan(() => client.sendCommand('k', true, ['PING']));
      await end(client);
      assert.deepEqual(operations(), ['PING']);
    });

    if (major(version) < 5) continue;
    it(`have no span in a reset() of redis ${version}, which has one`, async () => {
      const client = await connect(loadRedis(version), server, { password: PASSWORD, database: 3 });
      await inSpan(async () => {
        await client.reset();
        await client.get('k');
      });
      await end(client);
      const [reset, get] = redisSpans();
      assert.deepEqual(reset?.attributes, {
        'db.system.name': 'redis',
        'db.operation.name': 'RESET',
        'db.namespace': '3',
        'db.query.text': 'RESET',
        'server.address': server.host,
        'server.port': server.port,
      });
      assert.equal(get?.attributes['db.operation.name'], 'GET');
      assert.equal(redisSpans().length, 2);
    });
  }

  it('have no span where redis 6.3 prepares a connection for HIMPORT SET, and are counted on request', async () => {
    resetTracing({ internalCommands: true });
    const measuring = Measuring.start();
    const one = await connect(loadRedis('6.3'), server, { password: PASSWORD });
    // It has the same sets of fields, and prepares its own connection.
    const two = one.duplicate();
    two.on('error', () => {});
    await two.connect();
    // A Redis that does not know the command refuses all of them.
    await inSpan(() =>
      Promise.allSettled([one.hImportPrepare('fields', ['a', 'b']), two.hImportSet('k', 'fields', ['1', '2']), one.hImportDiscardAll()]),
    );
    await inSpan(() => one.sendCommand(['HIMPORT', 'PREPARE', 'mine', 'a']).catch(() => {}));
    for (const client of [one, two]) await end(client);
    assert.deepEqual(operations().sort(), ['HIMPORT DISCARDALL', 'HIMPORT PREPARE', 'HIMPORT PREPARE', 'HIMPORT SET']);
    const internal = (await measuring.points('db.client.operation.duration'))
      .filter(({ attributes }) => attributes['db.redis.internal'] === true)
      .map(({ attributes }) => String(attributes['db.operation.name']));
    await measuring.stop();
    assert.deepEqual(
      internal.filter((operation) => operation.startsWith('HIMPORT')),
      ['HIMPORT PREPARE'],
    );
  });
});
