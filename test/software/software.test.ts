import assert from 'node:assert/strict';
import { type Stage, startStage, texts, totalOf } from './traced';

const register = (program: string) => ({
  command: `exec node --import opentelemetry-instrumentation-redis/register test/software/${program}.mjs`,
});

/** Each program asserts nothing: what it prints must be the same without us. */
describe('third-party software, unchanged', function () {
  this.timeout(180_000);
  let stage: Stage;
  before(async () => {
    stage = await startStage();
  });
  after(() => stage.stop());

  it('caches with cache-manager and @keyv/redis: look-ups, what fills them, and the reasons of misses', async () => {
    const { spans, series } = await stage.trace(register('cache'));
    assert.deepEqual(texts(spans), [
      'GET user:7',
      'SET user:7 ? PX ?',
      'GET user:7',
      // Three callers at once, and one that comes later: cache-manager joins the three.
      'GET price:9',
      'SET price:9 ? PX ?',
      'GET price:9',
      'SET user:8 ? PX ?; SET user:9 ?',
      'MGET user:8 user:9 user:10',
      'UNLINK user:7',
      'UNLINK user:8',
      'UNLINK user:9',
      'GET user:7',
      'SCAN 0 MATCH * COUNT 1000 TYPE string',
      'UNLINK price:9',
      'GET price:9',
    ]);
    assert.deepEqual(
      spans.map(({ attributes }) => attributes['cache.hit']).filter((hit) => hit !== undefined),
      [false, true, false, true, false, false, false],
    );
    assert.deepEqual(
      spans.flatMap(({ attributes }) => attributes['cache.miss.reason'] ?? []),
      ['unknown', 'unknown', 'deleted', 'deleted'],
    );
    const users = { 'db.redis.key_family': 'user:{}' };
    assert.equal(totalOf(series, 'cache.requests', { ...users, 'cache.result': 'hit' }), 3);
    assert.equal(totalOf(series, 'cache.requests', { ...users, 'cache.result': 'miss' }), 3);
    assert.equal(totalOf(series, 'cache.load.duration', { 'db.redis.key_family': 'price:{}' }), 1);
    assert.equal(totalOf(series, 'cache.writes', { ...users, 'cache.ttl': 'no' }), 1);
  });

  it('limits with rate-limiter-flexible and rate-limit-redis: one span for a request, and no lock', async () => {
    const { spans, series } = await stage.trace(register('limits'));
    const flexible = texts(spans).slice(0, 8);
    const consume = 'EVAL ? 1 login:ada ? ? ? ?';
    const read = 'GET login:ada; PTTL login:ada';
    assert.deepEqual(flexible, [...Array(4).fill(consume), read, 'DEL login:ada', read, consume]);
    const procedures = spans.filter(({ attributes }) => attributes['db.operation.name'] === 'EVALSHA');
    const sha = procedures[0]?.attributes['db.stored_procedure.name'];
    assert.deepEqual(texts(procedures), Array(3).fill(`EVALSHA ${sha} 1 rate:127.0.0.1 ?`));
    assert.deepEqual(
      spans.flatMap(({ attributes }) => Object.keys(attributes).filter((name) => /lock|error/.test(name))),
      [],
    );
    assert.equal(totalOf(series, 'redis.lock.hold.duration'), undefined);
  });

  it('locks with simple-redis-mutex and redis-lock: who got the lock, how long it was held, and the message that it is free', async () => {
    const { spans, series } = await stage.trace(register('locks'));
    const attempts = spans.filter(({ attributes }) => 'db.redis.lock.acquired' in attributes).map(({ attributes }) => attributes);
    const outcomesOf = (key: string) =>
      attempts.filter((one) => one['db.redis.lock.key'] === key).map((one) => one['db.redis.lock.acquired']);
    // The holder, who tries once, who waits, and who waits once more when told.
    assert.deepEqual(outcomesOf('@simple-redis-mutex:lock-checkout'), [true, false, false, true]);
    const job = outcomesOf('lock.job');
    assert.deepEqual([job.filter(Boolean).length, job.at(0), job.at(-1), job.length > 2], [2, true, true, true]);
    const releases = spans.filter(({ attributes }) => attributes['db.redis.lock.released'] === true);
    assert.deepEqual(texts(releases), ['DEL lock.job', 'DEL lock.job']);
    assert.equal(totalOf(series, 'redis.lock.hold.duration', { 'db.redis.key_family': 'lock.job' }), 2);
    assert.equal(totalOf(series, 'redis.lock.lost'), undefined);
    // Its release is a script that publishes too.
    const messages = spans.filter(({ name }) => name === 'process @simple-redis-mutex:locks-releases');
    assert.equal(messages.length, 2);
  });

  it('talks between two servers of socket.io: what is published is delivered to both, text and bytes', async () => {
    const { series, spans } = await stage.trace(register('socket-io'));
    const names = (pattern: RegExp) => spans.map(({ name }) => name).filter((name) => pattern.test(name));
    assert.deepEqual(names(/^publish/).sort(), [
      'publish socket.io#/#news#',
      'publish socket.io-request#/#',
      'publish socket.io-response#/#',
    ]);
    assert.equal(names(/^process/).length, 6);
    assert.equal(totalOf(series, 'messaging.client.sent.messages'), 3);
    assert.equal(totalOf(series, 'messaging.client.consumed.messages'), 6);
  });
});
