import assert from 'node:assert/strict';
import { type Attributes, SpanKind } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { RedisInstrumentationConfig } from '../../src';
import { Measuring } from '../support/metrics';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { assertQuiet, inSpan, instrumentation, recorded, redisSpans, resetTracing } from '../support/tracing';
import { type Client, connect, end, loadRedis } from '../support/versions';

const OPTIONS: RedisInstrumentationConfig = { propagateStreams: ['orders:*', 'bills:*'], emptyPolls: true };

const linked = ({ links }: ReadableSpan): string[] => links.map(({ context: to }) => to.spanId);
const idOf = (span: ReadableSpan | undefined): string | undefined => span?.spanContext().spanId;

describe('stream recorders', () => {
  let server: RedisServer;
  let client: Client;
  let measuring: Measuring;
  before(async () => {
    server = await startStandalone();
  });
  after(() => server.stop());
  beforeEach(async () => {
    await server.request('FLUSHALL');
    resetTracing(OPTIONS);
    measuring = Measuring.start();
    client = await connect(loadRedis('6.3'), server);
  });
  afterEach(async () => {
    await end(client);
    await measuring.stop();
    assertQuiet();
    resetTracing();
  });

  const common = (): Attributes => ({
    'db.system.name': 'redis',
    'db.namespace': '0',
    'server.address': server.host,
    'server.port': server.port,
    'messaging.system.name': 'redis',
  });

  async function spansOf(run: () => Promise<unknown>): Promise<ReadableSpan[]> {
    const before = redisSpans().length;
    await run();
    return redisSpans().slice(before);
  }

  async function onlySpanOf(run: () => Promise<unknown>): Promise<ReadableSpan> {
    const [span, ...more] = await spansOf(run);
    assert.deepEqual(more, []);
    return span ?? assert.fail('no span');
  }

  it('makes a producer of XADD', async () => {
    const span = await onlySpanOf(() => client.xAdd('orders:7', '1-1', { item: 'hunter2' }));
    assert.deepEqual(recorded(span), {
      name: 'xadd orders:{}',
      kind: 'PRODUCER',
      attributes: {
        ...common(),
        'db.operation.name': 'XADD',
        'db.query.text': 'XADD orders:7 1-1 item ?',
        'messaging.operation.type': 'send',
        'messaging.operation.name': 'xadd',
        'messaging.destination.name': 'orders:7',
        'messaging.message.id': '1-1',
      },
    });
  });

  it('makes a receiver of XREADGROUP, linked to every producer, the parent the caller', async () => {
    const producers = await spansOf(async () => {
      await client.xAdd('orders:7', '1-1', { item: 'hunter2' });
      await client.xAdd('orders:7', '2-1', { item: 'hunter2' });
    });
    await client.xGroupCreate('orders:7', 'shop', '0');
    let caller: string | undefined;
    const span = await onlySpanOf(() =>
      inSpan(async (active) => {
        caller = active.spanContext().spanId;
        await client.xReadGroup('shop', 'ann', { key: 'orders:7', id: '>' }, { COUNT: 10 });
      }),
    );
    assert.deepEqual(recorded(span), {
      name: 'xreadgroup orders:{}',
      kind: 'CLIENT',
      attributes: {
        ...common(),
        'db.operation.name': 'XREADGROUP',
        'db.query.text': 'XREADGROUP GROUP shop ann COUNT 10 STREAMS orders:7 >',
        'messaging.operation.type': 'receive',
        'messaging.operation.name': 'xreadgroup',
        'messaging.destination.name': 'orders:7',
        'messaging.consumer.group.name': 'shop',
        'messaging.batch.message_count': 2,
      },
    });
    assert.equal(span.parentSpanContext?.spanId, caller);
    assert.deepEqual(linked(span), producers.map(idOf));
  });

  interface Receives {
    readonly title: string;
    run(): Promise<unknown>;
    readonly name: string;
    readonly more: Attributes;
    readonly links: number;
  }

  const receives: readonly Receives[] = [
    {
      title: 'a read that nothing answers',
      run: () => client.xRead({ key: 'orders:1', id: '$' }, { BLOCK: 1 }),
      name: 'xread orders:{}',
      more: { 'messaging.destination.name': 'orders:1', 'messaging.batch.message_count': 0 },
      links: 0,
    },
    {
      title: 'streams of one family',
      run: () => client.xRead(['orders:1', 'orders:2', 'plain'].map((key) => ({ key, id: '0' }))),
      name: 'xread orders:{}',
      more: { 'messaging.destination.template': 'orders:{}', 'messaging.batch.message_count': 2 },
      links: 2,
    },
    {
      title: 'streams of several',
      run: () => client.xRead(['orders:1', 'bills:1'].map((key) => ({ key, id: '0' }))),
      name: 'xread',
      more: { 'messaging.batch.message_count': 2 },
      links: 2,
    },
    {
      title: 'a claim',
      run: () => client.xClaim('orders:1', 'shop', 'bob', 0, '1-1'),
      name: 'xclaim orders:{}',
      more: { 'messaging.destination.name': 'orders:1', 'messaging.consumer.group.name': 'shop', 'messaging.batch.message_count': 1 },
      links: 1,
    },
    {
      title: 'a claim of ids alone',
      run: () => client.xAutoClaimJustId('orders:1', 'shop', 'bob', 0, '0'),
      name: 'xautoclaim orders:{}',
      more: { 'messaging.destination.name': 'orders:1', 'messaging.consumer.group.name': 'shop', 'messaging.batch.message_count': 1 },
      links: 0,
    },
  ];

  for (const { title, run, name, more, links } of receives) {
    it(`records ${title}`, async () => {
      for (const stream of ['orders:1', 'orders:2', 'bills:1', 'plain']) await client.xAdd(stream, '1-1', { a: '1' });
      await client.xGroupCreate('orders:1', 'shop', '0');
      await client.xReadGroup('shop', 'ann', { key: 'orders:1', id: '>' });
      const span = await onlySpanOf(run);
      const messaging = Object.entries(span.attributes).filter(([key]) => key.startsWith('messaging.'));
      const operation = { 'messaging.operation.type': 'receive', 'messaging.operation.name': name.split(' ')[0] };
      assert.deepEqual(Object.fromEntries(messaging), { 'messaging.system.name': 'redis', ...operation, ...more });
      assert.deepEqual([span.name, SpanKind[span.kind], span.links.length], [name, 'CLIENT', links]);
    });
  }

  it('records range look-ups, and streams that are not listed, as database commands', async () => {
    const spans = await spansOf(async () => {
      await client.xAdd('plain', '1-1', { a: '1' });
      await client.xRead({ key: 'plain', id: '0' });
      await client.xAdd('orders:1', '1-1', { a: '1' });
      await client.xRange('orders:1', '-', '+');
    });
    const isData = ({ attributes, kind, links }: ReadableSpan): boolean =>
      kind === SpanKind.CLIENT && links.length === 0 && !('messaging.system.name' in attributes);
    assert.deepEqual(
      spans.map((span) => [span.name.split(' ')[0], isData(span)]),
      [
        ['XADD', true],
        ['XREAD', true],
        ['xadd', false],
        ['XRANGE', true],
      ],
    );
  });

  it('records why a read failed', async () => {
    const span = await onlySpanOf(() => assert.rejects(client.xReadGroup('none', 'ann', [{ key: 'orders:1', id: '>' }]), /NOGROUP/));
    assert.deepEqual([span.attributes['error.type'], span.attributes['messaging.batch.message_count']], ['NOGROUP', undefined]);
  });

  it('links to 128 producers at most, to each once', async () => {
    const pipeline = client.multi();
    for (let index = 1; index <= 5; index++) pipeline.xAdd('orders:1', `${index}-1`, { a: '1' });
    await pipeline.exec();
    assert.equal((await onlySpanOf(() => client.xRead({ key: 'orders:1', id: '0' }))).links.length, 1);
    for (let index = 6; index <= 140; index++) await client.xAdd('orders:1', `${index}-1`, { a: '1' });
    const span = await onlySpanOf(() => client.xRead({ key: 'orders:1', id: '0' }));
    assert.deepEqual([span.links.length, span.attributes['messaging.batch.message_count']], [128, 140]);
  });

  it('links a transaction to the producers of what it read, and with batchCommands each read', async () => {
    resetTracing({ ...OPTIONS, batchCommands: true });
    await client.xAdd('orders:1', '1-1', { a: '1' });
    await client.multi().get('k').xRead({ key: 'orders:1', id: '0' }).xAdd('orders:1', '2-1', { a: '1' }).exec();
    const [producer, , read, added, batch] = redisSpans();
    assert.deepEqual([read?.name, added?.name, batch?.name], ['xread orders:{}', 'xadd orders:{}', `MULTI ${server.host}:${server.port}`]);
    for (const span of [read, batch]) assert.deepEqual(span && linked(span), [idOf(producer)]);
    const later = await onlySpanOf(() => client.xRead({ key: 'orders:1', id: '1-1' }));
    assert.deepEqual(linked(later), [idOf(batch)]);
  });

  it('counts sent and received entries, by the families of stream and group', async () => {
    await client.xAdd('orders:7', '1-1', { a: '1' });
    await client.multi().xAdd('orders:7', '2-1', { a: '1' }).xAdd('orders:8', '1-1', { a: '1' }).exec();
    await assert.rejects(client.xAdd('orders:8', '0-0', { a: '1' }));
    await client.xAdd('plain', '1-1', { a: '1' });
    for (const stream of ['orders:7', 'orders:8']) await client.xGroupCreate(stream, 'shop-17', '0');
    await client.xReadGroup('shop-17', 'ann', [
      { key: 'orders:7', id: '>' },
      { key: 'orders:8', id: '>' },
    ]);
    await client.xRead({ key: 'orders:7', id: '0' });
    await client.multi().xClaim('orders:7', 'shop-17', 'bob', 0, '1-1').exec();
    await client.xRange('orders:7', '-', '+');
    const at = (operation: string, more: Attributes = {}): Attributes => ({
      'messaging.system.name': 'redis',
      'messaging.operation.name': operation,
      'messaging.destination.template': 'orders:{}',
      'server.address': server.host,
      'server.port': server.port,
      ...more,
    });
    const group = { 'messaging.consumer.group.name': 'shop-{}' };
    assert.deepEqual(await measuring.points('messaging.client.sent.messages'), [
      { attributes: at('xadd'), value: 3 },
      { attributes: at('xadd', { 'error.type': 'ERR' }), value: 1 },
    ]);
    assert.deepEqual(await measuring.points('messaging.client.consumed.messages'), [
      { attributes: at('xreadgroup', group), value: 3 },
      { attributes: at('xread'), value: 2 },
      { attributes: at('xclaim', group), value: 1 },
    ]);
    assert.deepEqual(await measuring.points('messaging.process.duration'), []);
  });

  it('shows nothing of streams and groups with keys hidden', async () => {
    resetTracing({ ...OPTIONS, keys: 'hidden' });
    await client.xAdd('orders:7', '1-1', { a: '1' });
    await client.xGroupCreate('orders:7', 'shop', '0');
    await client.xReadGroup('shop', 'ann', { key: 'orders:7', id: '>' });
    const seen = JSON.stringify([redisSpans().map(recorded), await measuring.collect()]);
    assert.doesNotMatch(seen, /orders|shop|ann/);
    instrumentation.setConfig({});
  });
});
