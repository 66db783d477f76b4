import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { context, metrics, SpanKind } from '@opentelemetry/api';
import { isTracingSuppressed, suppressTracing } from '@opentelemetry/core';
import {
  AggregationTemporality,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import type { RedisInstrumentationConfig } from '../../src';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { assertQuiet, inSpan, instrumentation, redisSpans, resetTracing } from '../support/tracing';
import { type Client, connect, end, loadRedis } from '../support/versions';
import { held, settled, until } from '../support/waiting';

const consumers = () => redisSpans().filter(({ kind }) => kind === SpanKind.CONSUMER);

describe('message recorders', () => {
  let server: RedisServer;
  let subscriber: Client;
  let publisher: Client;
  let reader: PeriodicExportingMetricReader;
  let provider: MeterProvider;

  before(async () => {
    server = await startStandalone();
  });
  after(() => server.stop());
  beforeEach(async () => {
    resetTracing();
    reader = new PeriodicExportingMetricReader({
      exporter: new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE),
      exportIntervalMillis: 1e6,
    });
    provider = new MeterProvider({ readers: [reader] });
    instrumentation.setMeterProvider(provider);
    subscriber = await connect(loadRedis('6.3'), server);
    publisher = await connect(loadRedis('6.3'), server);
  });
  afterEach(async () => {
    await end(subscriber);
    await end(publisher);
    instrumentation.setMeterProvider(metrics.getMeterProvider());
    await provider.shutdown();
    assertQuiet();
  });

  async function delivered(channel: string, options: RedisInstrumentationConfig = {}): Promise<void> {
    instrumentation.setConfig(options);
    const heard = new Promise((resolve) => subscriber.subscribe(channel, resolve).then(() => publisher.publish(channel, 'hunter2')));
    await heard;
    await settled(server);
  }

  async function points(name: string): Promise<{ attributes: object; value: number }[]> {
    const { resourceMetrics } = await reader.collect();
    const metric = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics).find(({ descriptor }) => descriptor.name === name);
    return (metric?.dataPoints ?? []).map(({ attributes, value }) => ({
      attributes,
      value: typeof value === 'number' ? value : (value as Histogram).count,
    }));
  }

  const at = (operation: string, template: string | undefined, more: object = {}): object => ({
    'messaging.system.name': 'redis',
    'messaging.operation.name': operation,
    ...(template === undefined ? {} : { 'messaging.destination.template': template }),
    'server.address': server.host,
    'server.port': server.port,
    ...more,
  });

  const masked: readonly [keys: RedisInstrumentationConfig['keys'], name: string, destination: string][] = [
    ['safe', 'process mail:{}', 'mail:?'],
    ['full', 'process mail:{}', 'mail:ann@example.com'],
    ['family', 'process mail:{}', 'mail:{}'],
    ['hidden', 'process ?', '?'],
    [(key) => key.slice(0, 4), 'process mail', 'mail'],
  ];
  for (const [keys, name, destination] of masked) {
    it(`shows a channel as keys = ${String(keys)} says, and never the message`, async () => {
      await delivered('mail:ann@example.com', { keys });
      const [span] = consumers();
      assert.deepEqual([span?.name, span?.attributes['messaging.destination.name']], [name, destination]);
      assert.ok(!JSON.stringify(redisSpans().map((one) => [one.name, one.attributes])).includes('hunter2'));
    });
  }

  it('names spans as the spanName hook says', async () => {
    await delivered('news', { spanName: ({ operation, defaultName }) => `${operation}/${defaultName}` });
    assert.equal(consumers()[0]?.name, 'process/process news');
  });

  it('makes no span where a parent is required', async () => {
    await delivered('news', { requireParentSpan: true });
    assert.deepEqual(consumers(), []);
  });

  it('makes spans if tracing was suppressed when the client connected, and removes the suppression only then', async () => {
    await end(subscriber);
    subscriber = await context.with(suppressTracing(context.active()), () => connect(loadRedis('6.3'), server));
    const suppressed: boolean[] = [];
    for (const consumerSpans of [true, false]) {
      instrumentation.setConfig({ consumerSpans });
      const heard = new Promise<void>((resolve) => {
        const listener = (): void => {
          suppressed.push(isTracingSuppressed(context.active()));
          resolve();
        };
        void subscriber.subscribe(`news${consumerSpans}`, listener).then(() => publisher.publish(`news${consumerSpans}`, 'x'));
      });
      await heard;
      await settled(server);
    }
    assert.deepEqual(suppressed, [false, true]);
    assert.deepEqual(
      consumers().map(({ name }) => name),
      ['process newstrue'],
    );
  });

  it('counts sent messages by family, in batches too, and failures', async () => {
    await publisher.publish('user:17', 'a');
    await publisher.multi().publish('user:18', 'b').get('k').publish('user:19', 'c').exec();
    await publisher.multi().publish('user:20', 'd').execAsPipeline();
    await publisher.sendCommand(['PUBLISH', 'user:21']).catch(() => {});
    await publisher.sendCommand(['SPUBLISH', 'shard', 'x']);
    assert.deepEqual(await points('messaging.client.sent.messages'), [
      { attributes: at('publish', 'user:{}'), value: 4 },
      { attributes: at('publish', 'user:{}', { 'error.type': 'ERR' }), value: 1 },
      { attributes: at('publish', 'shard'), value: 1 },
    ]);
  });

  it('counts and times each delivered message once, for any number of listeners, with or without spans', async () => {
    instrumentation.setConfig({ consumerSpans: false });
    const heard: string[] = [];
    await subscriber.subscribe('user:17', () => heard.push('one'));
    await subscriber.subscribe('user:17', () => heard.push('other'));
    await subscriber.pSubscribe('bad:*', async () => {
      heard.push('bad');
      throw new RangeError('no');
    });
    const silenced = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection').on('unhandledRejection', () => {});
    await inSpan(() => publisher.publish('user:17', 'a'));
    await publisher.publish('bad:1', 'a');
    await until(() => heard.length >= 3);
    await settled(server);
    process.removeAllListeners('unhandledRejection');
    for (const listener of silenced) process.on('unhandledRejection', listener);
    assert.deepEqual(await points('messaging.client.consumed.messages'), [
      { attributes: at('process', 'user:{}'), value: 1 },
      { attributes: at('process', 'bad:{}'), value: 1 },
    ]);
    assert.deepEqual(await points('messaging.process.duration'), [
      { attributes: at('process', 'user:{}'), value: 1 },
      { attributes: at('process', 'bad:{}', { 'error.type': 'RangeError' }), value: 1 },
    ]);
    assert.deepEqual(consumers(), []);
  });

  it('knows how many messages are being processed', async () => {
    const { done, release } = held();
    let heard = 0;
    await subscriber.subscribe('news', async () => {
      heard += 1;
      await done;
    });
    await publisher.publish('news', 'a');
    await until(() => heard > 0);
    assert.deepEqual(await points('messaging.process.in_flight'), [{ attributes: at('process', 'news'), value: 1 }]);
    release();
    await turn();
    assert.deepEqual(await points('messaging.process.in_flight'), [{ attributes: at('process', 'news'), value: 0 }]);
  });

  it('names spans of both sides by the families of the metrics', async () => {
    resetTracing({ keyFamilies: true });
    const letters = (index: number): string =>
      [...index.toString(26)].map((digit) => String.fromCharCode(97 + Number.parseInt(digit, 26))).join('');
    const untraced = suppressTracing(context.active());
    for (let i = 0; i < 300; i++) await context.with(untraced, () => publisher.publish(`room:x${letters(i)}`, 'a'));
    const heard = new Promise((resolve) => subscriber.subscribe('room:last', resolve));
    while ((await context.with(untraced, () => publisher.publish('room:last', 'a'))) === 0);
    await heard;
    await publisher.publish('room:other', 'a');
    await settled(server);
    assert.deepEqual(
      redisSpans().flatMap(({ name }) => (name.includes('room') ? [name] : [])),
      ['process room:{}', 'publish room:{}'],
    );
    assert.ok(
      (await points('messaging.client.sent.messages')).some(({ attributes }) => isDeepStrictEqual(attributes, at('publish', 'room:{}'))),
    );
  });

  it('never uses a channel as a metric attribute: few families, and none with hidden keys', async () => {
    for (let i = 0; i < 1_000; i++) await publisher.publish(`${String.fromCharCode(97 + (i % 26))}${i}x:${i}`, 'a');
    assert.ok((await points('messaging.client.sent.messages')).length <= 202);
    instrumentation.setConfig({ keys: 'hidden' });
    await publisher.publish('secret-room', 'a');
    assert.ok((await points('messaging.client.sent.messages')).some(({ attributes }) => !('messaging.destination.template' in attributes)));
  });
});
