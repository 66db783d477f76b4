import assert from 'node:assert/strict';
import { Measuring, type Point } from '../support/metrics';
import { type RedisServer, startCluster, startStandalone } from '../support/redis-server';
import { failOver } from '../support/topology';
import { assertQuiet, instrumentation, redisSpans, resetTracing } from '../support/tracing';
import { connect, end, IOREDIS_VERSIONS, LEGACY_VERSIONS, loadRedis, major, titleOf, VERSIONS, type Version } from '../support/versions';
import { until } from '../support/waiting';

const DURATION = 'db.client.operation.duration';

/** What each version says when a connection is made, with a password and a database. */
const HANDSHAKES: Record<Version, Record<string, number>> = {
  '2.8': { auth: 1, info: 1, select: 1 },
  '3.1': { auth: 1, info: 1, select: 1 },
  '4.0': { AUTH: 1, SELECT: 1 },
  '4.7': { AUTH: 1, 'CLIENT SETINFO': 2, SELECT: 1 },
  '5.0': { AUTH: 1, SELECT: 1 },
  '5.12': { AUTH: 1, 'CLIENT SETINFO': 2, SELECT: 1 },
  '6.3': { HELLO: 1, CLIENT: 1, 'CLIENT SETINFO': 2, SELECT: 1 }, // CLIENT MAINT_NOTIFICATIONS is in no table yet
  'ioredis-4.28': { auth: 1, info: 1, select: 1 },
  'ioredis-5.0': { auth: 1, info: 1, select: 1 },
  'ioredis-5.4': { auth: 1, info: 1, select: 1 },
  'ioredis-5.11': { auth: 1, info: 1, select: 1, 'client SETINFO': 2 },
  'ioredis-6.0': { hello: 1, info: 1, select: 1, 'client SETINFO': 2 },
  'iovalkey-0.4': { auth: 1, info: 1, select: 1 },
};

describe('internal commands', () => {
  let server: RedisServer;
  let measuring: Measuring;
  before(async () => {
    server = await startStandalone({ args: ['--requirepass', 'hunter2'] });
  });
  after(() => server.stop());
  beforeEach(() => {
    resetTracing({ internalCommands: true });
    measuring = Measuring.start();
  });
  afterEach(async () => {
    await measuring.stop();
    assertQuiet();
  });

  async function internal(): Promise<Point[]> {
    return (await measuring.points(DURATION)).filter(({ attributes }) => attributes['db.redis.internal'] !== undefined);
  }

  function byOperation(points: readonly Point[]): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { attributes, value } of points) {
      const operation = String(attributes['db.operation.name']);
      counts[operation] = (counts[operation] ?? 0) + value;
    }
    return counts;
  }

  async function load(version: Version): Promise<void> {
    const client = await connect(loadRedis(version), server, { password: 'hunter2', database: 2 });
    await client.get('k');
    await end(client);
  }

  for (const version of [...LEGACY_VERSIONS, ...VERSIONS, ...IOREDIS_VERSIONS]) {
    it(`are counted as such on ${titleOf(version)}, without a span, at their server, and its errors`, async () => {
      await load(version);
      const points = await internal();
      assert.deepEqual(byOperation(points), HANDSHAKES[version]);
      for (const { attributes } of points) {
        const { 'db.operation.name': _, 'error.type': type, 'db.response.status_code': code, ...rest } = attributes;
        assert.deepEqual(rest, {
          'db.system.name': 'redis',
          'db.namespace': rest['db.namespace'],
          'server.address': server.host,
          'server.port': server.port,
          'db.redis.internal': true,
        });
        assert.equal(type, code);
      }
      assert.deepEqual(
        redisSpans().map(({ attributes }) => String(attributes['db.operation.name']).toUpperCase()),
        ['GET'],
      );
      const others = (await measuring.points(DURATION)).filter(({ attributes }) => attributes['db.redis.internal'] === undefined);
      assert.deepEqual(Object.values(byOperation(others)), [1]);
    });

    it(`are not there by default on ${titleOf(version)}`, async () => {
      instrumentation.setConfig({});
      await load(version);
      assert.deepEqual(Object.values(byOperation(await measuring.points(DURATION))), [1]);
    });
  }

  it('count the pings of redis 5 and 6', async () => {
    const pings = async (): Promise<number> => byOperation(await internal()).PING ?? 0;
    for (const version of ['5.0', '6.3'] as const) {
      const client = await connect(loadRedis(version), server, { password: 'hunter2', pingInterval: 5 });
      const sent = await pings();
      await until(async () => (await pings()) > sent);
      await end(client);
    }
    assert.deepEqual(redisSpans(), []);
  });

  it('count the topology of a cluster, and leave its spans at the seeds', async () => {
    const cluster = await startCluster({ masters: 3, replicasPerMaster: 0 });
    try {
      for (const version of VERSIONS.filter((one) => one !== '4.0')) {
        resetTracing({ internalCommands: true });
        const client = loadRedis(version).createCluster({ rootNodes: cluster.rootNodes });
        client.on('error', () => {});
        await client.connect();
        await client.get('k');
        await (major(version) === 4 ? client.disconnect() : client.destroy());
        const seeds = cluster.rootNodes.map(({ url }) => url.replace('redis://', '')).sort();
        assert.deepEqual(
          redisSpans().map(({ attributes }) => attributes['server.address']),
          [seeds.join(',')],
        );
      }
      const { 'CLUSTER SLOTS': slots } = byOperation(await internal());
      assert.ok(slots !== undefined && slots >= VERSIONS.length - 1, `${slots}`);
    } finally {
      await cluster.stop();
    }
  });

  for (const version of IOREDIS_VERSIONS) {
    it(`are those after a refused password on ${titleOf(version)}, too, and the reason is told`, async () => {
      const client = loadRedis(version).createClient({ socket: { host: server.host, port: server.port }, password: 'wrong' });
      client.on('error', () => {});
      void client.connect().catch(() => {});
      // A client of another test may still look for its server.
      const failures = async (): Promise<Point[]> =>
        (await measuring.points('redis.client.connection.errors')).filter(({ attributes }) => attributes['server.port'] === server.port);
      await until(async () => (await failures()).reduce((sum, { value }) => sum + value, 0) > 3);
      await end(client);
      assert.deepEqual(
        (await failures()).map(({ attributes }) => attributes['error.type']),
        ['WRONGPASS'],
      );
      assert.deepEqual(redisSpans(), []);
      for (const { attributes } of await measuring.points('redis.client.errors'))
        assert.equal(attributes['redis.client.errors.internal'], true);
    });
  }

  it('are those that give a node of a cluster of ioredis its new role', async () => {
    const cluster = await startCluster({ masters: 3, replicasPerMaster: 1 });
    try {
      // Each key is at another master.
      for (const [version, key] of [
        ['ioredis-4.28', 'a'],
        ['ioredis-5.11', 'b'],
        ['ioredis-6.0', 'c'],
      ] as const) {
        resetTracing({ internalCommands: true });
        const own = Measuring.start();
        const client = loadRedis(version).createCluster({ rootNodes: cluster.rootNodes });
        client.on('error', () => {});
        await client.connect();
        await client.get(key);
        await failOver(cluster, key, 'agreed');
        await until(async () => {
          await client.get(key);
          const points = await own.points(DURATION);
          return points.some(({ attributes }) => attributes['db.operation.name'] === 'readwrite');
        });
        await end(client);
        const names = new Set(redisSpans().map(({ attributes }) => attributes['db.operation.name']));
        assert.deepEqual([...names], ['get'], version);
        await own.stop();
      }
    } finally {
      await cluster.stop();
    }
  });
});
