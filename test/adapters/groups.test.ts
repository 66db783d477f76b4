import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type Attributes, SpanKind } from '@opentelemetry/api';
import { Clock } from '../support/clock';
import { Measuring } from '../support/metrics';
import {
  type ClusterNode,
  eventually,
  type RedisCluster,
  type RedisSentinels,
  type RedisServer,
  startCluster,
  startSentinel,
} from '../support/redis-server';
import { endMigration, moveSlot, startMigration } from '../support/slots';
import { asSpelled } from '../support/spelling';
import { failOverSentinel } from '../support/topology';
import { assertQuiet, inSpan, instrumentation, recorded, redisSpans, resetTracing } from '../support/tracing';
import { type Client, end, IOREDIS_CORE, isIoredis, loadRedis, major, titleOf, VERSIONS, type Version } from '../support/versions';
import { until } from '../support/waiting';

/** Keys whose slots belong to the first, the second and the third of three masters. */
const KEYS = ['b', 'c', 'a'] as const; // slots 3300, 7365, 15495

/** Those that know their nodes: 4.0 hides them. */
const IOREDIS = [...IOREDIS_CORE, 'iovalkey-0.4'] as const;
const CLUSTERED: readonly Version[] = [...VERSIONS.filter((one) => one !== '4.0'), ...IOREDIS];

/** What a span says beyond its place. */
function seen(): { name: string; attributes: Attributes; error?: string }[] {
  return redisSpans().map((span) => {
    const { name, attributes, error } = recorded(span);
    return error === undefined ? { name, attributes } : { name, attributes, error };
  });
}

const destinationOf = ({ attributes }: { attributes: Attributes }): string => String(attributes['messaging.destination.name']);
const messages = (): { attributes: Attributes }[] => seen().map(({ attributes }) => ({ attributes }));

function messageSpan(operation: string, destination: string) {
  return redisSpans().find((span) => span.attributes['messaging.operation.name'] === operation && destinationOf(span) === destination);
}

describe('groups of nodes', () => {
  describe('cluster', () => {
    let cluster: RedisCluster;
    let seeds: string;
    let masters: ClusterNode[];
    before(async () => {
      cluster = await startCluster();
      seeds = cluster.rootNodes
        .map(({ url }) => new URL(url).host)
        .sort()
        .join(',');
      masters = cluster.nodes.filter(({ role }) => role === 'master');
    });
    after(() => cluster.stop());
    beforeEach(async () => {
      await reset();
      resetTracing();
    });

    async function reset(): Promise<void> {
      await Promise.all(masters.map((master) => master.request('FLUSHALL')));
      await Promise.all(masters.map((master) => master.request('SCRIPT', 'FLUSH')));
    }

    const span = (
      operation: string,
      text: string,
      node: ClusterNode | undefined,
      more: Attributes = {},
      name = `${operation} ${seeds}`,
    ) => ({
      name,
      attributes: {
        'db.system.name': 'redis',
        'db.operation.name': operation,
        'db.namespace': '0',
        'db.query.text': text,
        'server.address': seeds,
        ...(node === undefined ? {} : { 'network.peer.address': node.host, 'network.peer.port': node.port }),
        ...('cache.miss.reason' in more ? { 'db.redis.key_family': text.split(' ')[1] } : {}),
        ...more,
      },
    });
    const miss = { 'cache.hit': false, 'cache.miss.reason': 'unknown' };
    const sentAgain = (redirection: string): Attributes => ({
      'redis.client.operation.retry_attempts': 1,
      'redis.client.redirection.kind': redirection,
    });
    const owner = (index: number): ClusterNode => masters[index] ?? assert.fail();

    async function withCluster(version: Version, run: (client: Client) => Promise<unknown>, options: object = {}): Promise<unknown> {
      const client = loadRedis(version).createCluster({ rootNodes: cluster.rootNodes, ...options });
      client.on('error', () => {});
      await client.connect();
      try {
        return await run(client);
      } finally {
        await end(client);
      }
    }

    /** Runs without us and with us: the results must be equal. */
    async function compared(version: Version, run: (client: Client) => Promise<unknown>, options: object = {}): Promise<void> {
      const safely = (client: Client) => run(client).catch((error: Error) => `rejected with ${error.constructor.name}: ${error.message}`);
      instrumentation.disable();
      const control = await withCluster(version, safely, options);
      await reset();
      instrumentation.enable();
      const traced = await inSpan(() => withCluster(version, safely, options));
      assert.deepEqual(traced, control);
    }

    for (const version of [...VERSIONS, ...IOREDIS]) {
      it(`of ${titleOf(version)} quits without a span: nobody asked a node to`, async () => {
        const client = loadRedis(version).createCluster({ rootNodes: cluster.rootNodes });
        client.on('error', () => {});
        await client.connect();
        await client.get('a');
        resetTracing();
        await inSpan(() => client.quit());
        assert.deepEqual(seen(), []);
        assertQuiet();
      });
    }

    for (const version of CLUSTERED) {
      describe(`of ${titleOf(version)}`, () => {
        if (!isIoredis(version)) {
          it('has the same spans where it connects as needed, maps addresses and reads from replicas', async () => {
            const mapped = new Set<string>();
            const nodeAddressMap = (address: string): object => {
              mapped.add(address);
              const [host, port] = address.split(':');
              return { host, port: Number(port) };
            };
            const read = async (client: Client): Promise<void> => {
              for (const key of KEYS) await client.get(key);
            };
            await compared(version, read, { minimizeConnections: true, useReplicas: true, nodeAddressMap });
            assert.ok(mapped.size >= masters.length, `${mapped.size} addresses`);
            const ports = new Set(cluster.nodes.map(({ port }) => port));
            // Which node of a shard answers is up to the client.
            for (const { attributes } of seen()) assert.ok(ports.has(Number(attributes['network.peer.port'])), JSON.stringify(attributes));
            assert.deepEqual(
              seen().map(({ name, attributes: { 'network.peer.port': _, ...attributes } }) => ({ name, attributes })),
              KEYS.map((key) => span('GET', `GET ${key}`, undefined, { ...miss, 'network.peer.address': cluster.nodes[0]?.host ?? '' })),
            );
            assertQuiet();
          });
        }

        it('makes one span per command, with the seeds as server and the node as peer; none for the topology', async () => {
          await compared(version, async (client) => {
            for (const key of KEYS) await client.get(key);
          });
          assert.deepEqual(
            seen(),
            KEYS.map((key, index) => asSpelled(span('GET', `GET ${key}`, owner(index), miss), version)),
          );
          assertQuiet();
        });

        it('makes none for commands that reconnect a node', async () => {
          await withCluster(version, async (client) => {
            await client.get('b');
            await owner(0).request('CLIENT', 'KILL', 'TYPE', 'normal');
            const isAnswered = () =>
              client.get('b').then(
                () => true,
                () => false,
              );
            await until(isAnswered);
          });
          assert.deepEqual([...new Set(seen().map(({ name }) => name.toUpperCase()))], [`GET ${seeds}`]);
          assertQuiet();
        });

        it('gives a transaction and a pipeline one span each', async () => {
          await compared(version, async (client) => [
            await client.multi().get('b').set('b', 'x').exec(),
            await client.multi().get('c').get('c').execAsPipeline(),
          ]);
          const common = { 'db.operation.batch.size': 2, 'cache.hit_count': 0 };
          const expected = [
            span('MULTI', 'GET b; SET b ?', owner(0), { ...common, 'cache.miss_count': 1 }),
            span('PIPELINE GET', 'GET c; GET c', owner(1), { ...common, 'cache.miss_count': 2 }),
          ];
          assert.deepEqual(
            seen(),
            expected.map((one) => asSpelled(one, version)),
          );
          assertQuiet();
        });

        it('follows MOVED: one span, the last node as its peer, and says so', async () => {
          await compared(version, async (client) => {
            await client.get('b');
            await moveSlot(masters, 'b', owner(1));
            try {
              return await client.get('b');
            } finally {
              await moveSlot(masters, 'b', owner(0));
            }
          });
          const expected = [span('GET', 'GET b', owner(0), miss), span('GET', 'GET b', owner(1), { ...miss, ...sentAgain('MOVED') })];
          assert.deepEqual(
            seen(),
            expected.map((one) => asSpelled(one, version)),
          );
          assertQuiet();
        });

        it('follows ASK: one span, the last node as its peer, and says so', async () => {
          await compared(version, async (client) => {
            await client.get('b');
            await startMigration('b', owner(0), owner(1));
            try {
              return await client.get('b');
            } finally {
              await endMigration('b', owner(0), owner(1));
            }
          });
          const expected = [span('GET', 'GET b', owner(0), miss), span('GET', 'GET b', owner(1), { ...miss, ...sentAgain('ASK') })];
          assert.deepEqual(
            seen(),
            expected.map((one) => asSpelled(one, version)),
          );
          assertQuiet();
        });

        it('follows MOVED of a defined script that the other node does not know: one span', async () => {
          const body = 'return redis.call("GET", KEYS[1])';
          const sha = createHash('sha1').update(body).digest('hex');
          const parse = {
            transformArguments: (key: string) => [key],
            parseCommand: (parser: { pushKey(key: string): void }, key: string) => parser.pushKey(key),
          };
          const script = {
            NUMBER_OF_KEYS: 1,
            FIRST_KEY_INDEX: version === '4.7' ? 0 : 1,
            IS_READ_ONLY: false,
            SCRIPT: body,
            ...parse,
            transformReply: (reply: unknown) => reply,
          };
          const scripts = { getIt: loadRedis(version).defineScript(script) };
          await compared(
            version,
            async (client) => {
              await client.getIt('b');
              await moveSlot(masters, 'b', owner(1));
              try {
                return await client.getIt('b');
              } finally {
                await moveSlot(masters, 'b', owner(0));
              }
            },
            { scripts },
          );
          const procedure = isIoredis(version) ? 'getIt' : sha;
          const more = { 'db.stored_procedure.name': procedure };
          const expected = [owner(0), owner(1)].map((node, index) => {
            const again = index === 0 ? {} : sentAgain('MOVED');
            return asSpelled(span('EVALSHA', `EVALSHA ${sha} 1 b`, node, { ...more, ...again }, `EVALSHA ${procedure}`), version);
          });
          assert.deepEqual(seen(), expected);
          assertQuiet();
        });
      });
    }

    for (const version of CLUSTERED) {
      // A cluster of ioredis before 5.9, and of iovalkey, asks any node for them.
      const isSharded = version !== 'ioredis-4.28' && version !== 'iovalkey-0.4';
      const channels = isSharded ? ['b', 'c'] : ['b'];
      const sharding = isIoredis(version) ? { shardedSubscribers: true } : {};

      it(`delivers messages of ${titleOf(version)} from the seeds, sharded or not`, async () => {
        const run = async (client: Client): Promise<unknown> => {
          const heard: string[] = [];
          const listener = (message: string, channel: string) => heard.push(`${channel} ${message}`);
          await client.subscribe('b', listener);
          if (isSharded) await client.sSubscribe('c', listener);
          await owner(0).request('PUBLISH', 'b', 'one');
          if (isSharded) await owner(1).request('SPUBLISH', 'c', 'two');
          await until(() => heard.length >= channels.length);
          await client.unsubscribe('b', listener);
          if (isSharded) await client.sUnsubscribe('c', listener);
          return heard.sort();
        };
        await compared(version, run, sharding);
        // Not by their names: what is one of a few names may be one of many.
        const message = (channel: string) => ({
          attributes: {
            'messaging.system.name': 'redis',
            'messaging.operation.type': 'process',
            'messaging.operation.name': 'process',
            'messaging.destination.name': channel,
            'messaging.message.body.size': 3,
            'server.address': seeds,
          },
        });
        assert.deepEqual(
          messages().sort((one, other) => destinationOf(one).localeCompare(destinationOf(other))),
          channels.map(message),
        );
        assertQuiet();
      });

      it(`carries context through a cluster with ${titleOf(version)}, sharded or not`, async () => {
        resetTracing({ propagateChannels: channels });
        const run = async (client: Client): Promise<void> => {
          const heard: string[] = [];
          const listener = (message: string) => heard.push(message);
          await client.subscribe('b', listener);
          if (isSharded) await client.sSubscribe('c', listener);
          await client.publish('b', 'one');
          if (isSharded) await client.sPublish('c', 'two');
          await until(() => heard.length >= channels.length);
          assert.deepEqual(heard.sort(), isSharded ? ['one', 'two'] : ['one']);
        };
        await withCluster(version, run, sharding);
        for (const channel of channels) {
          const [producer, consumer] = ['publish', 'process'].map((operation) => messageSpan(operation, channel));
          assert.equal(consumer?.parentSpanContext?.spanId, producer?.spanContext().spanId ?? '');
        }
        assertQuiet();
      });

      it(`carries context in streams of a cluster with ${titleOf(version)}, through MOVED too`, async () => {
        const run = async (client: Client): Promise<unknown> => {
          await client.xAdd('b', '1-1', { item: 'tea' });
          // A node that has keys of a slot does not give it away.
          await owner(0).request('DEL', 'b');
          await moveSlot(masters, 'b', owner(1));
          try {
            await client.xAdd('b', '1-2', { item: 'milk' });
            return [await client.xRange('b', '-', '+'), await client.multi().xRead({ key: 'b', id: '0' }).xLen('b').exec()];
          } finally {
            await owner(1).request('DEL', 'b');
            await moveSlot(masters, 'b', owner(0));
          }
        };
        resetTracing({ propagateStreams: ['b'] });
        await compared(version, run);
        const added = redisSpans().filter(({ name }) => name === 'xadd b');
        const batch = redisSpans().find(({ name }) => name.startsWith('MULTI'));
        assert.deepEqual(
          added.map(({ attributes }) => attributes['network.peer.port']),
          [owner(0).port, owner(1).port],
        );
        assert.deepEqual(
          batch?.links.map(({ context }) => context.spanId),
          [added[1]?.spanContext().spanId],
        );
        assertQuiet();
      });
    }

    it('leaves a call that was sent again out of a composite span', async () => {
      resetTracing({ compressSpans: true });
      // A pause would end the run.
      const clock = new Clock();
      await compared('6.3', async (client) => {
        for (let i = 0; i < 2; i++) await client.get('b');
        await moveSlot(masters, 'b', owner(1));
        try {
          for (let i = 0; i < 3; i++) await client.get('b');
        } finally {
          await moveSlot(masters, 'b', owner(0));
        }
      });
      clock.restore();
      instrumentation.flushSpans();
      assert.deepEqual(
        seen().map(({ attributes }) => [attributes['db.redis.composite.count'], attributes['redis.client.redirection.kind']]),
        [
          [2, undefined],
          [undefined, 'MOVED'],
          [2, undefined],
        ],
      );
      assertQuiet();
    });

    it('makes one span for a call divided among nodes on redis 6.2 and later', async () => {
      await compared('6.3', async (client) => [
        await client.mSet([
          ['a', '1'],
          ['b', '2'],
        ]),
        await client.mGet(['a', 'b', 'c']),
        await client.dbSize(),
        await client.del(['a', 'b', 'c']),
      ]);
      assert.deepEqual(seen(), [
        span('MSET', 'MSET a ? b ?', undefined),
        span('MGET', 'MGET a b c', undefined, { 'cache.hit': false, 'cache.hit_count': 2, 'cache.miss_count': 1 }),
        span('DBSIZE', 'DBSIZE', undefined),
        span('DEL', 'DEL a b c', undefined, { 'db.redis.keys_deleted': 2 }),
      ]);
      assertQuiet();
    });

    it('counts what the client-side cache of a cluster answers once for each key, in one span', async () => {
      const options = { RESP: 3, clientSideCache: { ttl: 0, maxEntries: 10, evictPolicy: 'LRU' } };
      const client = loadRedis('6.3').createCluster({ rootNodes: cluster.rootNodes, ...options, defaults: { RESP: 3 } });
      const measuring = Measuring.start();
      try {
        await client.connect();
        await client.mSet(['a', '1', 'b', '2', 'c', '3']);
        resetTracing();
        for (let i = 0; i < 3; i++) assert.deepEqual(await client.mGet(['a', 'b', 'c']), ['1', '2', '3']);
        assert.deepEqual(
          seen().map(({ name, attributes }) => [name.split(' ')[0], attributes['db.redis.cache.local']]),
          [
            ['MGET', undefined],
            ['MGET', true],
            ['MGET', true],
          ],
        );
        const requests = await measuring.points('cache.requests');
        const sum = (local?: true) =>
          requests.filter(({ attributes }) => attributes['cache.local'] === local).reduce((all, { value }) => all + value, 0);
        assert.deepEqual([sum(), sum(true)], [3, 6]);
      } finally {
        await measuring.stop();
        await client.destroy();
      }
      assertQuiet();
    });

    it('keeps the address of a 4.0 node: 4.0 hides its nodes', async () => {
      await compared('4.0', (client) => client.get('b'));
      assert.deepEqual(
        seen().map(({ name }) => name),
        [`GET ${owner(0).host}:${owner(0).port}`],
      );
    });
  });

  describe('sentinel', () => {
    let group: RedisSentinels;
    before(async () => {
      group = await startSentinel();
    });
    after(() => group.stop());
    beforeEach(async () => {
      await group.master.request('FLUSHALL');
      resetTracing();
    });

    /** Runs without us and with us: the results must be equal. */
    async function comparedBySentinel(version: Version, use: (sentinel: Client) => Promise<unknown>): Promise<void> {
      const run = async (): Promise<unknown> => {
        const options = { name: group.masterName, sentinelRootNodes: group.sentinels.map(({ host, port }) => ({ host, port })) };
        const sentinel = loadRedis(version).createSentinel?.(options);
        sentinel.on('error', () => {});
        await sentinel.connect();
        try {
          return await use(sentinel);
        } finally {
          await sentinel.destroy();
        }
      };
      instrumentation.disable();
      const control = await run();
      await group.master.request('FLUSHALL');
      instrumentation.enable();
      assert.deepEqual(await inSpan(run), control);
    }

    const fromV5 = VERSIONS.filter((one) => major(one) >= 5);

    // A subscriber of ioredis takes commands with RESP3 alone, which is 6's default.
    for (const version of [...fromV5, 'ioredis-6.0'] as const) {
      it(`delivers messages by the proxy of ${titleOf(version)}, each with a span, and listeners keep their identity`, async () => {
        resetTracing({ propagateChannels: ['news', 'shard'], propagateStreams: ['orders'] });
        await comparedBySentinel(version, async (sentinel) => {
          const heard: string[] = [];
          const listener = (message: string, channel: string) => heard.push(`${channel} ${message}`);
          await sentinel.subscribe('news', listener);
          await sentinel.pSubscribe('n*', async (message: string) => heard.push(`pattern ${message}`));
          await sentinel.publish('news', 'one');
          await until(() => heard.length >= 2);
          await sentinel.unsubscribe('news', listener);
          await sentinel.publish('news', 'two');
          await until(() => heard.length >= 3);
          await sentinel.xAdd('orders', '1-1', { item: 'tea' });
          return [heard.sort(), await sentinel.xRead({ key: 'orders', id: '0' })];
        });
        const [one, two] = redisSpans().filter(({ kind }) => kind === SpanKind.PRODUCER);
        const consumed = redisSpans().filter(({ kind }) => kind === SpanKind.CONSUMER);
        // The caller's span is active where the client connected, and still at work: roots, and linked.
        assert.deepEqual(
          consumed.map((span) => [destinationOf(span), span.links[0]?.context.spanId, span.attributes['server.port']]),
          [one, one, two].map((producer) => ['news', producer?.spanContext().spanId, isIoredis(version) ? undefined : group.master.port]),
        );
        const [added, read] = ['xadd', 'xread'].map((operation) => messageSpan(operation, 'orders'));
        assert.deepEqual(
          read?.links.map(({ context }) => context.spanId),
          [added?.spanContext().spanId],
        );
        assertQuiet();
      });
    }

    for (const version of [...fromV5, ...IOREDIS]) {
      it(`of ${titleOf(version)}: one span for a command that is sent again after a lost connection`, async () => {
        await comparedBySentinel(version, async (sentinel) => {
          const popped = sentinel.blPop('queue', 0);
          await isBlocked(group.master);
          await group.master.request('CLIENT', 'KILL', 'TYPE', 'normal');
          await isBlocked(group.master);
          await group.master.request('RPUSH', 'queue', 'tea', 'milk');
          const first = await popped;
          await group.master.request('CLIENT', 'PAUSE', 60_000, 'WRITE');
          const both = sentinel.multi().lPush('queue', 'milk').lLen('queue').exec();
          await eventually('a held transaction', async () => String(await group.master.request('CLIENT', 'LIST')).includes('cmd=lpush'));
          await group.master.request('CLIENT', 'KILL', 'TYPE', 'normal');
          await group.master.request('CLIENT', 'UNPAUSE');
          return [
            first,
            await both.catch((error: Error) => error.message),
            await sentinel.incr('queue').catch((error: Error) => error.message),
          ];
        });
        assert.deepEqual(
          seen().map(({ attributes }) => [String(attributes['db.operation.name']).toUpperCase(), attributes['error.type']]),
          [
            ['BLPOP', undefined],
            // What was answered in part, ioredis does not send again.
            ['MULTI', isIoredis(version) ? 'AbortError' : undefined],
            ['INCR', 'WRONGTYPE'],
          ],
        );
        const again = seen().map(({ attributes }) => Number(attributes['redis.client.operation.retry_attempts'] ?? 0) > 0);
        assert.deepEqual(again, [true, !isIoredis(version), false]);
        assert.ok(seen().every(({ attributes }) => attributes['redis.client.redirection.kind'] === undefined));
        assertQuiet();
      });

      it(`of ${titleOf(version)}: spans at the sentinels and the master's name, answered by the master`, async () => {
        const address = `${group.sentinels
          .map(({ host, port }) => `${host}:${port}`)
          .sort()
          .join(',')}/${group.masterName}`;
        await comparedBySentinel(version, async (sentinel) => [
          await sentinel.get('k'),
          await sentinel.multi().get('k').get('j').exec(),
          await sentinel.use((lease: Client) => lease.get('l')),
        ]);
        const common = {
          'db.system.name': 'redis',
          'db.namespace': '0',
          'server.address': address,
          'network.peer.address': group.master.host,
          'network.peer.port': group.master.port,
        };
        const missOf = (key: string) => ({
          'db.operation.name': 'GET',
          'db.query.text': `GET ${key}`,
          'cache.hit': false,
          'cache.miss.reason': 'unknown',
          'db.redis.key_family': key,
        });
        const expected = [
          { name: `GET ${address}`, attributes: { ...common, ...missOf('k') } },
          {
            name: `MULTI GET ${address}`,
            attributes: {
              ...common,
              'db.operation.name': 'MULTI GET',
              'db.query.text': 'GET k; GET j',
              'db.operation.batch.size': 2,
              'cache.hit_count': 0,
              'cache.miss_count': 2,
            },
          },
          { name: `GET ${address}`, attributes: { ...common, ...missOf('l') } },
        ];
        assert.deepEqual(
          seen(),
          expected.map((one) => asSpelled(one, version)),
        );
        assertQuiet();
      });
    }

    for (const version of fromV5) {
      it(`of redis ${version}: no span for the reset of a connection that is given back`, async () => {
        const { warn } = console;
        console.warn = () => {};
        try {
          await comparedBySentinel(version, async (sentinel) => {
            await sentinel.use((lease: Client) => lease.watch('k'));
            // Its turn comes when the one connection is reset.
            return sentinel.use((lease: Client) => lease.get('k'));
          });
        } finally {
          console.warn = warn;
        }
        assert.deepEqual(
          seen().map(({ attributes }) => attributes['db.operation.name']),
          ['WATCH', 'GET'],
        );
        assertQuiet();
      });

      it(`of redis ${version}: a span for a call of a connection that was given back`, async () => {
        await comparedBySentinel(version, async (sentinel) => {
          const kept = await sentinel.acquire();
          await kept.release();
          const calls = [kept.get('k'), kept.multi().get('k').get('j').exec(), kept.sendCommand(true, ['GET', 'k'])];
          const unhandled: unknown[] = [];
          const hear = (reason: unknown) => void unhandled.push(reason);
          process.on('unhandledRejection', hear);
          // What an application sends by this method may fail later, on what is no node.
          calls.push(kept._execute(true, async (node: Client) => node.get('k')));
          const reasons = (await Promise.allSettled(calls)).map((one) => one.status === 'rejected' && one.reason.message);
          // Unhandled rejections are told between two turns of the event loop.
          await new Promise(setImmediate);
          process.off('unhandledRejection', hear);
          return [...reasons, ...unhandled];
        });
        assert.deepEqual(
          seen().map(({ attributes }) => [attributes['db.operation.name'], attributes['error.type']]),
          [
            ['GET', 'Error'],
            ['MULTI GET', 'Error'],
            ['GET', 'Error'],
          ],
        );
        assertQuiet();
      });

      it(`of redis ${version}: a call that is given up has a span when the application is told`, async () => {
        const options = { name: group.masterName, sentinelRootNodes: group.sentinels, maxCommandRediscovers: 2 };
        const sentinel = loadRedis(version).createSentinel?.(options);
        sentinel.on('error', () => {});
        await sentinel.connect();
        try {
          const told = await sentinel.eval("return redis.error_reply('READONLY no master')").catch(() => seen());
          assert.deepEqual(
            told.map(({ attributes }: { attributes: Attributes }) => [
              attributes['error.type'],
              attributes['redis.client.operation.retry_attempts'],
              attributes['redis.client.redirection.kind'],
            ]),
            [['READONLY', 2, undefined]],
          );
        } finally {
          await sentinel.destroy();
        }
        assertQuiet();
      });
    }

    it('of ioredis 5.11: answered by the new master after a failover', async () => {
      const sentinel = loadRedis('ioredis-5.11').createSentinel?.({ name: group.masterName, sentinelRootNodes: group.sentinels });
      sentinel.on('error', () => {});
      await sentinel.connect();
      try {
        await sentinel.get('k');
        await failOverSentinel(group, 'agreed');
        await eventually('a client at the new master', async () => {
          // Who asked a sentinel before they agreed may have connected to the old master since.
          await group.master.request('CLIENT', 'KILL', 'TYPE', 'normal');
          await sentinel.set('k', 'v').catch(() => {});
          return redisSpans().at(-1)?.attributes['network.peer.port'] === group.replica.port;
        });
      } finally {
        await end(sentinel);
      }
      assert.equal(redisSpans()[0]?.attributes['network.peer.port'], group.master.port);
      assertQuiet();
    });
  });
});

async function isBlocked(server: RedisServer): Promise<void> {
  await eventually('a blocked client', async () => String(await server.request('INFO', 'clients')).includes('blocked_clients:1'));
}
