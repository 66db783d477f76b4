import assert from 'node:assert/strict';
import { type Context, context, INVALID_SPAN_CONTEXT, ROOT_CONTEXT, type Span, TraceFlags, trace } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { AlwaysOffSampler, InMemorySpanExporter, SamplingDecision, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import sinon from 'sinon';
import { Clock } from '../support/clock';
import type { RedisServer } from '../support/redis-server';
import { sharedClient } from '../support/shared-client';
import { assertQuiet, diagnostics, inSpan, instrumentation, recorded, redisSpans, resetTracing, tracer } from '../support/tracing';
import { type Client, connect, end, loadRedis } from '../support/versions';
import { blocked } from '../support/waiting';

describe('span recorder', () => {
  let server: RedisServer;
  let client: Client;
  sharedClient((shared) => {
    ({ server, client } = shared);
  });
  beforeEach(() => {
    resetTracing();
    return server.request('FLUSHALL');
  });
  afterEach(() => resetTracing());

  const texts = (): unknown[] => redisSpans().map(({ attributes }) => attributes['db.query.text']);
  const names = (): string[] => redisSpans().map(({ name }) => name);
  const server_ = (): string => `${server.host}:${server.port}`;

  describe('times', () => {
    it('gives a span the time of its call and the duration until its reply', async () => {
      instrumentation.setConfig({ emptyPolls: true });
      const before = Date.now();
      const popped = client.blPop('empty', 0.2);
      const called = Date.now();
      await popped;
      const after = Date.now();
      const [span] = redisSpans();
      assert.ok(span);
      const startMs = span.startTime[0] * 1e3 + span.startTime[1] / 1e6;
      const durationMs = span.duration[0] * 1e3 + span.duration[1] / 1e6;
      assert.ok(startMs >= before && startMs <= called, `started at ${startMs}, called at ${before}`);
      assert.ok(durationMs >= 190 && startMs + durationMs <= after + 2, `took ${durationMs} of ${after - before}`);
    });

    it('never starts a child before its parent', async () => {
      for (let i = 0; i < 50; i++) {
        resetTracing();
        const parentStart = await inSpan(async (parent) => {
          await client.get('k');
          return (parent as unknown as { startTime: [number, number] }).startTime;
        });
        const [span] = redisSpans();
        assert.ok(span);
        const difference = (span.startTime[0] - parentStart[0]) * 1e9 + span.startTime[1] - parentStart[1];
        assert.ok(difference >= 0, `the child started ${-difference} ns before its parent`);
      }
    });

    it('keeps the fraction of a millisecond', async () => {
      await Promise.all(Array.from({ length: 20 }, () => client.get('k')));
      assert.ok(redisSpans().some(({ duration }) => duration[1] % 1e6 !== 0));
    });
  });

  describe('which commands have one', () => {
    const unsampled = (): Span => trace.wrapSpanContext({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: TraceFlags.NONE });
    const within = <T>(span: Span, run: () => T): T => context.with(trace.setSpan(context.active(), span), run);

    it('none below a parent that was sampled out', async () => {
      await within(unsampled(), () => client.get('k'));
      assert.deepEqual(names(), []);
    });

    it('none below such a parent, and the sampler is not even asked', async () => {
      const shouldSample = sinon.fake.returns({ decision: SamplingDecision.RECORD_AND_SAMPLED });
      instrumentation.setTracerProvider(new NodeTracerProvider({ sampler: { shouldSample, toString: () => 'asked' } }));
      try {
        await within(unsampled(), () => client.get('k'));
        await within(unsampled(), () => client.multi().get('a').get('b').exec());
        sinon.assert.notCalled(shouldSample);
        await client.get('k');
        sinon.assert.calledOnce(shouldSample);
      } finally {
        instrumentation.setTracerProvider(trace.getTracerProvider());
      }
    });

    it('what the sampler says below a remote parent that was not sampled', async () => {
      const shouldSample = sinon.fake.returns({ decision: SamplingDecision.NOT_RECORD });
      const remote = trace.wrapSpanContext({
        traceId: 'a'.repeat(32),
        spanId: 'b'.repeat(16),
        traceFlags: TraceFlags.NONE,
        isRemote: true,
      });
      instrumentation.setTracerProvider(new NodeTracerProvider({ sampler: { shouldSample, toString: () => 'asked' } }));
      try {
        await within(remote, () => client.get('k'));
      } finally {
        instrumentation.setTracerProvider(trace.getTracerProvider());
      }
      sinon.assert.calledOnce(shouldSample);
    });

    it('one below such a parent with spansWhenParentUnsampled, if the sampler wants it', async () => {
      const seen = new InMemorySpanExporter();
      const always = { shouldSample: () => ({ decision: SamplingDecision.RECORD_AND_SAMPLED }), toString: () => 'always' };
      instrumentation.setTracerProvider(new NodeTracerProvider({ sampler: always, spanProcessors: [new SimpleSpanProcessor(seen)] }));
      // The decision is remembered by the context, and not for longer than the settings.
      const caller = trace.setSpan(context.active(), unsampled());
      try {
        await context.with(caller, () => client.get('k'));
        instrumentation.setConfig({ spansWhenParentUnsampled: true });
        await context.with(caller, () => client.get('k'));
      } finally {
        instrumentation.setTracerProvider(trace.getTracerProvider());
      }
      assert.equal(seen.getFinishedSpans().length, 1);
    });

    it('one below a parent that was sampled and has ended', async () => {
      const parent = tracer.startSpan('ended');
      parent.end();
      await within(parent, () => client.get('k'));
      assert.equal(redisSpans()[0]?.parentSpanContext?.spanId, parent.spanContext().spanId);
    });

    it('one below a remote parent, sampled', async () => {
      const remote = trace.wrapSpanContext({
        traceId: 'a'.repeat(32),
        spanId: 'b'.repeat(16),
        traceFlags: TraceFlags.SAMPLED,
        isRemote: true,
      });
      await within(remote, () => client.get('k'));
      assert.equal(redisSpans()[0]?.spanContext().traceId, 'a'.repeat(32));
    });

    it('one below an invalid span, as a no-op tracer makes them: it is not a parent', async () => {
      const nobody = { traceId: '', spanId: '', traceFlags: TraceFlags.NONE };
      for (const about of [INVALID_SPAN_CONTEXT, nobody]) await within(trace.wrapSpanContext(about), () => client.get('k'));
      assert.deepEqual(
        redisSpans().map(({ parentSpanContext }) => parentSpanContext),
        [undefined, undefined],
      );
      instrumentation.setConfig({ requireParentSpan: true });
      for (const about of [INVALID_SPAN_CONTEXT, nobody]) await within(trace.wrapSpanContext(about), () => client.get('k'));
      assert.equal(redisSpans().length, 2);
    });

    it('none in a context that suppresses tracing', async () => {
      await context.with(suppressTracing(context.active()), () => client.get('k'));
      await context.with(suppressTracing(context.active()), () => client.multi().get('a').get('b').exec());
      assert.deepEqual(names(), []);
    });

    it('none without a parent with requireParentSpan, one with a parent', async () => {
      instrumentation.setConfig({ requireParentSpan: true });
      await client.get('root');
      await client.multi().get('root').get('root').exec();
      await inSpan(() => client.get('child'));
      assert.deepEqual(texts(), ['GET child']);
    });

    it('none that is ignored, by name in any case, by both words, by pattern', async () => {
      instrumentation.setConfig({ ignoreCommands: ['ping', 'CONFIG GET', /^H/g, 'MULTI'] });
      await client.ping();
      await client.configGet('port');
      await client.hGet('h', 'f');
      await client.hGet('h', 'f');
      await client.multi().get('a').get('b').exec();
      await client.configResetStat();
      assert.deepEqual(names(), [`CONFIG RESETSTAT ${server_()}`]);
    });

    it('none of a batch of one whose command is ignored, one where only batches are', async () => {
      const one = (key: string) => client.multi().get(key);
      instrumentation.setConfig({ ignoreCommands: ['GET'] });
      await one('a').exec();
      await one('b').execAsPipeline();
      await one('c').get('d').exec();
      instrumentation.setConfig({ ignoreCommands: ['MULTI', 'PIPELINE'] });
      await one('e').exec();
      await one('f').execAsPipeline();
      await one('g').get('h').exec();
      instrumentation.setConfig({ ignore: ({ operation, serverPort }) => operation === 'MULTI' || serverPort === server.port });
      await one('i').exec();
      assert.deepEqual(texts(), ['GET c; GET d', 'GET e', 'GET f']);
    });

    it('the same if that command sends a message, whose span is created before', async () => {
      instrumentation.setConfig({ propagateChannels: ['*'], ignoreCommands: ['PUBLISH'] });
      await client.multi().publish('secret', 'x').exec();
      instrumentation.setConfig({ propagateChannels: ['*'], ignoreCommands: ['MULTI'] });
      await client.multi().publish('news', 'x').exec();
      assert.deepEqual(names(), ['publish news']);
    });

    it('none that the ignore hook names', async () => {
      instrumentation.setConfig({ ignore: ({ operation, args }) => operation === 'MULTI' || args[0] === 'probe' });
      await client.get('probe');
      await client.multi().get('a').get('b').exec();
      await client.get('k');
      assert.deepEqual(texts(), ['GET k']);
    });

    it('none with traces: false, of commands, batches, connections or messages', async () => {
      instrumentation.setConfig({ traces: false, connectSpans: true });
      await client.get('k');
      await client.multi().get('a').get('b').exec();
      const subscriber = client.duplicate();
      await subscriber.connect();
      const told = new Promise((resolve) => subscriber.subscribe('news', resolve));
      while ((await client.publish('news', 'x')) === 0);
      await told;
      await end(subscriber);
      assert.deepEqual(names(), []);
    });

    it('none faster than minDurationMs, but every error', async () => {
      instrumentation.setConfig({ minDurationMs: 150 });
      const clock = new Clock();
      await client.get('fast');
      await client.multi().get('fast').get('fast').exec();
      const slow = client.get('slow');
      clock.block(200);
      await slow;
      await client.sendCommand(['GET']).catch(() => {});
      await client
        .multi()
        .incr('n')
        .addCommand(['GET'])
        .exec()
        .catch(() => {});
      await server.request('LPUSH', 'list', 'x');
      await client
        .multi()
        .get('list')
        .incr('n')
        .exec()
        .catch(() => {});
      clock.restore();
      assert.deepEqual(
        names(),
        ['GET', 'GET', 'MULTI', 'MULTI'].map((name) => `${name} ${server_()}`),
      );
    });

    it('the sampler gets the attributes to decide by: operation, server, hit and failure', async () => {
      await client.set('s', 'text');
      const asked: unknown[] = [];
      const sampler = {
        shouldSample: (_: Context, __: string, name: string, ___: unknown, attributes: object) => {
          asked.push([name, attributes]);
          return { decision: SamplingDecision.NOT_RECORD };
        },
        toString: () => 'asking',
      };
      instrumentation.setTracerProvider(new NodeTracerProvider({ sampler }));
      try {
        await client.get('k');
        await assert.rejects(client.lPop('s'));
      } finally {
        instrumentation.setTracerProvider(trace.getTracerProvider());
      }
      const common = { 'db.system.name': 'redis', 'db.operation.name': 'GET', 'db.namespace': '0', 'db.query.text': 'GET k' };
      const where = { 'server.address': server.host, 'server.port': server.port };
      const wrongType = { 'error.type': 'WRONGTYPE', 'db.response.status_code': 'WRONGTYPE' };
      assert.deepEqual(asked, [
        [`GET ${server_()}`, { ...common, ...where, 'cache.hit': false, 'cache.miss.reason': 'unknown' }],
        [`LPOP ${server_()}`, { ...common, ...where, 'db.operation.name': 'LPOP', 'db.query.text': 'LPOP s', ...wrongType }],
      ]);
    });

    it('no span stays open when a command is never answered', async () => {
      const other = await connect(loadRedis('6.3'), server);
      const waiting = other.blPop('never', 0);
      waiting.catch(() => {});
      await blocked(server);
      assertQuiet();
      await end(other);
      await assert.rejects(waiting);
    });
  });

  describe('options', () => {
    it('shows more when asked', async () => {
      instrumentation.setConfig({ optionalAttributes: ['db.redis.key', 'db.redis.args_count'] });
      await client.mGet(['user:jane@example.com', 'b']);
      const { attributes } = redisSpans()[0] ?? assert.fail();
      assert.equal(attributes['db.redis.key'], 'user:?');
      assert.equal(attributes['db.redis.args_count'], 2);
    });

    it('tells the elements of large replies, and of all when asked', async () => {
      await server.request('RPUSH', 'small', 'a', 'b');
      await server.request('RPUSH', 'large', ...Array.from({ length: 1_000 }, String));
      const rows = async (): Promise<unknown[]> => {
        for (const key of ['small', 'large']) await client.lRange(key, 0, -1);
        return redisSpans().map(({ attributes }) => attributes['db.response.returned_rows']);
      };
      assert.deepEqual(await rows(), [undefined, 1_000]);
      resetTracing({ optionalAttributes: ['db.response.returned_rows'] });
      assert.deepEqual(await rows(), [2, 1_000]);
    });

    it('sums commands up by family when asked, by the name alone with hidden keys', async () => {
      const summaries = async (config: object): Promise<unknown[]> => {
        resetTracing({ optionalAttributes: ['db.query.summary'], ...config });
        await client.get('user:7');
        await client.set('user:7', 'x');
        await client.ping();
        return redisSpans().map(({ attributes }) => attributes['db.query.summary']);
      };
      assert.deepEqual(await summaries({}), ['GET user:{}', 'SET user:{}', 'PING']);
      assert.deepEqual(await summaries({ keys: 'hidden' }), ['GET', 'SET', 'PING']);
    });

    it('writes the old names beside the new ones with semconv dup', async () => {
      instrumentation.setConfig({ semconv: 'dup' });
      await client.get('k');
      const { 'db.duration_ms': duration, ...attributes } = redisSpans()[0]?.attributes ?? assert.fail();
      assert.equal(typeof duration, 'number');
      assert.deepEqual(attributes, {
        'db.system.name': 'redis',
        'db.operation.name': 'GET',
        'db.namespace': '0',
        'db.query.text': 'GET k',
        'server.address': server.host,
        'server.port': server.port,
        'cache.hit': false,
        'cache.miss.reason': 'unknown',
        'db.redis.key_family': 'k',
        'db.system': 'redis',
        'db.operation': 'GET',
        'db.statement': 'GET k',
        'db.redis.database_index': 0,
        'db.redis.key': 'k',
        'db.redis.args_count': 1,
        'net.peer.name': server.host,
        'net.peer.port': server.port,
      });
    });

    it('makes a child for every command of a batch with batchCommands', async () => {
      instrumentation.setConfig({ batchCommands: true });
      await server.request('LPUSH', 'list', 'x');
      await client
        .multi()
        .set('a', '1')
        .get('list')
        .get('a')
        .exec()
        .catch(() => {});
      const multi = redisSpans().find(({ name }) => name.startsWith('MULTI'));
      const members = redisSpans().filter((span) => span !== multi);
      assert.ok(multi);
      assert.deepEqual(
        members.map((span) => [recorded(span).attributes['db.query.text'], recorded(span).error]),
        [
          ['SET a ?', undefined],
          ['GET list', 'WRONGTYPE Operation against a key holding the wrong kind of value'],
          ['GET a', undefined],
        ],
      );
      for (const span of members) assert.equal(span.parentSpanContext?.spanId, multi.spanContext().spanId);
    });

    it('masks keys as configured, in the text and in the optional key', async () => {
      const shown: unknown[] = [];
      for (const keys of ['safe', 'full', 'family', 'hidden', (key: string) => key.toUpperCase()] as const) {
        resetTracing({ keys, optionalAttributes: ['db.redis.key'] });
        await client.get('user:42:jane@example.com');
        const { attributes } = redisSpans()[0] ?? assert.fail();
        shown.push([attributes['db.query.text'], attributes['db.redis.key']]);
      }
      assert.deepEqual(shown, [
        ['GET user:42:?', 'user:42:?'],
        ['GET user:42:jane@example.com', 'user:42:jane@example.com'],
        ['GET user:{}:{}', 'user:{}:{}'],
        ['GET ?', '?'],
        ['GET USER:42:JANE@EXAMPLE.COM', 'USER:42:JANE@EXAMPLE.COM'],
      ]);
    });

    it('cuts the text at an argument', async () => {
      instrumentation.setConfig({ maxQueryTextLength: 20 });
      await client.mGet(['first', 'second', 'third', 'fourth']);
      assert.deepEqual(texts(), ['MGET first second …']);
    });

    it('is left out with maxQueryTextLength: 0, even with a serializer', async () => {
      const dbStatementSerializer = sinon.fake.returns('text');
      for (const config of [{}, { dbStatementSerializer }, { semconv: 'dup' } as const]) {
        instrumentation.setConfig({ maxQueryTextLength: 0, ...config });
        await client.get('k');
        await client.multi().get('a').get('b').exec();
      }
      assert.equal(redisSpans().length, 6);
      assert.ok(!redisSpans().some(({ attributes }) => 'db.query.text' in attributes || 'db.statement' in attributes));
      sinon.assert.notCalled(dbStatementSerializer);
    });
  });

  describe('hooks', () => {
    it('get the same arguments as with the official instrumentation, and may name, describe and extend a span', async () => {
      const told: unknown[] = [];
      instrumentation.setConfig({
        spanName: ({ operation, defaultName }) => `${operation} instead of ${defaultName}`,
        dbStatementSerializer: (name, args) => `${name} with ${args.length}`,
        responseHook: (span, name, args, response) => {
          told.push([name, args, response]);
          span.setAttribute('app.tenant', 'x');
        },
      });
      await client.set('k', 'v');
      assert.deepEqual(told, [['SET', ['k', 'v'], 'OK']]);
      const { name, attributes } = redisSpans()[0] ?? assert.fail();
      assert.equal(name, `SET instead of SET ${server_()}`);
      assert.equal(attributes['db.query.text'], 'SET with 2');
      assert.equal(attributes['app.tenant'], 'x');
      assertQuiet();
    });

    it('include spanHook, which is called for failures and batches too', async () => {
      const told: unknown[] = [];
      instrumentation.setConfig({
        spanHook: (span, { durationMs, error, ...info }) => {
          told.push({ ...info, error: error instanceof Error ? error.message : error });
          assert.ok(durationMs >= 0);
          span.setAttribute('app.failed', info.failed);
        },
      });
      await client.set('k', 'v');
      await assert.rejects(client.lPush('k', 'v'));
      await client.multi().get('k').get('k').exec();
      const failure = 'WRONGTYPE Operation against a key holding the wrong kind of value';
      const [set, push, get] = [
        ['SET', 'k', 'v'],
        ['LPUSH', 'k', 'v'],
        ['GET', 'k'],
      ];
      assert.deepEqual(told, [
        { operation: 'SET', commands: [set], count: 1, reply: 'OK', failed: false, error: undefined },
        { operation: 'LPUSH', commands: [push], count: 1, reply: undefined, failed: true, error: failure },
        { operation: 'MULTI GET', commands: [get, get], count: 2, reply: ['v', 'v'], failed: false, error: undefined },
      ]);
      assert.deepEqual(
        redisSpans().map(({ attributes }) => attributes['app.failed']),
        [false, true, false],
      );
      assertQuiet();
    });

    it('are reported once each when they throw, and the default is used', async () => {
      const fail = (): never => {
        throw new Error('secret of the hook');
      };
      const hooks = { spanName: fail, dbStatementSerializer: fail, spanHook: fail, responseHook: fail, ignore: fail };
      instrumentation.setConfig({ ...hooks, keys: fail });
      assert.equal(await client.set('k', 'v'), 'OK');
      assert.equal(await client.set('k', 'v'), 'OK');
      assert.deepEqual(names(), [`SET ${server_()}`, `SET ${server_()}`]);
      assert.deepEqual(texts(), ['SET ? ?', 'SET ? ?']);
      assert.equal(diagnostics.length, 6);
      assert.ok(!diagnostics.join().includes('secret of the hook'));
    });

    it('may be async by mistake: their rejections are handled, and reported once each', async () => {
      const fail = async (): Promise<never> => {
        throw new Error('secret of the hook');
      };
      const unhandled = sinon.spy();
      process.on('unhandledRejection', unhandled);
      try {
        const hooks = { spanName: fail, dbStatementSerializer: fail, spanHook: fail, responseHook: fail, ignore: fail };
        instrumentation.setConfig({ ...hooks, requestHook: fail, keys: fail, keyFamilies: fail } as object);
        for (let time = 0; time < 2; time++) assert.equal(await client.get('k'), null);
        // Unhandled rejections are told between two turns of the event loop.
        await new Promise(setImmediate);
        sinon.assert.notCalled(unhandled);
      } finally {
        process.off('unhandledRejection', unhandled);
      }
      assert.deepEqual(texts(), ['GET ?', 'GET ?']);
      assert.match(diagnostics.join(), /the requestHook hook threw/);
      assert.ok(!diagnostics.join().includes('secret of the hook'));
    });
  });

  it('names the family of what a pipeline fills, if it is one', async () => {
    const load = async (...keys: string[]) => {
      await client.mGet(keys);
      const writes = client.multi();
      for (const key of keys) writes.set(key, 'v');
      await writes.execAsPipeline();
    };
    await inSpan(() => load('user:1', 'user:2'));
    await inSpan(() => load('user:3', 'order:4'));
    const fills = redisSpans().filter(({ attributes }) => attributes['cache.fill'] === true);
    assert.deepEqual(
      fills.map(({ attributes }) => attributes['db.redis.key_family']),
      ['user:{}', undefined],
    );
  });

  it('counts nothing of a transaction that was refused before it ran', async () => {
    await client.set('k', 'value');
    await assert.rejects(client.multi().get('k').addCommand(['GET']).get('k').exec());
    const { attributes } = redisSpans().at(-1) ?? assert.fail();
    assert.deepEqual(attributes, {
      'db.system.name': 'redis',
      'db.operation.name': 'MULTI GET',
      'db.namespace': '0',
      'db.query.text': 'GET k; GET; GET k',
      'server.address': server.host,
      'server.port': server.port,
      'db.operation.batch.size': 3,
      'error.type': 'ERR',
      'db.response.status_code': 'ERR',
      'db.redis.batch.failed_count': 1,
      'db.redis.batch.first_failed_index': 1,
    });
  });

  it('hides the reply of a Lua script', async () => {
    await client.eval('return redis.error_reply("MYERR " .. ARGV[1])', { keys: [], arguments: ['hunter2'] }).catch(() => {});
    await client.eval('return redis.error_reply(ARGV[1] .. " x")', { keys: [], arguments: ['HUNTER2'] }).catch(() => {});
    const spans = redisSpans().map(recorded);
    assert.ok(!/hunter2/i.test(JSON.stringify(spans)), JSON.stringify(spans));
    assert.deepEqual(
      spans.map(({ error }) => error),
      ['SimpleError', 'SimpleError'],
    );
  });

  it('starts nothing while no SDK is registered', async () => {
    instrumentation.setTracerProvider(new NodeTracerProvider({ sampler: new AlwaysOffSampler() }));
    await context.with(ROOT_CONTEXT, () => client.get('k'));
    instrumentation.setTracerProvider(trace.getTracerProvider());
    assert.deepEqual(names(), []);
  });
});
