import assert from 'node:assert/strict';
import { context, ROOT_CONTEXT, type Span, TraceFlags, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import fc from 'fast-check';
import type { RedisInstrumentationConfig } from '../../src';
import type { Facts } from '../../src/core/facts';
import { NO_DATA } from '../../src/insights/cache';
import { CompositeSpans } from '../../src/recorders/composite-spans';
import type { Run } from '../../src/recorders/run';
import { Clock } from '../support/clock';
import { type Collected, Measuring } from '../support/metrics';
import type { RedisServer } from '../support/redis-server';
import { sharedClient } from '../support/shared-client';
import { assertQuiet, diagnostics, inSpan, instrumentation, redisSpans, resetTracing, tracer } from '../support/tracing';
import { type Client, loadRedis } from '../support/versions';
import { until } from '../support/waiting';

describe('composite spans', () => {
  let server: RedisServer;
  let client: Client;
  let clock: Clock;
  sharedClient((shared) => {
    ({ server, client } = shared);
  });
  beforeEach(async () => {
    await server.request('FLUSHALL');
    reset();
    // A run ends when a while has passed: here only where a test lets it pass.
    clock = new Clock();
  });
  afterEach(() => {
    clock.restore();
    assertQuiet();
    resetTracing();
  });

  function reset(config: RedisInstrumentationConfig = {}): void {
    resetTracing({ compressSpans: true, compressMaxDurationMs: 10_000, ...config });
  }

  /** The spans that there are once all runs have ended. */
  function spans(): ReadableSpan[] {
    instrumentation.flushSpans();
    return redisSpans();
  }

  const countOf = ({ attributes }: ReadableSpan): number => Number(attributes['db.redis.composite.count'] ?? 1);
  const shown = (): [unknown, number][] => spans().map((span) => [span.attributes['db.query.text'], countOf(span)]);

  it('name a run of a script as ioredis names the script', async () => {
    const Redis = loadRedis('ioredis-5.11').library;
    const own: Client = new Redis({ host: server.host, port: server.port });
    own.defineCommand('echoIt', { lua: 'return KEYS[1]', numberOfKeys: 1 });
    try {
      await inSpan(async () => {
        for (const id of [1, 2, 3]) await own.echoIt(`user:${id}`);
      });
    } finally {
      own.disconnect();
    }
    const names = spans().map((span) => [span.name, span.attributes['db.stored_procedure.name'], countOf(span)]);
    assert.deepEqual(names, [[`evalsha echoIt`, 'echoIt', 3]]);
  });

  it('record a run of look-ups of one family as one span, with the data of all its members', async () => {
    for (const id of [1, 2, 3]) await client.set(`user:${id}`, 'x'.repeat(id));
    reset();
    const parent = await inSpan(async (span) => {
      for (const id of [1, 2, 3, 4]) {
        const called = client.get(`user:${id}`);
        clock.block(id);
        await called;
      }
      return span;
    });
    const [span, ...others] = spans();
    assert.ok(span && others.length === 0);
    const { 'db.redis.composite.sum_ms': sumMs, 'db.redis.composite.max_ms': maxMs, ...attributes } = span.attributes;
    assert.deepEqual(attributes, {
      'db.system.name': 'redis',
      'db.operation.name': 'GET',
      'db.namespace': '0',
      'db.query.text': 'GET user:{}',
      'server.address': server.host,
      'server.port': server.port,
      'db.redis.composite.count': 4,
      'db.redis.composite.value_bytes': 6,
      'cache.hit': false,
      'cache.hit_count': 3,
      'cache.miss_count': 1,
      'db.redis.key_family': 'user:{}',
    });
    assert.equal(span.name, `GET ${server.host}:${server.port}`);
    assert.equal(span.parentSpanContext?.spanId, parent.spanContext().spanId);
    const durationMs = span.duration[0] * 1e3 + span.duration[1] / 1e6;
    assert.deepEqual([maxMs, sumMs, durationMs].map(Number).map(Math.round), [4, 10, 10]);
  });

  it('show an argument only if it is the same in all commands', async () => {
    await inSpan(async () => {
      for (const field of ['name', 'name']) await client.hGet('user:7', field);
      for (const field of ['name', 'mail']) await client.hGet('user:8', field);
      for (const id of [1, 2]) await client.hGet(`user:${id}`, 'name');
      for (const keys of [['user:1', 'user:2'], ['user:3']]) await client.mGet(keys);
      for (const id of [1, 2]) await client.expire(`user:${id}`, id);
    });
    // The keys of EXPIRE are not looked up, and all the same of one family.
    assert.deepEqual(shown(), [
      ['HGET user:{} ?', 6],
      ['MGET user:{} …', 2],
      ['EXPIRE user:{} ?', 2],
    ]);
  });

  it('show no key of one family as one of another', async () => {
    await inSpan(async () => {
      for (const other of ['user:2', 'cart:2']) await client.mGet(['user:1', other]);
      for (const keys of [
        ['cart:3', 'user:3'],
        ['cart:4', 'user:4'],
      ])
        await client.mGet(keys);
    });
    assert.deepEqual(shown(), [
      ['MGET user:1 ?', 2],
      ['MGET cart:3 user:3', 1],
      ['MGET cart:4 user:4', 1],
    ]);
  });

  for (const config of [{ keys: 'hidden', keyFamilies: true }, { keyFamilies: false }] as const)
    it(`take all keys for one family with ${JSON.stringify(config)}`, async () => {
      reset(config);
      await inSpan(async () => {
        for (const key of ['user:1', 'user:2', 'cart:1']) await client.get(key);
        for (const key of ['user:1', 'cart:1']) await client.set(key, 'x', { XX: true });
      });
      const [read, written, ...others] = spans();
      assert.ok(read && written && others.length === 0);
      assert.deepEqual([read, written].map(countOf), [3, 2]);
      assert.equal(read.attributes['db.query.text'], 'GET ?');
      assert.ok(!('db.redis.key_family' in read.attributes));
    });

  it('end with any other operation below the same parent, and with nothing elsewhere', async () => {
    await client.set('text', 'x');
    reset();
    const two = async (key: string): Promise<void> => {
      await client.get(`${key}:1`);
      await client.get(`${key}:2`);
    };
    await inSpan(async () => {
      await two('user');
      await two('cart');
      await client.lPush('text', 'x').catch(() => {});
      await two('cart');
      await client.multi().get('cart:1').get('cart:2').exec();
      await two('cart');
      await client.publish('news', 'x');
      await two('cart');
      await Promise.all([inSpan(() => two('user')), inSpan(() => two('user'))]);
      await client.get('cart:9');
    });
    const texts = shown().map(([text, count]) => (count === 1 ? text : `${count} ${text}`));
    assert.deepEqual([...texts].sort(), [
      '2 GET cart:{}',
      '2 GET cart:{}',
      '2 GET cart:{}',
      '2 GET user:{}',
      '2 GET user:{}',
      '2 GET user:{}',
      '3 GET cart:{}',
      'GET cart:1; GET cart:2',
      'LPUSH text ?',
      'PUBLISH news ?',
    ]);
  });

  it('do not include commands that are slow, block, fill, lock, or have no local parent', async () => {
    reset({ slowMs: 0 });
    await inSpan(async () => {
      for (const id of [1, 2]) await client.get(`slow:${id}`);
    });
    assert.deepEqual(
      shown().map(([, count]) => count),
      [1, 1],
    );
    reset({ compressMaxDurationMs: 0 });
    await inSpan(async () => {
      for (const id of [1, 2]) {
        const called = client.get(`user:${id}`);
        clock.block(1);
        await called;
      }
    });
    assert.deepEqual(
      shown().map(([, count]) => count),
      [1, 1],
    );
    reset({ emptyPolls: true });
    const remote = trace.wrapSpanContext({
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
      traceFlags: TraceFlags.SAMPLED,
      isRemote: true,
    });
    const ended = tracer.startSpan('ended');
    ended.end();
    for (const span of [remote, ended, undefined]) {
      const around = span === undefined ? context.active() : trace.setSpan(context.active(), span);
      await context.with(around, async () => {
        for (const id of [1, 2]) await client.get(`user:${id}`);
      });
    }
    await inSpan(async () => {
      for (const id of [1, 2]) await client.set(`lock:${id}`, 'me', { NX: true, EX: 5 } as never);
      for (const id of [1, 2]) await client.blPop(`queue:${id}`, 0.01);
    });
    assert.deepEqual(
      shown().map(([, count]) => count),
      Array(10).fill(1),
    );
  });

  it('keep the link of a miss: the run ends when the miss is filled, in any span', async () => {
    await inSpan(async () => {
      for (const id of [1, 2]) await client.get(`user:${id}`);
      await inSpan(() => client.set('user:2', 'x'));
    });
    const [run, fill] = spans();
    assert.ok(run && fill);
    assert.equal(countOf(run), 2);
    assert.deepEqual(
      fill.links.map((link) => link.context.spanId),
      [run.spanContext().spanId],
    );
    assert.equal(fill.attributes['cache.fill'], true);
  });

  it('are recorded when the parent has ended, or after a tenth of a second without a command', async () => {
    await inSpan(async () => {
      for (const id of [1, 2]) await client.get(`user:${id}`);
    });
    await until(() => redisSpans().length >= 1);
    const span = tracer.startSpan('open');
    await context.with(trace.setSpan(context.active(), span), async () => {
      for (const id of [1, 2]) await client.get(`user:${id}`);
    });
    clock.block(101);
    await until(() => redisSpans().length >= 2);
    span.end();
    assert.deepEqual(redisSpans().map(countOf), [2, 2]);
  });

  it('end when options or provider change, and with disable()', async () => {
    const all = (): number[] => redisSpans().map(countOf);
    const some = async (count: number): Promise<void> => {
      await Promise.all(Array.from({ length: count }, (_, id) => client.get(`user:${id}`)));
    };
    await inSpan(async () => {
      await some(2);
      instrumentation.setConfig({ compressSpans: true, slowMs: false, compressMaxDurationMs: 10_000 });
      assert.deepEqual(all(), [2]);
      await some(3);
      const other = new InMemorySpanExporter();
      instrumentation.setTracerProvider(new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(other)] }));
      assert.deepEqual(all(), [2, 3]);
      await some(4);
      instrumentation.disable();
      instrumentation.enable();
      assert.deepEqual(other.getFinishedSpans().map(countOf), [4]);
      instrumentation.setTracerProvider(trace.getTracerProvider());
    });
  });

  it('end at ten thousand commands or after a second, and at most a thousand are open', () => {
    const told: number[] = [];
    const next = {
      isActive: () => true,
      command: () => told.push(1),
      composite: ({ count }: Run) => told.push(count),
      batch: () => {},
      connect: () => {},
      open: () => undefined,
      openBatch: () => undefined,
    };
    const settings = { compressMaxDurationMs: 50, slowMs: 100, minDurationMs: 0, spanHook: undefined };
    const composites = new CompositeSpans(
      next,
      settings,
      () => tracer,
      () => ({ name: undefined }),
      assert.fail,
    );
    const facts: Facts = { operation: 'PING', failure: undefined, lookup: undefined, data: NO_DATA, cache: undefined, lock: undefined };
    const ref = { facts: { serverAddress: 'a', serverPort: 1, peerAddress: undefined, peerPort: undefined, namespace: '0' } };
    const ping = (parent: Span, atMs: number): void => {
      const base = { args: ['PING'], client: ref, context: trace.setSpan(ROOT_CONTEXT, parent), traced: true };
      const command = { ...base, startTimeMs: 1e12 + atMs, startMonotonicMs: performance.now() + atMs };
      composites.command(command, { durationMs: 1, failed: false, reply: 'PONG', error: undefined, isLocal: false }, facts);
    };
    const parents = Array.from({ length: 1_001 }, () => tracer.startSpan('parent'));
    const [first] = parents;
    assert.ok(first);
    for (let i = 0; i < 10_001; i++) ping(first, 0);
    assert.deepEqual(told, [10_000]);
    ping(first, 2_000);
    assert.deepEqual(told, [10_000, 1]);
    for (const parent of parents) ping(parent, 2_000);
    assert.deepEqual(told, [10_000, 1, 2]);
    composites.flush();
    assert.equal(told.length, 1_003);
    for (const parent of parents) parent.end();
  });

  it('are not recorded below a parent that was sampled out, even with spansWhenParentUnsampled', async () => {
    const seen = new InMemorySpanExporter();
    reset({ spansWhenParentUnsampled: true });
    const unsampled = trace.wrapSpanContext({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: TraceFlags.NONE });
    const always = { shouldSample: () => ({ decision: 2 }), toString: () => 'always' };
    instrumentation.setTracerProvider(new NodeTracerProvider({ sampler: always, spanProcessors: [new SimpleSpanProcessor(seen)] }));
    await context.with(trace.setSpan(context.active(), unsampled), async () => {
      for (const id of [1, 2]) await client.get(`user:${id}`);
    });
    instrumentation.flushSpans();
    instrumentation.setTracerProvider(trace.getTracerProvider());
    assert.deepEqual(seen.getFinishedSpans().map(countOf), [1, 1]);
  });

  it('are passed to spanHook with their count, and do not include the children of a batch', async () => {
    const told: unknown[] = [];
    reset({ batchCommands: true, spanHook: (_span, { operation, count, reply }) => told.push([operation, count, reply]) });
    await inSpan(async () => {
      for (const id of [1, 2]) await client.get(`user:${id}`);
      await client.get('cart:1');
      await client.multi().get('user:1').get('user:2').exec();
    });
    instrumentation.flushSpans();
    assert.deepEqual(told, [
      ['GET', 2, undefined],
      ['GET', 1, null],
      ['GET', 1, null],
      ['GET', 1, null],
      ['MULTI GET', 2, [null, null]],
    ]);
  });

  it('are off with responseHook, which is called for every reply', async () => {
    reset({ responseHook: () => {} });
    await inSpan(async () => {
      for (const id of [1, 2]) await client.get(`user:${id}`);
    });
    assert.deepEqual(redisSpans().map(countOf), [1, 1]);
    assert.equal(diagnostics.length, 1);
    diagnostics.length = 0;
  });

  const KINDS = ['hit', 'miss', 'other', 'set', 'fail', 'batch', 'mget', 'hget'] as const;
  type Kind = (typeof KINDS)[number];
  interface Call {
    readonly kind: Kind;
    readonly parent: Span;
    readonly startMs: number;
    endMs: number;
  }

  const step = fc.record({
    kind: fc.constantFrom(...KINDS),
    id: fc.integer({ min: 1, max: 3 }),
    parent: fc.integer({ min: 0, max: 2 }),
    together: fc.boolean(),
    times: fc.integer({ min: 1, max: 6 }),
  });
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

  const send: Readonly<Record<Kind, (id: number) => Promise<unknown>>> = {
    hit: (id) => client.get(`hit:${id}`),
    miss: (id) => client.get(`miss:${id}`),
    other: (id) => client.get(`other:${id}`),
    set: (id) => client.set(`miss:${id}`, 'x', { PX: 1 } as never),
    fail: () => client.lPush('text', 'x').catch(() => {}),
    batch: (id) => client.multi().get(`hit:${id}`).get(`miss:${id}`).exec(),
    mget: (id) => client.mGet([`hit:${id}`, `miss:${id}`]),
    hget: (id) => client.hGet(`hash:${id}`, 'f'),
  };

  /** Every step as often as it says, some at the same time, each below one of three parents. */
  async function play(steps: readonly Step[], parents: readonly Span[]): Promise<Call[]> {
    const calls: Call[] = [];
    const waiting: Promise<void>[] = [];
    for (const { kind, id, parent: index, together, times } of steps) {
      for (let at = 0; at < times; at++) {
        const call: Call = { kind, parent: parents[index] as Span, startMs: Date.now(), endMs: 0 };
        calls.push(call);
        const around = trace.setSpan(context.active(), call.parent);
        const done = context.with(around, () => send[kind](((id + at) % 3) + 1));
        waiting.push(
          done.then(() => {
            call.endMs = Date.now();
          }),
        );
        if (!together) await Promise.all(waiting.splice(0));
      }
    }
    await Promise.all(waiting);
    return calls;
  }

  const sumOf = (spans: readonly ReadableSpan[], of: (span: ReadableSpan) => number): number =>
    spans.reduce((total, span) => total + of(span), 0);

  function assertSums(calls: readonly Call[], made: readonly ReadableSpan[], collected: Collected): void {
    const counted = (name: string, result?: string): number =>
      (collected[name] ?? []).filter(({ attributes: a }) => a['cache.result'] === result).reduce((total, { value }) => total + value, 0);
    assert.equal(sumOf(made, countOf), calls.length);
    assert.equal(counted('db.client.operation.duration'), calls.length);
    const hits = sumOf(made, ({ attributes: a }) => Number(a['cache.hit_count'] ?? (a['cache.hit'] === true ? 1 : 0)));
    const misses = sumOf(made, ({ attributes: a }) => Number(a['cache.miss_count'] ?? (a['cache.hit'] === false ? 1 : 0)));
    assert.deepEqual([hits, misses], [counted('cache.requests', 'hit'), counted('cache.requests', 'miss')]);
    const failed = made.filter(({ attributes }) => 'error.type' in attributes);
    assert.equal(failed.length, calls.filter(({ kind }) => kind === 'fail').length);
    assert.ok(failed.every((span) => countOf(span) === 1));
  }

  function assertBelow(parent: Span, calls: readonly Call[], made: readonly ReadableSpan[]): void {
    const own = calls.filter((call) => call.parent === parent);
    const below = made.filter((span) => span.parentSpanContext?.spanId === parent.spanContext().spanId);
    assert.equal(sumOf(below, countOf), own.length);
    const [from, to] = [Math.min(...own.map(({ startMs }) => startMs)), Math.max(...own.map(({ endMs }) => endMs))];
    for (const span of below) {
      const startMs = span.startTime[0] * 1e3 + span.startTime[1] / 1e6;
      const endMs = span.endTime[0] * 1e3 + span.endTime[1] / 1e6;
      // The two clocks may be a millisecond apart.
      assert.ok(startMs >= from && endMs <= to + 2, `${startMs}..${endMs} is not within ${from}..${to}`);
      if (countOf(span) === 1) continue;
      const { 'db.redis.composite.sum_ms': sumMs, 'db.redis.composite.max_ms': maxMs } = span.attributes;
      assert.ok(Number(maxMs) <= endMs - startMs + 0.01 && Number(sumMs) <= Number(maxMs) * countOf(span) + 0.01);
    }
  }

  it('contain every command once, the same hits and misses as the metrics, no failure, and times within their own', async () => {
    const totals = { runs: 0, commands: 0, spans: 0, composites: 0 };
    const traffic = fc.array(step, { minLength: 1, maxLength: 30 });
    const property = fc.asyncProperty(traffic, async (steps) => {
      await server.request('FLUSHALL');
      for (const key of ['hit:1', 'hit:2', 'hit:3', 'text']) await server.request('SET', key, 'x');
      reset();
      const measuring = Measuring.start();
      const parents = [0, 1, 2].map((index) => tracer.startSpan(`parent ${index}`));
      const calls = await play(steps, parents);
      const made = spans();
      for (const parent of parents) parent.end();
      const collected = await measuring.collect();
      await measuring.stop();
      assertSums(calls, made, collected);
      for (const parent of parents) assertBelow(parent, calls, made);
      totals.runs++;
      totals.commands += calls.length;
      totals.spans += made.length;
      totals.composites += made.filter((span) => countOf(span) > 1).length;
    });
    await fc.assert(property, { numRuns: 60 });
    // What is joined must have been worth looking at.
    assert.ok(totals.composites > totals.runs, JSON.stringify(totals));
    console.log(`      ${totals.commands} commands in ${totals.runs} runs: ${totals.spans} spans, ${totals.composites} of them composite`);
  });
});
