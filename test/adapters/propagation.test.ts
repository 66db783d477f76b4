import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { connect as connectSocket } from 'node:net';
import { context, propagation, type Span, SpanKind, TraceFlags, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import sinon from 'sinon';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { assertQuiet, diagnostics, inSpan, instrumentation, redisSpans, resetTracing, tracer } from '../support/tracing';
import {
  type Client,
  connect,
  end,
  folderOf,
  IOREDIS_CORE,
  LEGACY_VERSIONS,
  loadRedis,
  titleOf,
  VERSIONS,
  type Version,
} from '../support/versions';
import { until } from '../support/waiting';

const OPTIONS = { propagateChannels: ['orders:*'] };

/** What the two APIs have in common, for a publisher and a subscriber. */
interface Peer {
  /** @param listener gets text, or bytes where they are asked for */
  subscribe(channel: string, listener: (message: string | Buffer) => void, asBytes?: boolean): Promise<void>;
  publish(channel: string, message: string | Buffer): Promise<unknown>;
  end(): Promise<void>;
}

async function peer(version: Version | (typeof LEGACY_VERSIONS)[number], server: RedisServer): Promise<Peer> {
  if (!LEGACY_VERSIONS.some((one) => one === version)) return modern(await connect(loadRedis(version as Version), server));
  const redis = createRequire(`${folderOf(version)}/package.json`)('redis');
  return legacy(redis.createClient({ host: server.host, port: server.port, detect_buffers: true }));
}

function modern(client: Client): Peer {
  return {
    subscribe: (channel, listener, asBytes) => client.subscribe(channel, listener, asBytes),
    publish: (channel, message) => client.publish(channel, message),
    end: () => end(client),
  };
}

function legacy(client: Client): Peer {
  return {
    subscribe: (channel, listener, asBytes) => {
      client.on(asBytes ? 'message_buffer' : 'message', (name: string | Buffer, message: string) => {
        if (String(name) === channel) listener(message);
      });
      return new Promise((resolve) => client.subscribe(channel, () => resolve()));
    },
    publish: (channel, message) => new Promise((resolve) => client.publish(channel, message, resolve)),
    end: async () => client.end(false),
  };
}

/** What a subscriber gets that knows nothing of us. */
async function wiretap(server: RedisServer, pattern: string): Promise<{ text(): string; end(): void }> {
  const socket = connectSocket(server.port, server.host);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  socket.write(`PSUBSCRIBE ${pattern}\r\n`);
  await until(() => text.includes('psubscribe'));
  return { text: () => text, end: () => socket.destroy() };
}

const ofKind = (kind: SpanKind): ReadableSpan[] => redisSpans().filter((span) => span.kind === kind);

describe('propagation', () => {
  let server: RedisServer;
  before(async () => {
    server = await startStandalone();
  });
  after(() => server.stop());
  beforeEach(() => resetTracing(OPTIONS));
  afterEach(() => {
    instrumentation.enable();
    resetTracing();
  });

  // Subscribers of 4.0 are out of reach.
  for (const version of [...LEGACY_VERSIONS, ...VERSIONS.filter((one) => one !== '4.0'), ...IOREDIS_CORE]) {
    describe(`with ${titleOf(version)}`, () => {
      let publisher: Peer;
      let subscriber: Peer;
      beforeEach(async () => {
        [publisher, subscriber] = [await peer(version, server), await peer(version, server)];
      });
      afterEach(async () => {
        await publisher.end();
        await subscriber.end();
        assertQuiet();
      });

      it('carries context and baggage; the subscriber gets the identical message, its span is a child and linked', async () => {
        const heard: unknown[] = [];
        await subscriber.subscribe('orders:1', (message) => {
          const span = trace.getActiveSpan()?.spanContext().spanId;
          heard.push([message, propagation.getActiveBaggage()?.getEntry('tenant')?.value, span]);
        });
        const baggage = propagation.createBaggage({ tenant: { value: 'acme é' } });
        let caller: Span | undefined;
        await inSpan((span) => {
          caller = span;
          return context.with(propagation.setBaggage(context.active(), baggage), () => publisher.publish('orders:1', 'hellö'));
        });
        await until(() => heard.length === 1);
        const [producer, consumer] = [ofKind(SpanKind.PRODUCER)[0], ofKind(SpanKind.CONSUMER)[0]];
        assert.deepEqual(heard, [['hellö', 'acme é', consumer?.spanContext().spanId]]);
        assert.equal(producer?.parentSpanContext?.spanId, caller?.spanContext().spanId);
        assert.equal(consumer?.parentSpanContext?.spanId, producer?.spanContext().spanId);
        assert.deepEqual(
          consumer?.links.map(({ context: to }) => to.spanId),
          [producer?.spanContext().spanId],
        );
        assert.deepEqual([producer?.name, consumer?.name], ['publish orders:{}', 'process orders:{}']);
        for (const span of [producer, consumer]) assert.equal(span?.attributes['messaging.message.body.size'], 6);
        assert.equal(String(producer?.attributes['db.query.text']).toUpperCase(), 'PUBLISH ORDERS:1 ?');
      });

      it('gives no message the baggage of the connecting code', async () => {
        const heard: unknown[] = [];
        const baggage = propagation.createBaggage({ tenant: { value: 'another' } });
        const other = await context.with(propagation.setBaggage(context.active(), baggage), () => peer(version, server));
        await other.subscribe('orders:1', (message) => heard.push([message, propagation.getActiveBaggage()?.getEntry('tenant')?.value]));
        await inSpan(() => publisher.publish('orders:1', 'hello'));
        await until(() => heard.length === 1);
        assert.deepEqual(heard, [['hello', undefined]]);
        await other.end();
      });

      it('returns bytes unchanged', async () => {
        const heard: unknown[] = [];
        const bytes = Buffer.from([0, 255, 10, 13, 195, 40]);
        await subscriber.subscribe('orders:1', (message) => heard.push(message), true);
        await publisher.publish('orders:1', bytes);
        await publisher.publish('orders:1', Buffer.alloc(0));
        await until(() => heard.length === 2);
        assert.deepEqual(heard, [bytes, Buffer.alloc(0)]);
      });

      it('changes no other channel, and does nothing after disable()', async () => {
        const tap = await wiretap(server, '*');
        await inSpan(() => publisher.publish('news', 'plain'));
        await inSpan(() => publisher.publish('orders:1', 'wrapped'));
        instrumentation.disable();
        await inSpan(() => publisher.publish('orders:1', 'bare'));
        await until(() => tap.text().includes('bare'));
        const bodies = [...tap.text().matchAll(/pmessage\r\n\$1\r\n\*\r\n\$\d+\r\n\S+\r\n\$\d+\r\n(.*)\r\n/g)].map(([, body]) => body);
        assert.deepEqual([bodies[0], bodies[2]], ['plain', 'bare']);
        assert.match(bodies[1] ?? '', /^otel-redis\/1 \d+ \{"traceparent":"00-\w{32}-\w{16}-01"\}wrapped$/);
        tap.end();
      });

      it('delivers messages of others unchanged, in a root span', async () => {
        const heard: unknown[] = [];
        await subscriber.subscribe('orders:1', (message) => heard.push(message));
        const foreign = ['hello', 'otel-redis/1 99 {"traceparent":"x"}', 'otel-redis/1 2 {}'.slice(0, -1), '{"traceparent":1}'];
        for (const message of foreign) await server.request('PUBLISH', 'orders:1', message);
        await until(() => heard.length === foreign.length);
        assert.deepEqual(heard, foreign);
        assert.deepEqual(
          ofKind(SpanKind.CONSUMER).map(({ parentSpanContext, links }) => [parentSpanContext, links]),
          foreign.map(() => [undefined, []]),
        );
      });

      it('removes the envelope even if the propagator throws', async () => {
        const heard: unknown[] = [];
        await subscriber.subscribe('orders:1', (message) => heard.push(message));
        const extract = sinon.stub(propagation, 'extract').throws(new Error('hunter2'));
        try {
          await publisher.publish('orders:1', 'hello');
          await until(() => heard.length === 1);
        } finally {
          extract.restore();
        }
        assert.deepEqual(heard, ['hello']);
        assert.deepEqual(
          ofKind(SpanKind.CONSUMER).map(({ name, links }) => [name, links]),
          [['process orders:{}', []]],
        );
        // Said once in a process.
        assert.ok(!diagnostics.splice(0).join().includes('hunter2'));
      });

      it('removes the envelope even without a span', async () => {
        resetTracing({ ...OPTIONS, consumerSpans: false });
        const heard: unknown[] = [];
        await subscriber.subscribe('orders:1', (message) => heard.push([message, trace.getActiveSpan()?.spanContext().spanId]));
        await publisher.publish('orders:1', 'hello');
        await until(() => heard.length === 1);
        assert.deepEqual(heard, [['hello', ofKind(SpanKind.PRODUCER)[0]?.spanContext().spanId]]);
      });

      it('carries the decision of an unsampled caller', async () => {
        const heard: unknown[] = [];
        await subscriber.subscribe('orders:1', (message) => heard.push([message, trace.getActiveSpan()?.spanContext().traceId]));
        const traceId = 'a'.repeat(32);
        const unsampled = trace.wrapSpanContext({ traceId, spanId: 'b'.repeat(16), traceFlags: TraceFlags.NONE });
        await context.with(trace.setSpan(context.active(), unsampled), () => publisher.publish('orders:1', 'hello'));
        await until(() => heard.length === 1);
        assert.deepEqual(heard, [['hello', traceId]]);
        assert.deepEqual(redisSpans(), []);
      });
    });
  }

  for (const version of [...VERSIONS.filter((one) => one !== '4.0'), ...IOREDIS_CORE]) {
    it(`carries context in batches of ${titleOf(version)}, and does not change the application's lists`, async () => {
      const [publisher, subscriber] = [await connect(loadRedis(version), server), await connect(loadRedis(version), server)];
      const heard: string[] = [];
      await subscriber.subscribe('orders:1', (message: string) => heard.push(message));
      const raw = ['PUBLISH', 'orders:1', 'raw'];
      await publisher.sendCommand(raw);
      assert.deepEqual(raw, ['PUBLISH', 'orders:1', 'raw']);
      await publisher.multi().set('k', 'v').publish('orders:1', 'multi').exec();
      await publisher.multi().publish('orders:1', 'one').exec();
      await (publisher.multi().publish('orders:1', 'pipeline').get('k').execAsPipeline?.() ??
        publisher.multi().publish('orders:1', 'pipeline').get('k').exec(true));
      await until(() => heard.length === 4);
      assert.deepEqual(heard, ['raw', 'multi', 'one', 'pipeline']);
      const parents = ofKind(SpanKind.CONSUMER).map(({ parentSpanContext }) => {
        const { name, kind } = redisSpans().find((span) => span.spanContext().spanId === parentSpanContext?.spanId) ?? assert.fail();
        return `${SpanKind[kind]} ${name}`;
      });
      const at = `${server.host}:${server.port}`;
      assert.deepEqual(parents, [
        'PRODUCER publish orders:{}',
        `CLIENT MULTI ${at}`,
        'PRODUCER publish orders:{}',
        `CLIENT PIPELINE ${at}`,
      ]);
      await end(subscriber);
      await end(publisher);
      assertQuiet();
    });
  }

  for (const version of LEGACY_VERSIONS) {
    it(`carries context in batches of redis ${version}, and does not change the application's lists`, async () => {
      const redis = createRequire(`${folderOf(version)}/package.json`)('redis');
      const [publisher, subscriber] = [await connect(loadRedis('6.3'), server), redis.createClient(server.port, server.host)].reverse();
      const heard: string[] = [];
      await subscriber.subscribe('orders:1', (message: string) => heard.push(message));
      const list = ['orders:1', 'pipeline'];
      const done = (batch: Client): Promise<unknown> =>
        new Promise((resolve) => batch.exec((_: unknown, replies: unknown) => resolve(replies)));
      const replies = [
        await done(publisher.multi().set('k', 'v').publish('orders:1', 'multi')),
        await done(publisher.multi().publish('orders:1', 'one')),
        await done(publisher.batch().publish(list).get('k')),
      ];
      const twice = publisher.multi().publish('orders:1', 'twice');
      for (let times = 0; times < 2; times++) twice.exec();
      // A subscriber may have a message before its sender has the reply, which ends the sender's span.
      const ids = () => redisSpans().map((span) => span.spanContext().spanId);
      const haveEnded = () => ofKind(SpanKind.CONSUMER).every((one) => ids().includes(one.parentSpanContext?.spanId ?? ''));
      await until(() => heard.length === 5 && haveEnded());
      assert.deepEqual(heard, ['multi', 'one', 'pipeline', 'twice', 'twice']);
      assert.deepEqual(
        [replies, list],
        [
          [['OK', 1], [1], [1, 'v']],
          ['orders:1', 'pipeline'],
        ],
      );
      const parents = ofKind(SpanKind.CONSUMER).map(({ parentSpanContext }) => {
        const { name, kind } = redisSpans().find((span) => span.spanContext().spanId === parentSpanContext?.spanId) ?? assert.fail();
        return `${SpanKind[kind]} ${name}`;
      });
      const at = `${server.host}:${server.port}`;
      assert.deepEqual(parents.slice(0, 3), [`CLIENT MULTI ${at}`, 'PRODUCER publish orders:{}', `CLIENT PIPELINE ${at}`]);
      await end(subscriber);
      publisher.end(false);
      assertQuiet();
    });
  }

  it('only links, if another span is active', async () => {
    const publisher = await connect(loadRedis('6.3'), server);
    const heard: string[] = [];
    const busy = tracer.startSpan('job');
    const subscriber = await context.with(trace.setSpan(context.active(), busy), () => connect(loadRedis('6.3'), server));
    await subscriber.subscribe('orders:1', (message: string) => heard.push(message));
    await publisher.publish('orders:1', 'hello');
    await until(() => heard.length === 1);
    const [consumer] = ofKind(SpanKind.CONSUMER);
    assert.equal(consumer?.parentSpanContext, undefined);
    assert.deepEqual(
      consumer?.links.map(({ context: to }) => to.spanId),
      [ofKind(SpanKind.PRODUCER)[0]?.spanContext().spanId],
    );
    busy.end();
    await end(subscriber);
    await end(publisher);
    assertQuiet();
  });

  it('ends the span of a message that could not be sent, with its error', async () => {
    const publisher = await connect(loadRedis('6.3'), server);
    await end(publisher);
    await assert.rejects(publisher.publish('orders:1', 'hello'));
    const [producer] = ofKind(SpanKind.PRODUCER);
    assert.equal(producer?.attributes['error.type'], 'ClientClosedError');
    assertQuiet();
  });
});
