import assert from 'node:assert/strict';
import { Meters } from '../../src/recorders/meters';
import { PoolMetrics } from '../../src/recorders/pool';
import { RepeatedCallMetrics } from '../../src/recorders/repeated-call-metrics';
import { Clock } from '../support/clock';
import { Measuring } from '../support/metrics';
import { sharedClient } from '../support/shared-client';
import { assertQuiet, inSpan, instrumentation, redisSpans, resetTracing } from '../support/tracing';
import type { Client } from '../support/versions';

describe('repeated calls', () => {
  let client: Client;
  let measuring: Measuring;
  sharedClient((shared) => {
    client = shared.client;
  });
  beforeEach(() => {
    resetTracing();
    measuring = Measuring.start();
  });
  afterEach(async () => {
    await measuring.stop();
    assertQuiet();
    resetTracing();
  });

  async function counted(): Promise<unknown[]> {
    const points = await measuring.points('redis.client.repeated_calls');
    return points.map(({ attributes: a, value }) => [a['db.operation.name'], a['db.redis.key_family'], value]);
  }

  /** What the last span of each operation tells, where it tells anything. */
  function told(): unknown[] {
    instrumentation.flushSpans();
    const spans = redisSpans().filter(({ attributes }) => 'db.redis.repeated_calls' in attributes);
    const last = new Map(spans.map(({ attributes: a }) => [a['db.operation.name'], a['db.redis.repeated_calls']]));
    return [...last];
  }

  const loop = async (count: number, call: (id: number) => Promise<unknown>): Promise<void> => {
    for (let id = 1; id <= count; id++) await call(id);
  };
  const together = (count: number, call: (id: number) => Promise<unknown>): Promise<unknown> =>
    Promise.all(Array.from({ length: count }, (_, id) => call(id)));

  it('are counted from the tenth on, all of them, and shown by the span of the last', async () => {
    await inSpan(() => loop(9, (id) => client.get(`user:${id}:name`)));
    assert.deepEqual([await counted(), told()], [[], []]);
    await inSpan(() => loop(10, (id) => client.get(`user:${id}:name`)));
    await inSpan(() => loop(15, (id) => client.get(`user:${id}:name`)));
    assert.deepEqual([await counted(), told()], [[['GET', 'user:{}:name', 25]], [['GET', 15]]]);
  });

  it('are found if a round of the loop has several commands, and if requests overlap', async () => {
    await Promise.all([
      inSpan(() =>
        loop(12, async (id) => {
          await client.get(`user:${id}`);
          await client.hGet(`cart:${id}`, 'total');
        }),
      ),
      inSpan(() => loop(11, (id) => client.incr(`visits:${id}`))),
    ]);
    assert.deepEqual(
      new Set(await counted()),
      new Set([
        ['GET', 'user:{}', 12],
        ['HGET', 'cart:{}', 12],
        ['INCR', 'visits:{}', 11],
      ]),
    );
    assert.deepEqual(told().sort(), [
      ['GET', 12],
      ['HGET', 12],
      ['INCR', 11],
    ]);
  });

  it('are not found if calls run concurrently, block, have other families, are in a batch or in other requests', async () => {
    await inSpan(() => together(30, (id) => client.get(`user:${id}`)));
    await inSpan(() => loop(12, (id) => together(2, (other) => client.get(`user:${id}:${other}`))));
    await inSpan(() => loop(12, (id) => client.get(`${'abcdefghijklm'[id]}:x`)));
    await inSpan(() => loop(12, () => client.multi().get('user:1').get('user:2').exec()));
    await inSpan(() => loop(12, (id) => client.blPop(`queue:${id}`, 0.001)));
    await loop(12, (id) => inSpan(() => client.get(`user:${id}`)));
    await loop(12, (id) => client.get(`user:${id}`));
    assert.deepEqual([await counted(), told()], [[], []]);
  });

  it('are not found if a call needs the reply of the one before', async () => {
    await client.set('lock:a', 'taken');
    await client.rPush(
      'queue',
      Array.from({ length: 15 }, (_, id) => `${id}`),
    );
    await client.xAdd('log', '*', { a: '1' });
    await inSpan(() => loop(12, () => client.get('flag')));
    await inSpan(() => loop(12, () => client.get(Buffer.from('flag'))));
    await inSpan(() => loop(12, (id) => client.set('lock:a', `token ${id}`, { NX: true, PX: 100 })));
    await inSpan(() => loop(12, (id) => client.set('once', `token ${id}`, { NX: true })));
    await inSpan(() => loop(12, () => client.lPop('queue')));
    await inSpan(() => loop(12, (id) => client.scan(`${id}`)));
    await inSpan(() => loop(12, (id) => client.hScan('h', `${id}`)));
    await inSpan(() => loop(12, (id) => client.xRead({ key: 'log', id: `${id}-0` })));
    await inSpan(() => loop(12, (id) => client.xRange('log', `${id}-0`, '+')));
    await inSpan(() => loop(12, (id) => client.eval('return 1', { keys: [`script:${id}`] })));
    await inSpan(() => loop(12, (id) => client.evalSha('f'.repeat(40), { keys: [`script:${id}`] }).catch(() => {})));
    assert.deepEqual([await counted(), told()], [[], []]);
  });

  it('are found at one key if they are about other fields, members or values', async () => {
    await inSpan(() => loop(12, (id) => client.hGet('one', `field ${id}`)));
    await inSpan(() => loop(12, (id) => client.hIncrBy('one', `count ${id}`, 1)));
    await inSpan(() => loop(12, (id) => client.xAdd('one:log', '*', { id: `${id}` })));
    await inSpan(() => loop(12, (id) => client.xDel('one:log', `${id}-1`)));
    await inSpan(() => loop(12, (id) => client.sIsMember('one:set', `${id}`)));
    assert.deepEqual(told(), [
      ['HGET', 12],
      ['HINCRBY', 12],
      ['XADD', 12],
      ['XDEL', 12],
      ['SISMEMBER', 12],
    ]);
  });

  it('are reported once, by their common span, with compressSpans and with only notable spans', async () => {
    for (const config of [{ compressSpans: true }, { spans: 'notable' } as const]) {
      resetTracing({ ...config, compressMaxDurationMs: 10_000 });
      const clock = new Clock();
      await inSpan(() => loop(20, (id) => client.get(`user:${id}`)));
      clock.restore();
      assert.deepEqual(told(), [['GET', 20]]);
      const [span, ...others] = redisSpans();
      assert.deepEqual([span?.attributes['db.redis.composite.count'], others.length], [20, 0]);
    }
    resetTracing({ spans: 'notable' });
    await inSpan(() =>
      loop(50, async (id) => {
        await client.get(`user:${id}`);
        await client.hGet(`cart:${id}`, 'total');
      }),
    );
    instrumentation.flushSpans();
    const counts = redisSpans().map(({ attributes }) => attributes['db.redis.repeated_calls']);
    assert.deepEqual(counts, [10, 10, 20, 20, 40, 40]);
  });

  it('are counted by operation alone where keys are hidden', async () => {
    resetTracing({ keys: 'hidden', keyFamilies: true });
    await inSpan(() => loop(12, (id) => client.get(`${'abcdefghijklm'[id]}:x`)));
    assert.deepEqual([await counted(), told()], [[['GET', undefined, 12]], [['GET', 12]]]);
  });

  it('have the family that is known when metrics are collected, or the one of now if that are many', async () => {
    const own = new Measuring();
    const meters = new Meters(() => own.provider.getMeter('own'), assert.fail);
    // Something has to be observed, or nothing of ours is called.
    new PoolMetrics(meters, assert.fail);
    const metrics = new RepeatedCallMetrics(meters);
    metrics.add('GET', { name: 'before' }, 10);
    meters.refresh();
    const collected = async () =>
      ((await own.collectScope('own'))['redis.client.repeated_calls'] ?? []).map(({ attributes, value }) => [
        ...Object.values(attributes),
        value,
      ]);
    const families = ['user:1', 'user:2'].map((name) => ({ name }));
    for (const family of families) metrics.add('GET', family, 10);
    metrics.add('INCR', undefined, 12);
    for (const family of families) family.name = 'user:{}';
    const told = [
      ['GET', 'user:{}', 20],
      ['INCR', 12],
    ];
    assert.deepEqual(await collected(), told);
    assert.deepEqual(await collected(), told);
    const many = Array.from({ length: 1_001 }, () => ({ name: 'now' }));
    for (const family of many) metrics.add('GET', family, 10);
    for (const family of many) family.name = 'later';
    assert.deepEqual((await collected()).at(-1), ['GET', 'now', 10_010]);
    await own.provider.shutdown();
  });
});
