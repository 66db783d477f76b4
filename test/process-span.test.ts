import assert from 'node:assert/strict';
import { type Attributes, context, propagation, type Span, SpanKind, TraceFlags, trace } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import sinon from 'sinon';
import { processSpan, type RedisInstrumentationConfig, type StreamEntry } from '../src';
import { Measuring } from './support/metrics';
import { type RedisServer, startStandalone } from './support/redis-server';
import { assertQuiet, diagnostics, inSpan, instrumentation, recorded, redisSpans, resetTracing, tracer } from './support/tracing';
import { type Client, connect, end, LEGACY_VERSIONS, loadRedis, VERSIONS } from './support/versions';

const OPTIONS: RedisInstrumentationConfig = { propagateStreams: ['orders:*'] };

const activeId = (): string | undefined => trace.getActiveSpan()?.spanContext().spanId;
const processed = (): ReadableSpan[] => redisSpans().filter(({ kind }) => kind === SpanKind.CONSUMER);
const producers = (): ReadableSpan[] => redisSpans().filter(({ kind }) => kind === SpanKind.PRODUCER);

describe('processSpan', () => {
  let server: RedisServer;
  let client: Client;
  before(async () => {
    server = await startStandalone();
  });
  after(() => server.stop());
  beforeEach(async () => {
    await server.request('FLUSHALL');
    resetTracing(OPTIONS);
    client = await connect(loadRedis('6.3'), server);
  });
  afterEach(async () => {
    await end(client);
    assertQuiet();
    instrumentation.enable();
    resetTracing();
  });

  /** One entry, as the application gets it from a group. */
  async function entryOf(stream = 'orders:1', id = '1-1'): Promise<StreamEntry> {
    await client.xAdd(stream, id, { item: 'tea' });
    await client.sendCommand(['XGROUP', 'CREATE', stream, 'shop', '0']);
    const [{ messages }] = await client.xReadGroup('shop', 'ann', { key: stream, id: '>' });
    return messages[0];
  }

  const attributesOf = (id: string, more: Attributes = {}): Attributes => ({
    'messaging.system.name': 'redis',
    'messaging.operation.type': 'process',
    'messaging.operation.name': 'process',
    'messaging.message.id': id,
    ...more,
  });
  const known = (): Attributes => ({
    'messaging.destination.name': 'orders:1',
    'messaging.consumer.group.name': 'shop',
    'server.address': server.host,
    'server.port': server.port,
  });

  it('runs the function in a consumer span, a child of the producer and linked to it', async () => {
    const entry = await entryOf();
    await client.xRange('orders:1', '-', '+'); // whoever looks changes nothing
    let inside: string | undefined;
    const result = processSpan(entry, (given) => {
      inside = activeId();
      return [given];
    });
    const [span] = processed();
    assert.deepEqual(result, [entry]);
    assert.equal(inside, span?.spanContext().spanId);
    assert.deepEqual(recorded(span as ReadableSpan), {
      name: 'process orders:{}',
      kind: 'CONSUMER',
      attributes: attributesOf('1-1', known()),
    });
    const [producer] = producers();
    assert.equal(span?.parentSpanContext?.spanId, producer?.spanContext().spanId);
    assert.deepEqual(
      span?.links.map(({ context: to }) => to.spanId),
      [producer?.spanContext().spanId],
    );
  });

  for (const version of [...LEGACY_VERSIONS, ...VERSIONS]) {
    it(`knows the entries of redis ${version}, of every command that reads them`, async () => {
      const other = await connect(loadRedis(version), server);
      await other.xAdd('orders:1', '1-1', { item: 'tea' });
      await other.sendCommand(['XGROUP', 'CREATE', 'orders:1', 'shop', '0']);
      const firstOf = (streams: [{ messages: StreamEntry[] } | [string, StreamEntry[]]]): StreamEntry | undefined =>
        Array.isArray(streams[0]) ? streams[0][1][0] : streams[0].messages[0];
      const entries = [
        firstOf(await other.xRead({ key: 'orders:1', id: '0' })),
        firstOf(await other.xReadGroup('shop', 'ann', { key: 'orders:1', id: '>' })),
        (await other.xClaim('orders:1', 'shop', 'bob', 0, '1-1'))[0],
        (await other.xRange('orders:1', '-', '+'))[0],
        (await other.multi().xRange('orders:1', '-', '+').get('k').exec())[0][0],
      ];
      for (const entry of entries) await processSpan(entry as StreamEntry, async () => {});
      await end(other);
      const [producer] = producers();
      assert.deepEqual(
        processed().map(({ name, links }) => [name, links[0]?.context.spanId]),
        entries.map(() => ['process orders:{}', producer?.spanContext().spanId]),
      );
    });
  }

  it('follows a promise to its end, and passes on what it settles with', async () => {
    const entry = await entryOf();
    let release = (_: string): void => {};
    const promise = processSpan(entry, async () => {
      const value = await new Promise<string>((resolve) => {
        release = resolve;
      });
      await client.get('k');
      return value;
    });
    assert.deepEqual(processed(), []);
    release('done');
    assert.equal(await promise, 'done');
    const [span] = processed();
    assert.equal(redisSpans().find(({ name }) => name.startsWith('GET'))?.parentSpanContext?.spanId, span?.spanContext().spanId);
  });

  it('records the error of the function, and passes it on', async () => {
    const entry = await entryOf();
    const error = new TypeError('hunter2');
    const fail = (): never => {
      throw error;
    };
    assert.throws(
      () => processSpan(entry, fail),
      (thrown) => thrown === error,
    );
    await assert.rejects(
      processSpan(entry, async () => fail()),
      (thrown) => thrown === error,
    );
    for (const span of processed()) {
      const attributes = attributesOf('1-1', { ...known(), 'error.type': 'TypeError' });
      assert.deepEqual(recorded(span), { name: 'process orders:{}', kind: 'CONSUMER', attributes, error: 'TypeError' });
    }
    assert.equal(processed().length, 2);
  });

  it('is a child of the active span, and only linked to the producer', async () => {
    const entry = await entryOf();
    let caller: Span | undefined;
    await inSpan(async (span) => {
      caller = span;
      processSpan(entry, () => {});
    });
    const [span] = processed();
    assert.equal(span?.parentSpanContext?.spanId, caller?.spanContext().spanId);
    assert.deepEqual(
      span?.links.map(({ context: to }) => to.spanId),
      [producers()[0]?.spanContext().spanId],
    );
  });

  it('is not a child of an ended span, and respects one that was sampled out', async () => {
    const entry = await entryOf();
    const ended = tracer.startSpan('ended');
    ended.end();
    context.with(trace.setSpan(context.active(), ended), () => processSpan(entry, () => {}));
    assert.equal(processed()[0]?.parentSpanContext?.spanId, producers()[0]?.spanContext().spanId);
    const unsampled = trace.wrapSpanContext({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: TraceFlags.NONE });
    context.with(trace.setSpan(context.active(), unsampled), () => processSpan(entry, () => {}));
    assert.equal(processed().length, 1);
  });

  it('gives the function the baggage of the sender', async () => {
    const baggage = propagation.createBaggage({ tenant: { value: 'acme' } });
    const entry = await context.with(propagation.setBaggage(context.active(), baggage), () => entryOf());
    const tenant = (): string | undefined => propagation.getActiveBaggage()?.getEntry('tenant')?.value;
    assert.equal(processSpan(entry, tenant), 'acme');
    assert.equal(await inSpan(async () => processSpan(entry, tenant)), 'acme');
    assert.equal(tenant(), undefined);
  });

  it('distinguishes entries of one id by their stream, and links neither without it', async () => {
    const [one, other] = [await entryOf('orders:1', '5-1'), await entryOf('orders:2', '5-1')];
    processSpan(one, () => {}, { stream: 'orders:1' });
    processSpan(other, () => {}, { stream: Buffer.from('orders:2') });
    processSpan(other, () => {});
    const [first, second, neither] = processed();
    assert.deepEqual(
      [first, second].map((span) => [span?.attributes['messaging.destination.name'], span?.links[0]?.context.spanId]),
      [
        ['orders:1', producers()[0]?.spanContext().spanId],
        ['orders:2', producers()[1]?.spanContext().spanId],
      ],
    );
    assert.deepEqual([neither?.name, neither?.links, neither?.attributes], ['process', [], attributesOf('5-1')]);
  });

  it('does not link an entry if another stream has its id, even one that is not listed', async () => {
    const unlisted = await entryOf('bills:1', '5-1');
    const listed = await entryOf('orders:1', '5-1');
    processSpan(unlisted, () => {});
    processSpan(listed, () => {});
    processSpan(listed, () => {}, { stream: 'orders:1' });
    assert.deepEqual(
      processed().map(({ name, links }) => [name, links.length]),
      [
        ['process', 0],
        ['process', 0],
        ['process orders:{}', 1],
      ],
    );
    // Reads of such streams are the database commands that they were.
    assert.ok(redisSpans().some(({ name }) => name.startsWith('XREADGROUP ')));
  });

  it('records no sender for an entry with invalid context', async () => {
    const entry = await entryOf();
    const extract = sinon.stub(propagation, 'extract').throws(new Error('hunter2'));
    try {
      await inSpan(async () => processSpan(entry, () => {}));
    } finally {
      extract.restore();
    }
    assert.deepEqual(
      processed().map(({ name, links }) => [name, links]),
      [['process orders:{}', []]],
    );
    // Said once in a process.
    assert.ok(!diagnostics.splice(0).join().includes('hunter2'));
  });

  it('makes a span for unknown entries', async () => {
    processSpan({ id: '9-9' }, () => {}, { stream: 'logs:7' });
    processSpan(['hunter2', []], () => {});
    processSpan(null as unknown as StreamEntry, () => {});
    const { 'messaging.message.id': _, ...nothing } = attributesOf('');
    assert.deepEqual(
      processed().map(({ name, attributes }) => [name, attributes]),
      [
        ['process logs:{}', attributesOf('9-9', { 'messaging.destination.name': 'logs:7' })],
        ['process', nothing],
        ['process', nothing],
      ],
    );
  });

  it('only calls the function if nothing is recorded', async () => {
    const entry = await entryOf();
    const before = redisSpans().length;
    for (const more of [{ consumerSpans: false }, { requireParentSpan: true }]) {
      instrumentation.setConfig({ ...OPTIONS, ...more });
      assert.equal(
        processSpan({ id: '9-9' }, () => activeId()),
        undefined,
      );
    }
    resetTracing(OPTIONS);
    assert.equal(
      context.with(suppressTracing(context.active()), () => processSpan(entry, () => 'called')),
      'called',
    );
    instrumentation.disable();
    assert.equal(
      processSpan(entry, () => 'called'),
      'called',
    );
    assert.deepEqual([before > 0, processed()], [true, []]);
  });

  it('measures processing time, and counts entries in flight; read entries are counted once', async () => {
    const measuring = Measuring.start();
    const entry = await entryOf();
    let inFlight: number | undefined;
    await processSpan(entry, async () => {
      inFlight = (await measuring.points('messaging.process.in_flight'))[0]?.value;
    });
    const { 'messaging.operation.type': _, 'messaging.message.id': __, ...counted } = attributesOf('');
    const attributes = {
      ...counted,
      'messaging.destination.template': 'orders:{}',
      'messaging.consumer.group.name': 'shop',
      'server.address': server.host,
      'server.port': server.port,
    };
    assert.equal(inFlight, 1);
    assert.deepEqual(await measuring.points('messaging.process.in_flight'), [{ attributes, value: 0 }]);
    assert.deepEqual(await measuring.points('messaging.process.duration'), [{ attributes, value: 1 }]);
    assert.deepEqual(
      (await measuring.points('messaging.client.consumed.messages')).map(({ value }) => value),
      [1],
    );
    await measuring.stop();
  });
});
