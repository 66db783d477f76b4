// Knows: libraries that make locks with node-redis, each with a version it was made for, and unchanged.
// Must not know: how a lock is recognised.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import redisLock from 'redis-lock';
import Redlock from 'redlock';
import { lock as simpleLock } from 'simple-redis-mutex';
import { Measuring } from '../support/metrics';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { assertQuiet, inSpan, redisSpans, resetTracing } from '../support/tracing';
import { type Client, connect, end, folderOf, loadRedis, titleOf } from '../support/versions';

type Release = () => Promise<unknown>;

/** A library, as a test uses it. */
interface Library {
  readonly name: string;
  readonly redis: '3.1' | '4.7' | '6.3' | 'ioredis-5.11';
  /** The key of a lock of this name. */
  key(name: string): string;
  /** Gets the lock, however long that takes. */
  acquire(client: Client, name: string, ttlMs: number): Promise<Release>;
  /** What its release says; undefined: nothing, so that only the time tells. */
  readonly released: boolean | undefined;
  /** Waits that are seen; undefined: it tries again when a message says so, with a new token and in the message's trace. */
  readonly waits: number | undefined;
}

const REDLOCK: Omit<Library, 'redis'> = {
  name: 'redlock 4',
  key: (name) => `locks:${name}`,
  acquire: async (client, name, ttlMs) => {
    const redlock = new Redlock([client], { retryCount: -1, retryDelay: 20, retryJitter: 5 });
    const lock = await redlock.lock(`locks:${name}`, ttlMs);
    return () => lock.unlock();
  },
  released: true,
  waits: 1,
};

const LIBRARIES: readonly Library[] = [
  { ...REDLOCK, redis: '3.1' },
  { ...REDLOCK, redis: 'ioredis-5.11' },
  {
    name: 'redis-lock 1',
    redis: '4.7',
    key: (name) => `lock.${name}`,
    acquire: (client, name, ttlMs) => redisLock(client, 20)(name, ttlMs),
    released: true,
    waits: 1,
  },
  {
    name: 'simple-redis-mutex 3',
    redis: '6.3',
    key: (name) => `@simple-redis-mutex:lock-${name}`,
    acquire: (client, name, timeout) => simpleLock(client, name, { timeout }),
    released: undefined,
    waits: undefined,
  },
];

for (const library of LIBRARIES) {
  describe(`locks of ${library.name}, with ${titleOf(library.redis)}`, function () {
    this.timeout(20_000);
    let server: RedisServer;
    let client: Client;
    let measuring: Measuring;
    before(async () => {
      server = await startStandalone();
      client = library.redis === '3.1' ? legacyClient(server) : await connect(loadRedis(library.redis), server);
      if (library.redis === 'ioredis-5.11') client = client.client;
      measuring = Measuring.start();
    });
    after(async () => {
      await measuring.stop();
      if (library.redis === '3.1') client.end(true);
      else await end(client);
      await server.stop();
    });
    beforeEach(() => resetTracing());
    afterEach(assertQuiet);

    const locked = (name: string) =>
      redisSpans()
        .map(({ attributes }) => attributes)
        .filter((attributes) => attributes['db.redis.lock.key'] === library.key(name));

    it('are taken, waited for and given back', async () => {
      const first = await inSpan(() => library.acquire(client, 'job', 5_000));
      const second = inSpan(() => library.acquire(client, 'job', 5_000));
      await sleep(60);
      await first();
      await (await second)();
      const spans = locked('job');
      const attempts = spans.map((attributes) => attributes['db.redis.lock.acquired']).filter((acquired) => acquired !== undefined);
      assert.deepEqual([attempts[0], attempts[1], attempts.at(-1)], [true, false, true]);
      assert.equal(attempts.filter((acquired) => acquired).length, 2);
      assert.ok(spans.some((attributes) => attributes['db.redis.lock.ttl'] === 5));
      // Some give back what they were refused too, to be sure.
      const released = spans.filter((attributes) => attributes['db.redis.lock.acquired'] === undefined);
      const done = released.map((attributes) => attributes['db.redis.lock.released']).filter((is) => is !== false);
      assert.deepEqual(done, [library.released, library.released]);
      const metrics = await measuring.collect();
      const of = (name: string) => metrics[name]?.reduce((sum, { value }) => sum + value, 0);
      assert.deepEqual(
        [of('redis.lock.wait.duration'), of('redis.lock.hold.duration'), of('redis.lock.lost')],
        [library.waits, 2, undefined],
      );
    });
  });
}

/** The library's own object: the tests' promises would be in the way of its callbacks. */
function legacyClient({ host, port }: RedisServer): Client {
  const { createClient } = createRequire(`${folderOf('3.1')}/package.json`)('redis');
  return createClient({ host, port });
}
