// Knows: limiters, queues and keys that are used once, by their own libraries or as they are written by hand.
// Must not know: how a lock is recognised.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Measuring } from '../support/metrics';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { inSpan, redisSpans, resetTracing } from '../support/tracing';
import { type Client, connect, end, loadRedis } from '../support/versions';

const ofSoftware = createRequire(join(__dirname, '../software/package.json'));

type Run = (client: Client, server: RedisServer) => Promise<unknown>;

const TOKEN_BUCKET = `
  local tokens = tonumber(redis.call('HGET', KEYS[1], 'tokens') or ARGV[1])
  if tokens < 1 then return 0 end
  redis.call('HSET', KEYS[1], 'tokens', tokens - 1)
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return 1`;
const SLIDING = `
  redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, ARGV[1] - ARGV[2])
  if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
  redis.call('ZADD', KEYS[1], ARGV[1], ARGV[4])
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return 1`;
const FIXED = `
  local count = redis.call('INCR', KEYS[1])
  if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
  return count`;
const NEXT_STATE = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('SET', KEYS[1], ARGV[2], 'EX', 60) end return 0`;
const SPEND = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

const evaluate = (client: Client, script: string, key: string, ...args: string[]) => client.eval(script, { keys: [key], arguments: args });
const thrice = async (run: () => Promise<unknown>) => [await run(), await run(), await run()];

const BY_HAND: Readonly<Record<string, Run>> = {
  'INCR and EXPIRE': (client) => thrice(() => client.multi().incr('rl:1').expire('rl:1', 60).exec()),
  'a fixed window: SET NX and INCR': (client) =>
    thrice(() => client.multi().set('rl:2', '0', { PX: 60_000, NX: true }).incr('rl:2').exec()),
  'a fixed window by SETNX and PEXPIRE': (client) =>
    thrice(async () => ((await client.setNX('rl:3', '1')) ? client.pExpire('rl:3', 60_000) : client.incr('rl:3'))),
  'a fixed window in Lua': (client) => thrice(() => evaluate(client, FIXED, 'rl:4', '60000')),
  'a sliding window': (client) =>
    thrice(() =>
      client
        .multi()
        .zRemRangeByScore('rl:5', 0, 10)
        .zAdd('rl:5', { score: Date.now(), value: randomUUID() })
        .zCard('rl:5')
        .pExpire('rl:5', 60_000)
        .exec(),
    ),
  'a sliding window in Lua': (client) => thrice(() => evaluate(client, SLIDING, 'rl:6', String(Date.now()), '60000', '10', randomUUID())),
  'a token bucket in Lua': (client) => thrice(() => evaluate(client, TOKEN_BUCKET, 'rl:7', '10', '60000')),
  'a cooldown': (client) => thrice(() => client.set('cooldown:1', String(Date.now()), { EX: 60, NX: true })),
  'a message that is seen once': (client) => thrice(() => client.set('seen:1', randomUUID(), { EX: 60, NX: true })),
  'an idempotency key': async (client) => {
    const id = randomUUID();
    await client.set('idem:1', id, { EX: 60, NX: true });
    await evaluate(client, NEXT_STATE, 'idem:1', id, '{"done":true}');
    await client.get('idem:1');
  },
  'a code that is spent': async (client) => {
    await client.set('otp:1', '482913', { EX: 60, NX: true });
    await evaluate(client, SPEND, 'otp:1', '482913');
  },
};

const LIBRARIES: Readonly<Record<string, Run>> = {
  'rate-limiter-flexible': async (storeClient) => {
    const { RateLimiterRedis } = ofSoftware('rate-limiter-flexible');
    const limiter = new RateLimiterRedis({
      storeClient,
      useRedisPackage: true,
      keyPrefix: 'login',
      points: 2,
      duration: 60,
      blockDuration: 60,
    });
    for (let i = 0; i < 4; i++) await limiter.consume('ada').catch(() => {});
    await limiter.get('ada');
    await limiter.delete('ada');
  },
  'the store of express-rate-limit': async (client) => {
    const { RedisStore } = ofSoftware('rate-limit-redis');
    const store = new RedisStore({ sendCommand: (...args: string[]) => client.sendCommand(args), prefix: 'rate:' });
    store.init({ windowMs: 60_000 });
    await thrice(() => store.increment('127.0.0.1'));
    await store.decrement('127.0.0.1');
    await store.resetKey('127.0.0.1');
  },
  'the scripts of BullMQ': async (client) => {
    const ran = new Set<string>();
    for (const round of [0, 1]) {
      for (const { name, content, keys } of scriptsOfBullMq()) {
        const names = Array.from({ length: keys }, (_, i) =>
          name.includes('Lock') && i === 0 ? 'bull:q:1:lock' : `bull:q:${KINDS[i % KINDS.length]}`,
        );
        const args = ['5b1f2c9e-0d57-4a6b-9c11-2f4b7e1f7a10:0', '30000', '1', String(Date.now()), 'bull:q:', '5', '0', '{}'];
        await client.eval(content, { keys: names, arguments: args }).then(
          () => ran.add(name),
          () => {},
        );
      }
      assert.ok(ran.size > 20, `only ${ran.size} ran, in round ${round}`);
    }
    for (const name of ['getRateLimitTtl', 'moveJobFromActiveToWait', 'moveToWaitingChildren', 'releaseLock', 'extendLock'])
      assert.ok(ran.has(name), name);
  },
  'bee-queue, with the redis of its own': async (_, { host, port }) => {
    const Queue = ofSoftware('bee-queue');
    const queue = new Queue('mail', { redis: { host, port }, activateDelayedJobs: true });
    const done = new Promise((resolve) => queue.on('succeeded', resolve));
    queue.process(async () => 'sent');
    await queue.createJob({ to: 'ada' }).retries(2).save();
    await done;
    await queue.checkStalledJobs();
    await queue.close(1_000);
  },
};

const KINDS = [
  'wait',
  'active',
  'stalled',
  'paused',
  'meta',
  'limiter',
  'prioritized',
  'marker',
  'events',
  'delayed',
  'completed',
  'failed',
  'id',
  'pc',
];

function scriptsOfBullMq(): { name: string; content: string; keys: number }[] {
  const folder = join(dirname(ofSoftware.resolve('bullmq')), 'scripts');
  const files = readdirSync(folder).filter((file) => /-\d+\.js$/.test(file));
  assert.ok(files.length > 40, `${files.length} scripts in ${folder}`);
  return files.map((file) => {
    const [, name = '', keys] = /^(\w+)-(\d+)\.js$/.exec(file) ?? [];
    const { content } = (createRequire(folder + file)(join(folder, file)) as Record<string, { content: string }>)[name] ?? {};
    assert.ok(content, readFileSync(join(folder, file), 'utf8').slice(0, 100));
    return { name, content, keys: Number(keys) };
  });
}

const TABLE: readonly [version: '4.7' | '5.12' | '6.3', cases: Readonly<Record<string, Run>>][] = [
  ['4.7', BY_HAND],
  ['5.12', BY_HAND],
  ['6.3', { ...BY_HAND, ...LIBRARIES }],
];

for (const [version, cases] of TABLE) {
  describe(`no lock is claimed with redis ${version}`, () => {
    let server: RedisServer;
    let client: Client;
    before(async () => {
      server = await startStandalone();
      client = await connect(loadRedis(version), server);
    });
    after(async () => {
      await end(client);
      await server.stop();
    });

    for (const [title, run] of Object.entries(cases)) {
      it(`of ${title}`, async () => {
        resetTracing();
        const measuring = Measuring.start();
        try {
          await inSpan(() => run(client, server));
          await inSpan(() => run(client, server));
          const spans = redisSpans();
          assert.ok(spans.length > 1, 'nothing was seen');
          const claims = spans.flatMap(({ attributes }) => Object.keys(attributes).filter((name) => name.includes('redis.lock')));
          assert.deepEqual(claims, []);
          const metrics = Object.keys(await measuring.collect());
          assert.deepEqual(
            metrics.filter((name) => name.includes('redis.lock')),
            [],
          );
        } finally {
          await measuring.stop();
        }
      });
    }
  });
}
