import assert from 'node:assert/strict';
import { context, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';
import { RPCType, setRPCMetadata } from '@opentelemetry/core';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { RedisServer } from '../support/redis-server';
import { sharedClient } from '../support/shared-client';
import { assertQuiet, inSpan, instrumentation, redisSpans, resetTracing, tracer } from '../support/tracing';
import { type Client, end } from '../support/versions';
import { until } from '../support/waiting';

describe('the cost of Redis for a request', () => {
  let server: RedisServer;
  let client: Client;
  sharedClient((shared) => {
    ({ server, client } = shared);
  });
  beforeEach(async () => {
    await server.request('FLUSHALL');
    await server.request('SET', 'user:1', 'x');
    resetTracing({ requestTotals: true });
  });
  afterEach(() => {
    assertQuiet();
    resetTracing();
  });

  /** As read from a span, its duration apart. */
  function totalsOf(span: unknown): Record<string, unknown> {
    const { 'db.redis.duration_ms': durationMs, ...totals } = (span as ReadableSpan).attributes;
    assert.equal(durationMs === undefined, totals['db.redis.calls'] === undefined);
    if (durationMs !== undefined) assert.ok(Number(durationMs) >= 0);
    return totals;
  }

  async function work(): Promise<void> {
    await client.get('user:1');
    await client.mGet(['user:1', 'user:2']);
    await client.lPush('user:1', 'x').catch(() => {});
    await client.multi().get('user:1').get('user:2').exec();
    await client.ping();
  }
  const TOTALS = { 'db.redis.calls': 5, 'cache.hit_count': 3, 'cache.miss_count': 2, 'db.redis.errors': 1 };

  it("is on the HTTP server's span, whatever is active below it", async () => {
    const request = tracer.startSpan('GET /feed');
    const inside = setRPCMetadata(trace.setSpan(ROOT_CONTEXT, request), { type: RPCType.HTTP, span: request });
    await context.with(inside, () => inSpan(() => inSpan(work)));
    request.end();
    assert.deepEqual(totalsOf(request), TOTALS);
  });

  it('is on the active span if there is no other', async () => {
    const outer = await inSpan(async (span) => {
      await client.get('user:1');
      const inner = await inSpan(async (active) => {
        await work();
        return active;
      });
      assert.deepEqual(totalsOf(inner), TOTALS);
      return span;
    });
    assert.deepEqual(totalsOf(outer), { 'db.redis.calls': 1, 'cache.hit_count': 1 });
  });

  it('is on the span of a processed message', async () => {
    const subscriber = client.duplicate();
    await subscriber.connect();
    let processed: unknown;
    const done = new Promise<void>((resolve) => {
      void subscriber.subscribe('news', async () => {
        processed = trace.getActiveSpan();
        await inSpan(() => client.get('user:1'));
        resolve();
      });
    });
    while ((await client.publish('news', 'x')) === 0);
    await done;
    await end(subscriber);
    await until(() => redisSpans().some(({ name }) => name === 'process news'));
    const { 'db.redis.calls': calls, 'cache.hit_count': hits } = totalsOf(processed);
    assert.deepEqual([calls, hits], [1, 1]);
  });

  it('counts commands without a span: compressed, too short, ignored, not notable', async () => {
    const without = [
      { compressSpans: true },
      { minDurationMs: 10_000 },
      { ignore: () => true },
      { ignoreKeys: ['*'] },
      { spans: 'notable' } as const,
    ];
    for (const config of without) {
      resetTracing({ requestTotals: true, compressMaxDurationMs: 10_000, ...config });
      const span = await inSpan(async (active) => {
        await work();
        return active;
      });
      instrumentation.flushSpans();
      assert.deepEqual(totalsOf(span), TOTALS, JSON.stringify(config));
    }
  });

  it('is not recorded for work that outlives the request, for no commands, and without the option', async () => {
    const ended = tracer.startSpan('ended');
    ended.end();
    await context.with(trace.setSpan(ROOT_CONTEXT, ended), work);
    const idle = await inSpan(async (active) => active);
    resetTracing();
    const off = await inSpan(async (active) => {
      await work();
      return active;
    });
    assert.deepEqual([ended, idle, off].map(totalsOf), [{}, {}, {}]);
  });

  it("does not change a vendor's object in place of a span, and records below it", async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const place = { spanContext: () => ({ traceId, spanId: 'b7ad6b7169203331', traceFlags: 1 }) } as Span;
    await context.with(trace.setSpan(ROOT_CONTEXT, place), work);
    assert.deepEqual(new Set(redisSpans().map((span) => span.spanContext().traceId)), new Set([traceId]));
    assert.ok(redisSpans().length >= 5);
  });
});
