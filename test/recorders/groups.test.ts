import assert from 'node:assert/strict';
import { type Collected, Measuring, ofPools } from '../support/metrics';
import { eventually, type RedisCluster, type RedisSentinels, type RedisServer, startCluster, startSentinel } from '../support/redis-server';
import { assertQuiet, redisSpans, resetTracing } from '../support/tracing';
import { type Client, end, loadRedis, major, titleOf, VERSIONS } from '../support/versions';
import { untilEqual } from '../support/waiting';

const CONNECTIONS = 'redis.client.connection.count';

describe('metrics of groups of nodes', () => {
  let measuring: Measuring;
  beforeEach(() => {
    resetTracing();
    measuring = Measuring.start();
  });
  afterEach(async () => {
    await measuring.stop();
    assertQuiet();
  });

  /** How many connections are ready to these servers, in their order. */
  async function connectionsTo(servers: readonly Pick<RedisServer, 'port'>[]): Promise<number[]> {
    const points = await measuring.points(CONNECTIONS);
    return servers.map(({ port }) => points.find(({ attributes }) => attributes['server.port'] === port)?.value ?? 0);
  }

  /** What became of connections: the ports of their servers, by metric and reason. */
  /** Ports, of these nodes alone if they are given: a client of another test may still look for its server. */
  async function endings(nodes?: readonly { readonly port: number }[]): Promise<Record<string, unknown[]>> {
    const isOurs = (server: unknown) => nodes === undefined || nodes.some(({ port }) => port === server);
    const collected = await measuring.collect();
    const ports = (name: string, fits = (_: object) => true) =>
      (collected[name] ?? [])
        .filter(({ attributes }) => fits(attributes))
        .map(({ attributes }) => attributes['server.port'])
        .filter(isOurs);
    const closed = (reason: string) =>
      ports('redis.client.connection.closed', (attributes) => Object.values(attributes).includes(reason)).sort();
    return {
      errors: ports('redis.client.connection.errors'),
      reconnects: ports('redis.client.reconnects'),
      lost: closed('error'),
      closed: closed('application_close'),
    };
  }

  /** Ports, as the metric of operations has them: with redis 4.0 the node is the server. */
  async function nodesThatAnswered(): Promise<unknown[]> {
    const points = await measuring.points('db.client.operation.duration');
    return points
      .filter(({ attributes }) => /^get$/i.test(String(attributes['db.operation.name'])))
      .map(({ attributes }) => attributes['network.peer.port'] ?? attributes['server.port'])
      .sort();
  }

  describe('of a cluster', () => {
    let cluster: RedisCluster;
    before(async () => {
      cluster = await startCluster({ masters: 3, replicasPerMaster: 0 });
    });
    after(() => cluster.stop());

    for (const version of [...VERSIONS, 'ioredis-4.28', 'ioredis-5.11', 'ioredis-6.0'] as const) {
      it(`count the connection of ${titleOf(version)} to every node at that node, and no pool: a node has one client, which all share`, async () => {
        const client = loadRedis(version).createCluster({ rootNodes: cluster.rootNodes });
        client.on('error', () => {});
        await client.connect();
        await Promise.all(['a', 'b', 'c'].map((key) => client.get(key)));
        assert.deepEqual(await connectionsTo(cluster.nodes), [1, 1, 1]);
        assert.deepEqual(ofPools(await measuring.collect()), {});
        assert.deepEqual(await nodesThatAnswered(), cluster.nodes.map(({ port }) => port).sort());
        await end(client);
        await eventually('closed connections', async () => (await connectionsTo(cluster.nodes)).every((count) => count === 0));
      });
    }

    for (const version of VERSIONS) {
      it(`counts a connection of redis ${version} that is lost or closed at its node, also after a command`, async () => {
        const client = loadRedis(version).createCluster({ rootNodes: cluster.rootNodes });
        client.on('error', () => {});
        await client.connect();
        await Promise.all(['a', 'b', 'c'].map((key) => client.get(key)));
        const [lossy, ...others] = cluster.nodes;
        await lossy?.request('CLIENT', 'KILL', 'TYPE', 'normal').catch(() => {});
        await eventually('reconnect', async () => (await endings(cluster.nodes)).reconnects?.length === 1);
        const once = { errors: [lossy?.port], reconnects: [lossy?.port], lost: [lossy?.port] };
        await end(client);
        await untilEqual(() => endings(cluster.nodes), { ...once, closed: [lossy, ...others].map((node) => node?.port).sort() });
      });
    }
  });

  describe('of a sentinel', () => {
    let group: RedisSentinels;
    let name: string;
    before(async () => {
      group = await startSentinel();
      const at = group.sentinels.map(({ host, port }) => `${host}:${port}`).sort();
      name = `${at.join(',')}/${group.masterName}/0`;
    });
    after(() => group.stop());

    const pool = () => ({ 'db.client.connection.pool.name': name });
    const counted = (idle: number, used: number, pending: number, limit = 2): Collected => ({
      'db.client.connection.count': [
        { attributes: { ...pool(), 'db.client.connection.state': 'idle' }, value: idle },
        { attributes: { ...pool(), 'db.client.connection.state': 'used' }, value: used },
      ],
      'db.client.connection.idle.max': [{ attributes: pool(), value: limit }],
      'db.client.connection.idle.min': [{ attributes: pool(), value: limit }],
      'db.client.connection.limit': [{ attributes: pool(), value: limit }],
      'db.client.connection.pending_requests': [{ attributes: pool(), value: pending }],
    });
    const timed = (waits: number, uses: number): Collected => ({
      'db.client.connection.wait_time': [{ attributes: pool(), value: waits }],
      'db.client.connection.use_time': [{ attributes: pool(), value: uses }],
    });

    for (const version of VERSIONS.filter((one) => major(one) >= 5)) {
      it(`count and time the leases of redis ${version} to its master, and the connections to all nodes`, async () => {
        const { masterName, sentinels, master, replica } = group;
        const sentinel: Client = loadRedis(version).createSentinel?.({
          name: masterName,
          sentinelRootNodes: sentinels,
          masterPoolSize: 2,
          replicaPoolSize: 1,
        });
        sentinel.on('error', () => {});
        await sentinel.connect();
        assert.deepEqual(ofPools(await measuring.collect()), counted(2, 0, 0));
        assert.deepEqual(await connectionsTo([master, replica]), [2, 1]);

        const [first, second] = [await sentinel.acquire(), await sentinel.acquire()];
        const third = sentinel.acquire();
        await untilEqual(async () => ofPools(await measuring.collect()), {
          ...counted(0, 2, 1),
          'db.client.connection.wait_time': [{ attributes: pool(), value: 2 }],
        });
        await first.release();
        await (await third).release();
        await second.release();
        assert.deepEqual(ofPools(await measuring.collect()), { ...counted(2, 0, 0), ...timed(3, 3) });

        // Commands that run at the same time share a lease; one that only reads asks a replica, without a lease.
        await sentinel.set('k', 'v');
        await sentinel.get('k');
        assert.deepEqual(ofPools(await measuring.collect()), { ...counted(2, 0, 0), ...timed(4, 4) });

        await sentinel.destroy();
        assert.deepEqual(ofPools(await measuring.collect()), { ...counted(0, 0, 0, 0), ...timed(4, 4) });
        assert.deepEqual(await connectionsTo([master, replica]), [0, 0]);
        const { closed = [] } = await endings();
        for (const { port } of [master, replica]) assert.ok(closed.includes(port), String(closed));
        assert.ok(!closed.includes(undefined), 'none at all nodes together');
      });
    }

    it('know a sentinel of redis 6.3 that is a duplicate of another, by its own size and a number', async () => {
      const { masterName, sentinels } = group;
      const sentinel: Client = loadRedis('6.3').createSentinel?.({ name: masterName, sentinelRootNodes: sentinels });
      const twin = sentinel.duplicate({ masterPoolSize: 3 });
      for (const one of [sentinel, twin]) {
        one.on('error', () => {});
        await one.connect();
      }
      await twin.get('k');
      assert.deepEqual(await measuring.points('db.client.connection.limit'), [
        { attributes: pool(), value: 1 },
        { attributes: { 'db.client.connection.pool.name': `${name}#2` }, value: 3 },
      ]);
      assert.deepEqual(
        redisSpans().map(({ attributes }) => attributes['server.address']),
        [name.replace(/\/0$/, '')],
      );
      for (const one of [sentinel, twin]) await one.destroy();
    });
  });
});
