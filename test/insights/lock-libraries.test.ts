// Knows: libraries that make locks with node-redis, each with a version it was made for, and unchanged.
// Must not know: how a lock is recognised.
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import redisLock from 'redis-lock';
import Redlock from 'redlock';
import { lock as simpleLock } from 'simple-redis-mutex';
import { Measuring } from '../support/metrics';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { assertQuiet, inSpan, redisSpans, resetTracing } from '../support/tracing';
import { type Client, connect, end, folderOf, loadRedis, titleOf } from '../support/versions';
import { until } from '../support/waiting';

const ofSoftware = createRequire(join(__dirname, '../software/package.json'));
const warlock = ofSoftware('node-redis-warlock');
const { default: Redlock5 } = ofSoftware('redlock-5');

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
  {
    name: 'node-redis-warlock 1',
    redis: '3.1',
    key: (name) => `${name}:lock`,
    acquire: (client, name, ttlMs) =>
      new Promise((resolve, reject) =>
        warlock(client).optimistic(name, ttlMs, 1_000, 20, (error: unknown, unlock: (done: (error: unknown) => void) => void) =>
          error ? reject(error) : resolve(() => promisify(unlock)()),
        ),
      ),
    released: true,
    waits: 1,
  },
  {
    name: 'redlock 5',
    redis: '6.3',
    key: (name) => `locks:${name}`,
    acquire: async (client, name, ttlMs) => {
      const redlock = new Redlock5([asIoredis(client)], { retryCount: -1, retryDelay: 20, retryJitter: 5 });
      const lock = await redlock.acquire([`locks:${name}`], ttlMs);
      return () => lock.release();
    },
    released: true,
    waits: 1,
  },
];

/** What it calls of ioredis, by node-redis. */
function asIoredis(client: Client): object {
  const call = (name: string) => (script: string, count: number, args: readonly unknown[]) =>
    client.sendCommand([name, script, String(count), ...args.map(String)]);
  return { evalsha: call('EVALSHA'), eval: call('EVAL') };
}

/** As the documentation of Redis has it. */
const RELEASE = 'if redis.call("get",KEYS[1]) == ARGV[1] then return redis.call("del",KEYS[1]) else return 0 end';
const RENEW = 'if redis.call("get",KEYS[1]) == ARGV[1] then return redis.call("pexpire",KEYS[1],30000) else return 0 end';

/** Locks that are written by hand, under a name that says nothing: how each is given back, and whether it was held. */
const BY_HAND: Readonly<Record<string, (client: Client, key: string, token: string) => Promise<unknown>>> = {
  'EVAL that compares and deletes': (client, key, token) => client.eval(RELEASE, { keys: [key], arguments: [token] }),
  'EVALSHA of a script that nobody has seen': async (client, key, token) => {
    const sha = createHash('sha1').update(RELEASE).digest('hex');
    return client.evalSha(sha, { keys: [key], arguments: [token] });
  },
  'WATCH, GET and a transaction': async (client, key, token) => {
    await client.watch(key);
    return (await client.get(key)) === token ? (await client.multi().del(key).exec())[0] : client.unwatch();
  },
};

for (const library of LIBRARIES) {
  describe(`locks of ${library.name}, with ${titleOf(library.redis)}`, () => {
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

    it('are acquired, waited for and released', async () => {
      const first = await inSpan(() => library.acquire(client, 'job', 5_000));
      const second = inSpan(() => library.acquire(client, 'job', 5_000));
      await until(() => locked('job').some((attributes) => attributes['db.redis.lock.acquired'] === false));
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

for (const version of ['4.7', '5.12', '6.3'] as const) {
  describe(`hand-written locks, with redis ${version}`, () => {
    let server: RedisServer;
    let client: Client;
    before(async () => {
      server = await startStandalone();
      await server.request('SCRIPT', 'LOAD', RELEASE);
      client = await connect(loadRedis(version), server);
    });
    after(async () => {
      await end(client);
      await server.stop();
    });
    const seen = (name: string) => redisSpans().map(({ attributes }) => attributes[`db.redis.lock.${name}`]);

    for (const [title, release] of Object.entries(BY_HAND)) {
      it(`are known by their release: ${title}`, async () => {
        resetTracing();
        const measuring = Measuring.start();
        for (const key of ['job:1', 'job:2']) {
          const token = randomUUID();
          await client.set(key, token, { PX: 5_000, NX: true });
          await client.set(key, randomUUID(), { PX: 5_000, NX: true });
          await client.eval(RENEW, { keys: [key], arguments: [token] });
          await release(client, key, token);
        }
        const told = (name: string) => seen(name).filter((is) => is !== undefined);
        // Of the first the renewal is what shows it; the second is known from its beginning.
        assert.deepEqual(
          [told('acquired'), told('renewed'), told('released')],
          [
            [true, false],
            [true, true],
            [true, true],
          ],
        );
        assert.deepEqual(
          redisSpans().flatMap(({ attributes }) => attributes['cache.hit'] ?? []),
          [],
        );
        const metrics = await measuring.collect();
        await measuring.stop();
        const of = (name: string) => metrics[name]?.reduce((sum, { value }) => sum + value, 0);
        assert.deepEqual([of('redis.lock.hold.duration'), of('redis.lock.lost'), of('cache.writes')], [2, undefined, 1]);
        assertQuiet();
      });
    }
  });
}

describe('locks of redlock 5, whose scripts the server has from another process', () => {
  let server: RedisServer;
  let client: Client;
  const locks: Record<string, string | true> = { 'lock:order:1': true, 'order:1': 'order:*' };
  before(async () => {
    server = await startStandalone();
    client = await connect(loadRedis('ioredis-5.11'), server);
    const lock = await new Redlock5([client.client]).acquire(['any'], 5_000);
    await (await lock.extend(5_000)).release();
  });
  after(async () => {
    await end(client);
    await server.stop();
  });

  for (const [key, named] of Object.entries(locks)) {
    it(`are acquired, refused, renewed, released and lost: ${key}, named by ${named === true ? 'itself' : 'locks'}`, async () => {
      resetTracing({ locks: named });
      const measuring = Measuring.start();
      const redlock = new Redlock5([client.client], { retryCount: 0 });
      const lock = await redlock.acquire([key], 5_000);
      await assert.rejects(redlock.acquire([key], 5_000));
      await (await lock.extend(5_000)).release();
      const gone = await redlock.acquire([key], 5_000);
      await server.request('DEL', key);
      await assert.rejects(gone.release());
      const steps = redisSpans().map(({ attributes }) =>
        ['acquired', 'renewed', 'released', 'lost'].flatMap((step) => {
          const value = attributes[`db.redis.lock.${step}`];
          return value === undefined ? [] : `${step} ${value}`;
        }),
      );
      // Who is refused gives back what it has not, to be sure.
      const expected = [
        'acquired true',
        'acquired false',
        '',
        'renewed true',
        'released true',
        'acquired true',
        'released false, lost true',
      ];
      assert.deepEqual(
        steps.map((step) => step.join(', ')),
        expected,
      );
      const metrics = await measuring.collect();
      await measuring.stop();
      const of = (name: string) => metrics[name]?.reduce((sum, { value }) => sum + value, 0);
      assert.deepEqual([of('redis.lock.hold.duration'), of('redis.lock.lost')], [1, 1]);
      assertQuiet();
    });
  }
});

it('locks of node-redis-warlock are renewed by its touch, which has its arguments among the keys', async () => {
  const server = await startStandalone();
  const client = legacyClient(server);
  resetTracing();
  const lock = warlock(client);
  const id = await new Promise<string>((resolve) => lock.lock('job', 5_000, (_: unknown, __: unknown, token: string) => resolve(token)));
  await lock.touch('job', id, 30_000);
  await promisify(lock.unlock)('job', id);
  await lock.touch('job', id, 30_000);
  const told = redisSpans().flatMap(({ attributes }) => Object.keys(attributes).filter((name) => /redis\.lock\.\w+ed$/.test(name)));
  assert.deepEqual(told, ['db.redis.lock.acquired', 'db.redis.lock.renewed', 'db.redis.lock.released']);
  client.end(true);
  await server.stop();
});

/** The library's own object: the tests' promises would be in the way of its callbacks. */
function legacyClient({ host, port }: RedisServer): Client {
  const { createClient } = createRequire(`${folderOf('3.1')}/package.json`)('redis');
  return createClient({ host, port });
}
