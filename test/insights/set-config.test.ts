import assert from 'node:assert/strict';
import { Measuring } from '../support/metrics';
import { startStandalone } from '../support/redis-server';
import { inSpan, instrumentation, resetTracing } from '../support/tracing';
import { connect, end, loadRedis } from '../support/versions';

describe('setConfig at run time', () => {
  it('loses no count, and decreases no observable counter', async () => {
    const server = await startStandalone();
    const client = await connect(loadRedis('6.3'), server);
    resetTracing();
    const measuring = Measuring.start();
    try {
      const of = async (result: string) =>
        (await measuring.points('cache.requests'))
          .filter(({ attributes }) => attributes['cache.result'] === result)
          .reduce((sum, { value }) => sum + value, 0);
      const counted: number[] = [];
      await client.set('user:1', 'v');
      for (const config of [{ minDurationMs: 5 }, { batchCommands: true }, { keyFamilies: false }, { cacheInsight: false }, {}]) {
        for (let i = 0; i < 3; i++) await client.get('user:1');
        instrumentation.setConfig(config);
        counted.push(await of('hit'));
      }
      assert.deepEqual(counted, [3, 6, 9, 12, 15]);
      await inSpan(async () => {
        await client.get('user:2');
        instrumentation.setConfig({ minDurationMs: 5 });
        await client.set('user:2', 'v');
      });
      assert.equal(await of('miss'), 1);
      assert.equal((await measuring.points('cache.load.duration')).length, 1, 'what is open stays open');
    } finally {
      resetTracing();
      await measuring.stop();
      await end(client);
      await server.stop();
    }
  });
});
