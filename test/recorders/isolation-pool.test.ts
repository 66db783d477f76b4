import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { metrics } from '@opentelemetry/api';
import { type Collected, Measuring, ofPools } from '../support/metrics';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { assertQuiet, instrumentation, resetTracing } from '../support/tracing';
import { type Client, connect, end, loadRedis, major, VERSIONS } from '../support/versions';
import { held, turnsOf, until, untilEqual } from '../support/waiting';

describe('the isolation pool', () => {
  let server: RedisServer;
  let measuring: Measuring;
  before(async () => {
    server = await startStandalone();
  });
  after(() => server.stop());
  beforeEach(() => {
    resetTracing();
    measuring = Measuring.start();
  });
  afterEach(async () => {
    instrumentation.enable();
    // What is closed gives its name back when it is looked at.
    await measuring.collect();
    await measuring.stop();
    assertQuiet();
  });

  const pool = () => ({ 'db.client.connection.pool.name': `${server.host}:${server.port}/0` });
  const counted = (idle: number, used: number, pending: number, { min = 1, max = 2 } = {}): Collected => ({
    'db.client.connection.count': [
      { attributes: { ...pool(), 'db.client.connection.state': 'idle' }, value: idle },
      { attributes: { ...pool(), 'db.client.connection.state': 'used' }, value: used },
    ],
    'db.client.connection.idle.max': [{ attributes: pool(), value: max }],
    'db.client.connection.idle.min': [{ attributes: pool(), value: min }],
    'db.client.connection.limit': [{ attributes: pool(), value: max }],
    'db.client.connection.pending_requests': [{ attributes: pool(), value: pending }],
  });
  const times = (created: number, waits: number, uses: number): Collected =>
    Object.fromEntries(
      Object.entries({ create_time: created, wait_time: waits, use_time: uses })
        .filter(([, value]) => value > 0)
        .map(([name, value]) => [`db.client.connection.${name}`, [{ attributes: pool(), value }]]),
    );
  const collected = async () => ofPools(await measuring.collect());
  const comesTo = (expected: Collected): Promise<void> => untilEqual(collected, expected);

  for (const version of VERSIONS.filter((one) => major(one) === 4)) {
    describe(`of redis ${version}`, () => {
      const redis = loadRedis(version);

      it('is counted and timed from its first connection on, and shows zeros when the client is closed', async () => {
        const client = await connect(redis, server, { isolationPoolOptions: { min: 1, max: 2 } });
        await comesTo({ ...counted(1, 0, 0), ...times(1, 0, 0) });

        const popped = [1, 2, 3].map((i) => client.blPop(redis.commandOptions?.({ isolated: true }), `list${i}`, 0));
        await comesTo({ ...counted(0, 2, 1), ...times(2, 2, 0) });
        for (const i of [1, 2, 3]) await client.rPush(`list${i}`, 'x');
        await Promise.all(popped);
        await comesTo({ ...counted(2, 0, 0), ...times(2, 3, 3) });

        // A connection whose task fails is thrown away; the pool keeps one at least.
        await assert.rejects(
          client.executeIsolated(() => Promise.reject(new Error('no'))),
          /^Error: no$/,
        );
        await comesTo({ ...counted(1, 0, 0), ...times(2, 4, 4) });

        await client.quit();
        await comesTo({ ...counted(0, 0, 0, { min: 0, max: 0 }), ...times(2, 4, 4) });
      });

      it('counts a task that got no connection in time', async () => {
        const client = await connect(redis, server, { isolationPoolOptions: { min: 1, max: 1, acquireTimeoutMillis: 30 } });
        // To connect would take from the time that a task may wait.
        await comesTo({ ...counted(1, 0, 0, { min: 1, max: 1 }), ...times(1, 0, 0) });
        const { done, release } = held();
        const running = client.executeIsolated(() => done);
        await assert.rejects(
          client.executeIsolated(async () => 7),
          /ResourceRequest timed out/,
        );
        release();
        await running;
        assert.deepEqual(await collected(), {
          ...counted(1, 0, 0, { min: 1, max: 1 }),
          ...times(1, 1, 1),
          'db.client.connection.timeouts': [{ attributes: pool(), value: 1 }],
        });
        await end(client);
      });

      it('returns and rejects the same as without us', async () => {
        const outcomes: unknown[][] = [];
        for (const enabled of [false, true]) {
          if (enabled) instrumentation.enable();
          else instrumentation.disable();
          const client = await connect(redis, server);
          const tasks: (() => Promise<unknown>)[] = [async () => 7, async () => undefined, () => Promise.reject(new Error('no'))];
          const seen: unknown[] = [];
          for (const task of tasks) {
            const promise = client.executeIsolated(task);
            assert.equal(Object.getPrototypeOf(promise), Promise.prototype);
            seen.push(await promise.catch((error: Error) => `rejected: ${error.message}`));
          }
          seen.push(await client.executeIsolated((one: Client) => one.set('k', 'v')));
          seen.push(await turnsOf((begin) => client.executeIsolated(async () => begin())));
          seen.push(Object.keys(client.duplicate()));
          outcomes.push(seen);
          await end(client);
        }
        assert.deepEqual(outcomes[1], outcomes[0]);
      });

      it('has no metrics if it is not used, and is forgotten with its client', async () => {
        const unused = await connect(redis, server);
        assert.deepEqual(await collected(), {});
        await end(unused);
        const used = async (): Promise<void> => {
          const client = redis.createClient({ socket: { host: server.host, port: server.port } });
          await client.connect();
          await client.executeIsolated((one: Client) => one.ping());
          await client.disconnect();
        };
        for (let i = 0; i < 5; i++) await used();
        await collected();
        // All names were given back: the next is the first again.
        const client = await connect(redis, server);
        await client.executeIsolated(async () => 1);
        const limits = (await collected())['db.client.connection.limit']?.filter(({ value }) => value > 0);
        assert.deepEqual(limits, [{ attributes: pool(), value: 1 }]);
        await end(client);
      });

      it('keeps no connection that the pool closed, even without metrics', async () => {
        instrumentation.setMeterProvider(metrics.getMeterProvider());
        setFlagsFromString('--expose-gc');
        const collectGarbage = runInNewContext('gc') as () => void;
        const client = await connect(redis, server, { isolationPoolOptions: { min: 0, max: 1 } });
        const thrownAway: WeakRef<Client>[] = [];
        const fail = async (one: Client): Promise<never> => {
          thrownAway.push(new WeakRef(one));
          throw new Error('no');
        };
        for (let i = 0; i < 5; i++) await client.executeIsolated(fail).catch(() => {});
        await client.executeIsolated((one: Client) => one.ping());
        assert.equal(thrownAway.length, 5);
        await until(() => {
          collectGarbage();
          return thrownAway.every((one) => one.deref() === undefined);
        });
        await end(client);
        instrumentation.setMeterProvider(measuring.provider);
      });
    });
  }
});
