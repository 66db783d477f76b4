import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import sinon from 'sinon';
import { Measuring, ofPools } from '../support/metrics';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { assertQuiet, instrumentation, resetTracing } from '../support/tracing';
import { type Client, folderOf, loadRedis, major, VERSIONS, type Version } from '../support/versions';
import { held, turnsOf, until } from '../support/waiting';

const POOL_NAME = 'db.client.connection.pool.name';
const STATE = 'db.client.connection.state';

/** The class itself: a pool made without `create`, as if before we came. */
function poolClass(version: Version): new (...args: unknown[]) => Client {
  const require = createRequire(createRequire(`${folderOf(version)}/package.json`).resolve('redis'));
  return require('@redis/client/dist/lib/client/pool.js').RedisClientPool;
}

describe('pool recorder', () => {
  let server: RedisServer;
  let measuring: Measuring;
  const opened = new Set<Client>();

  before(async () => {
    server = await startStandalone({ unixSocket: true });
  });
  after(() => server.stop());
  beforeEach(() => {
    resetTracing();
    measuring = Measuring.start();
  });
  afterEach(async () => {
    for (const pool of opened) pool.destroy();
    opened.clear();
    instrumentation.enable();
    await measuring.stop();
    assertQuiet();
  });

  const here = () => ({ socket: { host: server.host, port: server.port } });
  const name = (suffix = '') => ({ [POOL_NAME]: `${server.host}:${server.port}/0${suffix}` });

  function newPool(version: Version, options: object = {}, client: object = here()): Client {
    const pool = loadRedis(version).createClientPool?.(client, options);
    pool.on('error', () => {});
    opened.add(pool);
    return pool;
  }

  for (const version of VERSIONS.filter((one) => major(one) >= 5)) {
    describe(`on redis ${version}`, () => {
      it('counts and times connections, tasks that wait, and limits, with these attributes and no others', async () => {
        const pool = await newPool(version, { minimum: 2, maximum: 3 }).connect();
        const { done, release } = held();
        let begun = 0;
        const counted = () => {
          begun += 1;
          return done.then(() => 'done');
        };
        const running = Array.from({ length: 7 }, () => pool.execute(counted));
        await until(() => begun >= 3);
        const during = ofPools(await measuring.collect());
        release();
        assert.deepEqual(await Promise.all(running), Array(7).fill('done'));
        // A task gives its connection back after the application has its result.
        await turn();
        const limits = {
          'db.client.connection.idle.max': [{ attributes: name(), value: 3 }],
          'db.client.connection.idle.min': [{ attributes: name(), value: 2 }],
          'db.client.connection.limit': [{ attributes: name(), value: 3 }],
        };
        const expected = (idle: number, used: number, pending: number) => ({
          ...limits,
          'db.client.connection.count': [
            { attributes: { ...name(), [STATE]: 'idle' }, value: idle },
            { attributes: { ...name(), [STATE]: 'used' }, value: used },
          ],
          'db.client.connection.pending_requests': [{ attributes: name(), value: pending }],
          'db.client.connection.create_time': [{ attributes: name(), value: 3 }],
        });
        assert.deepEqual(during, {
          ...expected(0, 3, 4),
          'db.client.connection.wait_time': [{ attributes: name(), value: 3 }],
        });
        assert.deepEqual(ofPools(await measuring.collect()), {
          ...expected(3, 0, 0),
          'db.client.connection.wait_time': [{ attributes: name(), value: 7 }],
          'db.client.connection.use_time': [{ attributes: name(), value: 7 }],
        });
      });

      it('counts a task that got no connection in time, which has not waited for one', async () => {
        const pool = await newPool(version, { maximum: 1, acquireTimeout: 30 }).connect();
        const { done, release } = held();
        const running = pool.execute(() => done);
        for (let i = 0; i < 2; i++)
          await assert.rejects(
            pool.execute(() => done),
            /Timeout waiting for a client/,
          );
        release();
        await running;
        // The same words from the task itself are no timeout of the pool's.
        const own = new Error('Timeout waiting for a client');
        await assert.rejects(
          pool.execute(() => Promise.reject(own)),
          own,
        );
        const collected = await measuring.collect();
        assert.deepEqual(collected['db.client.connection.timeouts'], [{ attributes: name(), value: 2 }]);
        assert.deepEqual(collected['db.client.connection.wait_time'], [{ attributes: name(), value: 2 }]);
      });

      it('measures a task that a client of a pool connects inside as a task only', async () => {
        const pool = await newPool(version).connect();
        const other = loadRedis(version).createClient(here());
        other.on('error', () => {});
        await pool.execute(() => other.connect());
        other.destroy();
        assert.deepEqual(await measuring.points('db.client.connection.create_time'), [{ attributes: name(), value: 1 }]);
      });

      it('returns, rejects and throws the same as the pool alone, whatever the task returns', async () => {
        const pool = await newPool(version).connect();
        const tasks: (() => unknown)[] = [
          () => 7,
          () => undefined,
          () => Promise.resolve('later'),
          () => Promise.reject(new Error('no')),
          // biome-ignore lint/suspicious/noThenProperty: what a pool does with a thenable that is no promise
          () => ({ then: (resolve: (value: string) => void) => resolve('thenable') }),
          () => {
            throw new Error('at once');
          },
        ];
        const outcomes = [];
        for (const enabled of [false, true]) {
          if (enabled) instrumentation.enable();
          else instrumentation.disable();
          // 5.0 does not take a connection back after a throw: the last.
          const fresh = await newPool(version).connect();
          const seen: unknown[] = [];
          for (const task of tasks) {
            const promise = fresh.execute(task);
            assert.equal(Object.getPrototypeOf(promise), Promise.prototype);
            seen.push(
              await promise.then(
                (value: unknown) => ['value', value],
                (error: Error) => ['error', error.message],
              ),
            );
          }
          seen.push(await pool.execute((client: Client) => client.get('k')));
          seen.push(await turnsOf((begin) => fresh.execute(async () => begin())));
          outcomes.push(seen);
        }
        assert.deepEqual(outcomes[1], outcomes[0]);
        assert.equal(outcomes[1]?.length, 8);
      });

      it('rejects an invalid URL as without us', async () => {
        const outcomes: unknown[] = [];
        for (const enabled of [false, true]) {
          if (enabled) instrumentation.enable();
          else instrumentation.disable();
          for (const url of ['unix:///tmp/%zz.sock', 'redis://[::1', 'redis://localhost/%zz']) {
            const promise: Promise<unknown> = newPool(version, {}, { url }).connect();
            outcomes.push(
              await promise.then(
                () => 'connected',
                (error: Error) => error.message,
              ),
            );
          }
        }
        assert.deepEqual(outcomes.slice(3), outcomes.slice(0, 3));
      });

      it('is named by server and database, from options, a URL or a socket’s path', async () => {
        const at = `${server.host}:${server.port}`;
        const clients: [object, string][] = [
          [{ ...here(), database: 2 }, `${at}/2`],
          [{ url: `redis://${at}` }, `${at}/0`],
          [{ url: `redis://${at}/3`, database: 4 }, `${at}/3`],
          [{ socket: { path: server.socketPath } }, `${server.socketPath}/0`],
        ];
        // Redis 5 has no such URLs; 6.3 itself cannot read them where it asks what maintenance there is.
        const url = `unix://:@${server.socketPath}?db=5`;
        if (major(version) >= 6) clients.push([{ url, maintNotifications: 'disabled' }, `${server.socketPath}/5`]);
        for (const [client] of clients) await newPool(version, {}, client).connect();
        assert.deepEqual(
          (await measuring.points('db.client.connection.limit')).map(({ attributes }) => attributes[POOL_NAME]),
          clients.map(([, expected]) => expected),
        );
      });

      it('gives pools of one server a number each, and the number of a closed one to the next', async () => {
        const first = await newPool(version).connect();
        const second = await newPool(version).connect();
        assert.deepEqual(await limits(), [name(), name('#2')]);
        await first.close();
        assert.deepEqual(await limits(), [name('#2')]);
        await newPool(version).connect();
        assert.deepEqual(await limits(), [name(), name('#2')]);
        second.destroy();
        assert.deepEqual(await limits(), [name()]);
      });

      it('reports zeros to each reader after it is closed, and counts again when it is opened again', async () => {
        const pool = await newPool(version, { minimum: 2 }).connect();
        const sums = async (): Promise<number[]> => {
          const collected = await measuring.collect();
          const names = ['count', 'idle.max', 'idle.min', 'limit', 'pending_requests'];
          return names.map((one) => (collected[`db.client.connection.${one}`] ?? []).reduce((sum, { value }) => sum + value, 0));
        };
        assert.deepEqual(await sums(), [2, 100, 2, 100, 0]);
        await pool.close();
        for (const _reader of [1, 2]) assert.deepEqual(await sums(), [0, 0, 0, 0, 0]);
        // 5.0 has no way back but to be used.
        await pool.connect();
        const { done, release } = held();
        let isRunning = false;
        const running = pool.execute(() => {
          isRunning = true;
          return done;
        });
        await until(() => isRunning);
        assert.deepEqual(await sums(), [version === '5.0' ? 1 : 2, 100, 2, 100, 0]);
        release();
        await running;
      });

      it('has no limits if the pool was created before us: no metric rather than a wrong one', async () => {
        const { default: client } = createRequire(createRequire(`${folderOf(version)}/package.json`).resolve('redis'))(
          '@redis/client/dist/lib/client/index.js',
        );
        const made = major(version) === 5 && version === '5.0' ? client.factory(here()).bind(undefined, here()) : here();
        const pool = new (poolClass(version))(made, { maximum: 3 });
        pool.on('error', () => {});
        opened.add(pool);
        await pool.connect();
        await pool.execute((one: Client) => one.ping());
        assert.deepEqual(Object.keys(ofPools(await measuring.collect())).sort(), [
          'db.client.connection.count',
          'db.client.connection.create_time',
          'db.client.connection.pending_requests',
          'db.client.connection.use_time',
          'db.client.connection.wait_time',
        ]);
      });

      it('reads no clock without metrics', async () => {
        instrumentation.setConfig({ metrics: false });
        const clock = sinon.spy(performance, 'now');
        try {
          const counts = [];
          for (const enabled of [false, true]) {
            if (enabled) instrumentation.enable();
            else instrumentation.disable();
            const pool = await newPool(version).connect();
            clock.resetHistory();
            for (let i = 0; i < 10; i++) await pool.execute(() => 7);
            counts.push(clock.callCount);
          }
          assert.equal(counts[1], counts[0]);
        } finally {
          clock.restore();
        }
      });
    });
  }

  async function limits(): Promise<object[]> {
    const points = await measuring.points('db.client.connection.limit');
    return points
      .filter(({ value }) => value > 0)
      .map(({ attributes }) => attributes)
      .sort((a, b) => String(a[POOL_NAME]).localeCompare(String(b[POOL_NAME])));
  }

  it('forgets 10,000 pools, closed or merely dropped', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const heap = async (): Promise<number> => {
      // A dropped pool is found dead by one collection, and its name by the next.
      for (let i = 0; i < 3; i++) {
        await turn();
        collectGarbage();
        await measuring.collect();
      }
      return process.memoryUsage().heapUsed;
    };
    const churn = async (count: number): Promise<void> => {
      const { createClientPool } = loadRedis('6.3');
      for (let i = 0; i < count; i++) {
        const pool = await createClientPool?.(here(), { minimum: 0 }).connect();
        if (i % 2 === 0) await pool.close();
        // What a WeakRef points at is kept for the rest of the turn.
        if (i % 100 === 0) await turn();
      }
    };
    await churn(500);
    const before = await heap();
    await churn(10_000);
    const grownBy = (await heap()) - before;
    await newPool('6.3').connect();
    assert.deepEqual(await limits(), [name()]);
    assert.ok(grownBy < 2 * 1024 * 1024, `the heap grew by ${grownBy} bytes`);
  });
});
