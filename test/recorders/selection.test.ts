import assert from 'node:assert/strict';
import { Measuring } from '../support/metrics';
import type { RedisServer } from '../support/redis-server';
import { sharedClient } from '../support/shared-client';
import { assertQuiet, inSpan, instrumentation, redisSpans, resetTracing } from '../support/tracing';
import { type Client, end } from '../support/versions';

describe('which spans are made', () => {
  let server: RedisServer;
  let client: Client;
  sharedClient((shared) => {
    ({ server, client } = shared);
  });
  beforeEach(() => server.request('FLUSHALL'));
  afterEach(() => {
    assertQuiet();
    resetTracing();
  });

  const texts = (): unknown[] => {
    instrumentation.flushSpans();
    return redisSpans().map(({ attributes }) => attributes['db.query.text']);
  };

  it('none of commands and batches on keys that are ignored, which metrics count', async () => {
    resetTracing({ ignoreKeys: ['bull:*', 'sess:?'] });
    const measuring = Measuring.start();
    await client.get('bull:mail:1');
    await client.get(Buffer.from('sess:a') as never);
    await client.get('sess:ab');
    await client.mGet(['bull:a', 'bull:b']);
    await client.mGet(['bull:a', 'user:1']);
    await client.eval('return 1', { keys: ['bull:a', 'bull:b'], arguments: ['user:1'] });
    await client.multi().get('bull:a').set('sess:b', 'x').exec();
    await client.multi().get('bull:a').get('user:1').exec();
    await client
      .multi()
      .get('bull:a')
      .addCommand(['WHAT'])
      .exec()
      .catch(() => {});
    await client.ping();
    const durations = await measuring.points('db.client.operation.duration');
    await measuring.stop();
    assert.deepEqual(texts(), ['GET sess:ab', 'MGET bull:a user:1', 'GET bull:a; GET user:1', 'GET bull:a; WHAT', 'PING']);
    assert.equal(
      durations.reduce((total, { value }) => total + value, 0),
      10,
    );
  });

  it('only of failures, slow operations, fills, lost locks and aborted transactions with notable', async () => {
    resetTracing({ spans: 'notable', slowMs: 60_000 });
    const other = client.duplicate();
    await other.connect();
    await inSpan(async () => {
      await client.get('user:1');
      await client.set('user:1', 'x');
      await client.get('user:1');
      await client.lPush('user:1', 'x').catch(() => {});
      // Programs expect that and send the script: no failure.
      await assert.rejects(client.evalSha('0'.repeat(40)), /NOSCRIPT/);
      await client.multi().get('user:1').get('user:2').exec();
      await client
        .multi()
        .get('user:1')
        .lPush('user:1', 'x')
        .exec()
        .catch(() => {});
      await client.set('lock:a', 'me', { NX: true, PX: 60_000 } as never);
      await server.request('DEL', 'lock:a');
      await client.eval('if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("del", KEYS[1]) else return 0 end', {
        keys: ['lock:a'],
        arguments: ['me'],
      });
      await client.watch('user:1');
      await other.set('user:1', 'y');
      await client
        .multi()
        .get('user:1')
        .get('user:1')
        .exec()
        .catch(() => {});
      await client.blPop('queue', 0.01);
    });
    await end(other);
    assert.deepEqual(texts(), [
      'SET user:1 ?',
      'LPUSH user:1 ?',
      'GET user:1; LPUSH user:1 ?',
      'EVAL ? 1 lock:a ?',
      'GET user:1; GET user:1',
    ]);
    resetTracing({ spans: 'notable', slowMs: 0 });
    await inSpan(async () => {
      await client.get('user:1');
      await client.blPop('queue', 0.01);
    });
    assert.deepEqual(texts(), ['GET user:1'], 'how long a blocking read waits is up to others');
  });

  it('none for a blocking read that returned nothing, unless it has a parent or emptyPolls is set', async () => {
    const polls = async (): Promise<void> => {
      await client.blPop('queue', 0.01);
      await client.xRead({ key: 'stream', id: '$' }, { BLOCK: 1 });
      await client.xRead({ key: 'stream', id: '0' });
      await client.wait(0, 1);
    };
    const READ = 'XREAD STREAMS stream 0';
    resetTracing();
    const measuring = Measuring.start();
    await polls();
    assert.deepEqual(texts(), [READ, 'WAIT 0 1']);
    await inSpan(() => client.blPop('queue', 0.01));
    await client.lPush('queue', 'x');
    await client.blPop('queue', 1);
    assert.deepEqual(texts().slice(2), ['BLPOP queue 0.01', 'LPUSH queue ?', 'BLPOP queue 1']);
    const marked = redisSpans().filter(({ attributes }) => attributes['redis.client.operation.blocking'] === true);
    assert.deepEqual(
      marked.map(({ attributes }) => attributes['db.query.text']),
      ['WAIT 0 1', 'BLPOP queue 0.01', 'BLPOP queue 1'],
    );
    const points = await measuring.points('db.client.operation.duration');
    await measuring.stop();
    assert.deepEqual(
      points.map(({ attributes: a, value }) => [a['db.operation.name'], a['redis.client.operation.blocking'], value]),
      [
        ['BLPOP', true, 3],
        ['XREAD', true, 1],
        ['XREAD', undefined, 1],
        ['WAIT', true, 1],
        ['LPUSH', undefined, 1],
      ],
    );
    resetTracing({ emptyPolls: true });
    await polls();
    assert.deepEqual(texts(), ['BLPOP queue 0.01', 'XREAD BLOCK 1 STREAMS stream $', READ, 'WAIT 0 1']);
  });
});
