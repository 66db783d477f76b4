import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import type { Attributes } from '@opentelemetry/api';
import { Measuring } from '../support/metrics';
import { type Proxy as ProxyServer, startProxy } from '../support/proxy';
import { type ClusterNode, eventually, type RedisCluster, startCluster } from '../support/redis-server';
import { moveSlot } from '../support/topology';
import { assertQuiet, inSpan, instrumentation, redisSpans, resetTracing } from '../support/tracing';
import { type Client, end, loadRedis, type Version } from '../support/versions';
import { until } from '../support/waiting';

/** Those whose loop is private, and those that run a function on a node. */
const CLUSTERED = ['4.7', '5.0', '5.12', '6.3'] as const;

/** A key of the first of three masters and its slot, another key of it, and one of the third. */
const [KEY, SLOT, BESIDE, OTHER] = ['b', 3300, 'f', 'a'] as const;

interface Told {
  readonly error: string;
  /** What was recorded when the application was told. */
  readonly spans: readonly Attributes[];
}

/** The spans of before. */
let known = 0;

/** What a span says of its end. */
function ends(): Attributes[] {
  const told = ['db.operation.name', 'error.type', 'redis.client.operation.retry_attempts', 'redis.client.redirection.kind'];
  return redisSpans()
    .slice(known)
    .map(({ attributes }) => Object.fromEntries(Object.entries(attributes).filter(([name]) => told.includes(name))));
}

const classOf = (error: Error): string => error.constructor.name;

/** Waits for the rejection of a call. */
function rejectionOf(call: Promise<unknown>): Promise<Told> {
  return call.then(
    (value) => assert.fail(`answered: ${String(value)}`),
    (error: Error) => ({ error: `${classOf(error)}: ${error.message}`, spans: ends() }),
  );
}

describe('calls that clusters redirect', () => {
  let cluster: RedisCluster;
  let masters: ClusterNode[];
  let spare: ClusterNode;
  before(async () => {
    cluster = await startCluster();
    masters = cluster.nodes.filter(({ role }) => role === 'master');
    spare = cluster.nodes.find(({ role }) => role === 'replica') ?? assert.fail();
  });
  after(() => cluster.stop());
  beforeEach(() => {
    resetTracing();
    known = 0;
  });

  const owner = (index: number): ClusterNode => masters[index] ?? assert.fail();
  const inCluster = (): RedisCluster => ({ ...cluster, nodes: masters });

  async function connected(version: Version, options: object = {}): Promise<Client> {
    const client = loadRedis(version).createCluster({ rootNodes: cluster.rootNodes, ...options });
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  async function withCluster<T>(version: Version, run: (client: Client) => Promise<T>, options: object = {}): Promise<T> {
    const client = await connected(version, options);
    try {
      return await run(client);
    } finally {
      await end(client);
    }
  }

  /** Runs with us, and without: the application must be told the same. */
  async function told(version: Version, run: (client: Client) => Promise<Told>, options: object = {}): Promise<Told> {
    instrumentation.disable();
    const control = await withCluster(version, run, options);
    instrumentation.enable();
    const traced = await inSpan(() => withCluster(version, run, options));
    assert.equal(traced.error, control.error);
    return traced;
  }

  /** A client that knows where the key was, and not where it is. */
  async function whileMoved<T>(client: Client, run: () => Promise<T>): Promise<T> {
    await client.get(KEY);
    known = redisSpans().length;
    await moveSlot(inCluster(), KEY, OTHER);
    try {
      return await run();
    } finally {
      await moveSlot(inCluster(), KEY, BESIDE);
    }
  }

  for (const version of CLUSTERED) {
    describe(`of redis ${version}`, () => {
      /** A call that a private loop gives up between two attempts has no span. */
      const isPrivate = version === '4.7' || version === '5.0';
      const moved = (operation: string, attempts = 0): Attributes => ({
        'db.operation.name': operation,
        'error.type': version === '6.3' ? 'MaxCommandRedirectionsError' : 'MOVED',
        ...(attempts === 0 ? {} : { 'redis.client.operation.retry_attempts': attempts, 'redis.client.redirection.kind': 'MOVED' }),
      });

      it('record a transaction across slots when the application is told, with its error', async () => {
        const measuring = Measuring.start();
        const { error, spans } = await told(version, (client) => rejectionOf(client.multi().set(KEY, '1').set(OTHER, '2').exec()));
        // Before 6.2 it is not sent again, except by 4.7 if it is told of the refusal before that of EXEC.
        const attempts = version === '6.3' || (version === '4.7' && error.includes('MOVED')) ? 16 : 0;
        assert.deepEqual(spans, [moved('MULTI SET', attempts)], error);
        const count = (points: { attributes: Attributes; value: number }[], type: string) =>
          points.filter(({ attributes }) => attributes['error.type'] === type).reduce((sum, { value }) => sum + value, 0);
        assert.equal(count(await measuring.points('db.client.operation.duration'), String(spans[0]?.['error.type'])), 1);
        const retries = (await measuring.points('redis.client.retries')).map(({ value }) => value);
        assert.deepEqual(retries, attempts === 0 ? [] : [attempts]);
        await measuring.stop();
        assertQuiet();
      });

      it('record what is not followed, with the error that the application is told', async () => {
        const run = (client: Client) => whileMoved(client, () => rejectionOf(client.get(KEY)));
        const { error, spans } = await told(version, run, { maxCommandRedirections: 0 });
        // Whether a private loop goes on is known a turn later.
        if (!isPrivate) assert.equal(spans.length, 1);
        await until(() => ends().length > 0);
        assert.deepEqual(ends(), [moved('GET')], error);
        assertQuiet();
      });

      it('record what a node refuses that the application has chosen itself', async () => {
        const run = (client: Client) =>
          whileMoved(client, async () => rejectionOf((await client.nodeClient(client.slots[SLOT].master)).get(KEY)));
        const { spans } = await told(version, run);
        // Whether a private loop goes on is known a turn later.
        if (!isPrivate) assert.equal(spans.length, 1);
        await until(() => ends().length > 0);
        assert.deepEqual(ends(), [{ 'db.operation.name': 'GET', 'error.type': 'MOVED' }]);
        assertQuiet();
      });

      it('record that nobody tells the nodes any more', async () => {
        const proxies: ProxyServer[] = [];
        const run = (client: Client) =>
          whileMoved(client, async () => {
            for (const proxy of proxies) proxy.refuse();
            return rejectionOf(client.get(KEY));
          });
        const proxied = async (): Promise<object> => {
          for (const proxy of proxies.splice(0)) await proxy.stop();
          proxies.push(...(await Promise.all(masters.map((master) => startProxy(master, [])))));
          const behind = (port: number) => proxies[masters.findIndex((master) => master.port === port)] ?? assert.fail();
          return {
            rootNodes: proxies.map(({ host, port }) => ({ url: `redis://${host}:${port}` })),
            nodeAddressMap: (address: string) => {
              const { host, port } = behind(Number(address.split(':')[1]));
              return { host, port };
            },
            defaults: { socket: { reconnectStrategy: false } },
          };
        };
        try {
          instrumentation.disable();
          const control = await withCluster(version, run, await proxied());
          instrumentation.enable();
          const { error, spans } = await inSpan(async () => withCluster(version, run, await proxied()));
          assert.equal(error, control.error);
          assert.deepEqual(spans, isPrivate ? [] : [{ 'db.operation.name': 'GET', 'error.type': error.split(':')[0] }]);
        } finally {
          for (const proxy of proxies) await proxy.stop();
        }
        assertQuiet();
      });

      it('record that the node is unknown to which ASK leads', async () => {
        await spare.request('CLUSTER', 'RESET');
        await Promise.all(masters.map(({ host, port }) => spare.request('CLUSTER', 'MEET', host, port)));
        const id = String(await spare.request('CLUSTER', 'MYID'));
        await eventually('a master without slots', async () => {
          const views = await Promise.all([spare, ...masters].map(async (node) => String(await node.request('CLUSTER', 'NODES'))));
          return views.every(
            (view) => view.split('\n').length === 7 && /master/.test(view.split('\n').find((line) => line.startsWith(id)) ?? ''),
          );
        });
        await spare.request('CLUSTER', 'SETSLOT', SLOT, 'IMPORTING', String(await owner(0).request('CLUSTER', 'MYID')));
        await owner(0).request('CLUSTER', 'SETSLOT', SLOT, 'MIGRATING', id);
        try {
          const { error, spans } = await told(version, (client) => rejectionOf(client.get(KEY)));
          assert.match(error, /^Error: Cannot find node/);
          assert.deepEqual(spans, isPrivate ? [] : [{ 'db.operation.name': 'GET', 'error.type': 'Error' }]);
        } finally {
          await Promise.all([owner(0), spare].map((node) => node.request('CLUSTER', 'SETSLOT', SLOT, 'STABLE')));
        }
        assertQuiet();
      });

      if (version === '5.12' || version === '6.3') {
        it('record what is rejected before there is a node for it', async () => {
          const client = await connected(version);
          await client.destroy();
          const calls: [string, () => Promise<unknown>][] = [
            ['GET', () => client.get(KEY)],
            ['SET', () => client.sendCommand(KEY, false, ['SET', KEY, '1'])],
          ];
          // Transactions are sent again from 6.2.1 on, and calls divided among nodes from 6.2 on.
          if (version === '6.3') {
            calls.push(['MULTI GET', () => client.multi().get(KEY).get(BESIDE).exec()], ['DBSIZE', () => client.dbSize()]);
          }
          for (const [operation, call] of calls) {
            const { error, spans } = await inSpan(() => rejectionOf(call()));
            assert.deepEqual(spans.at(-1), { 'db.operation.name': operation, 'error.type': error.split(':')[0] });
          }
          assert.equal(redisSpans().length, calls.length);
          const { startTime, endTime, attributes } = redisSpans()[0] ?? assert.fail();
          assert.ok(startTime[0] < endTime[0] || startTime[1] <= endTime[1]);
          const seeds = cluster.rootNodes.map(({ url }) => new URL(url).host).sort();
          assert.deepEqual([attributes['server.address'], attributes['network.peer.address']], [seeds.join(), undefined]);
          assertQuiet();
        });
      }

      it('record what is lost at the node to which ASK leads', async () => {
        const ids = await Promise.all([owner(0), owner(2)].map(async (node) => String(await node.request('CLUSTER', 'MYID'))));
        await owner(2).request('CLUSTER', 'SETSLOT', SLOT, 'IMPORTING', ids[0] as string);
        await owner(0).request('CLUSTER', 'SETSLOT', SLOT, 'MIGRATING', ids[1] as string);
        const run = async (client: Client): Promise<Told> => {
          const target = await client.nodeClient(client.slots[16_383].master);
          await owner(2).pause();
          try {
            const rejected = rejectionOf(client.get(KEY));
            // Answered after the refusal, by the same node.
            await client.get(BESIDE);
            await setImmediate();
            known = redisSpans().length;
            await (version === '4.7' ? target.disconnect() : target.destroy());
            return await rejected;
          } finally {
            owner(2).resume();
          }
        };
        try {
          const { error, spans } = await told(version, run);
          assert.match(error, /^DisconnectsClientError/);
          const again = { 'redis.client.operation.retry_attempts': 1, 'redis.client.redirection.kind': 'ASK' };
          const expected = { 'db.operation.name': 'GET', 'error.type': 'DisconnectsClientError', ...again };
          // Redis 4 waits for the answer to ASKING, and has not sent the call again.
          assert.deepEqual(spans, version === '4.7' ? [] : [expected]);
        } finally {
          await Promise.all([owner(0), owner(2)].map((node) => node.request('CLUSTER', 'SETSLOT', SLOT, 'STABLE')));
        }
        assertQuiet();
      });

      it('give calls of one list of arguments one span each', async () => {
        const run = (client: Client) =>
          whileMoved(client, async () => {
            const list = ['GET', KEY];
            return Promise.all([1, 2, 3].map(() => client.sendCommand(KEY, false, list)));
          });
        await withCluster(version, run);
        const again = { 'redis.client.operation.retry_attempts': 1, 'redis.client.redirection.kind': 'MOVED' };
        const expected = { 'db.operation.name': 'GET', ...again };
        assert.deepEqual(ends(), [expected, expected, expected]);
        assertQuiet();
      });

      it('settle in the same order, and in the same turn, as without us', async () => {
        const turns = (client: Client) => turnsOf(client);
        await owner(0).request('LPUSH', `{${KEY}}list`, 'x');
        instrumentation.disable();
        const control = await withCluster(version, turns);
        instrumentation.enable();
        assert.deepEqual(await inSpan(() => withCluster(version, turns)), control);
        assertQuiet();
      });

      it('stay unhandled if nobody handles them', async () => {
        const before = process.listeners('unhandledRejection');
        process.removeAllListeners('unhandledRejection');
        const unhandled: string[] = [];
        process.on('unhandledRejection', (error) => unhandled.push(classOf(error as Error)));
        try {
          await owner(0).request('LPUSH', `{${KEY}}list`, 'x');
          await inSpan(() =>
            withCluster(version, async (client) => {
              client.get(`{${KEY}}list`);
              client.sendCommand(`{${KEY}}list`, false, ['GET', `{${KEY}}list`]);
              client.multi().set(KEY, '1').set(OTHER, '2').exec();
              await until(() => unhandled.length >= 3);
            }),
          );
          assert.equal(unhandled.length, 3);
        } finally {
          process.removeAllListeners('unhandledRejection');
          for (const listener of before) process.on('unhandledRejection', listener);
        }
        assertQuiet();
      });
    });
  }

  it('of redis 6.3 say how often parts of a call that is divided among nodes were sent again', async () => {
    await withCluster('6.3', (client) => whileMoved(client, () => client.mGet([KEY, OTHER])));
    const again = { 'redis.client.operation.retry_attempts': 1, 'redis.client.redirection.kind': 'MOVED' };
    assert.deepEqual(ends(), [{ 'db.operation.name': 'MGET', ...again }]);
    assertQuiet();
  });
});

/** How many turns of promises each call needs, after a node's own client has got the first reply of the same packet. */
async function turnsOf(client: Client): Promise<[string, number][]> {
  const node = await client.nodeClient(client.slots[SLOT].master);
  const list = `{${KEY}}list`;
  const settled: [string, number][] = [];
  let turn = 0;
  const first = node.get(KEY).then(async () => {
    for (; turn < 200; turn++) await undefined;
  });
  const calls: Record<string, Promise<unknown>> = {
    get: client.get(KEY),
    refused: client.get(list),
    raw: client.sendCommand(KEY, false, ['GET', KEY]),
    'refused raw': client.sendCommand(list, false, ['GET', list]),
    multi: client.multi().get(KEY).get(list).exec(),
    pipeline: client.multi().get(KEY).execAsPipeline(),
  };
  const note = (name: string) => () => void settled.push([name, turn]);
  await Promise.all([first, ...Object.entries(calls).map(([name, call]) => call.then(note(name), note(name)))]);
  return settled;
}
