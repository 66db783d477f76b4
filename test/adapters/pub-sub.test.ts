import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { type Attributes, context, createContextKey, SpanKind, trace } from '@opentelemetry/api';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { assertQuiet, inSpan, instrumentation, recorded, redisSpans, resetTracing } from '../support/tracing';
import {
  type Client,
  connect,
  VERSIONS as EVERY_VERSION,
  end,
  IOREDIS_CORE,
  loadRedis,
  major,
  titleOf,
  type Version,
} from '../support/versions';
import { type Held, held, settled, until } from '../support/waiting';

/** One subscriber, one publisher, and what the application heard. */
interface Stage {
  readonly subscriber: Client;
  readonly publisher: Client;
  readonly heard: string[];
}

interface Scenario {
  readonly title: string;
  on?(version: Version): boolean;
  run(stage: Stage): Promise<unknown>;
  /** The consumers' spans, in the order in which they began. */
  readonly spans: readonly { name: string; attributes: Attributes; error?: string }[];
}

/** A span of a consumer, without its server. */
function processed(channel: string, size: number, more: Attributes = {}, name = `process ${channel}`) {
  const attributes: Attributes = {
    'messaging.system.name': 'redis',
    'messaging.operation.type': 'process',
    'messaging.operation.name': 'process',
    'messaging.destination.name': channel,
    'messaging.message.body.size': size,
    ...more,
  };
  return { name, attributes };
}

/** Before 4.6 listeners are out of reach. */
const VERSIONS: readonly Version[] = [...EVERY_VERSION.filter((version) => version !== '4.0'), ...IOREDIS_CORE, 'iovalkey-0.4'];
const failing = (type: string, span: { name: string; attributes: Attributes }) => ({
  name: span.name,
  attributes: { ...span.attributes, 'error.type': type },
  error: type,
});

/** Waits until so many things were heard. */
const hear = (heard: readonly string[], count: number): Promise<void> => until(() => heard.length >= count, `${count} things heard`);

const show = (value: unknown): string => (Buffer.isBuffer(value) ? `<${value.toString('hex')}>` : String(value));

/** A listener that writes down whom it was called for, with what, and how. */
const noting =
  (heard: string[], who: string) =>
  (...args: unknown[]): void => {
    heard.push(`${who} ${args.map(show).join(' ')}`);
  };

const SCENARIOS: readonly Scenario[] = [
  {
    title: 'a channel',
    run: async ({ subscriber, publisher, heard }) => {
      await subscriber.subscribe('news', noting(heard, 'a'));
      await publisher.publish('news', 'hellö');
      await publisher.publish('elsewhere', 'x');
      await publisher.publish('news', '');
      await hear(heard, 2);
    },
    spans: [processed('news', 6), processed('news', 0)],
  },
  {
    title: 'several channels of one call, named by their family',
    run: async ({ subscriber, publisher, heard }) => {
      await subscriber.subscribe(['user:17:cart', 'user:18:cart'], noting(heard, 'a'));
      await publisher.publish('user:17:cart', '1');
      await publisher.publish('user:18:cart', '22');
      await hear(heard, 2);
    },
    spans: [processed('user:17:cart', 1, {}, 'process user:{}:cart'), processed('user:18:cart', 2, {}, 'process user:{}:cart')],
  },
  {
    title: 'a pattern, and a channel that it matches: two deliveries',
    run: async ({ subscriber, publisher, heard }) => {
      await subscriber.pSubscribe('or?er:*', noting(heard, 'pattern'));
      await subscriber.subscribe('order:new', noting(heard, 'name'));
      await publisher.publish('order:new', 'abc');
      await hear(heard, 2);
    },
    spans: [processed('order:new', 3), processed('order:new', 3, { 'messaging.destination.template': 'or?er:*' })],
  },
  {
    title: 'one listener of two patterns: the template is the pattern that matched',
    run: async ({ subscriber, publisher, heard }) => {
      await subscriber.pSubscribe(['a:*', 'b:*'], noting(heard, 'both'));
      await publisher.publish('b:x', '1');
      await hear(heard, 1);
    },
    spans: [processed('b:x', 1, { 'messaging.destination.template': 'b:*' })],
  },
  {
    title: 'a sharded channel',
    on: (version) => version !== 'ioredis-4.28',
    run: async ({ subscriber, publisher, heard }) => {
      await subscriber.sSubscribe('shard', noting(heard, 'a'));
      await publisher.sendCommand(['SPUBLISH', 'shard', 'abc']);
      await hear(heard, 1);
    },
    spans: [processed('shard', 3)],
  },
  {
    title: 'bytes, beside text, in one delivery',
    run: async ({ subscriber, publisher, heard }) => {
      await subscriber.subscribe('news', noting(heard, 'text'));
      await subscriber.subscribe('news', noting(heard, 'bytes'), true);
      await publisher.publish('news', 'a€');
      await hear(heard, 2);
    },
    spans: [processed('news', 4)],
  },
  {
    title: 'several listeners, of which one is subscribed twice, in one delivery for each message',
    run: async ({ subscriber, publisher, heard }) => {
      const twice = noting(heard, 'twice');
      await subscriber.subscribe('news', twice);
      await subscriber.subscribe('news', twice);
      await subscriber.subscribe('news', noting(heard, 'other'));
      await Promise.all([publisher.publish('news', '1'), publisher.publish('news', '1'), publisher.publish('news', '22')]);
      await hear(heard, 6);
    },
    spans: [processed('news', 1), processed('news', 1), processed('news', 2)],
  },
  {
    title: 'unsubscribing one listener by its own function, then all',
    run: async ({ subscriber, publisher, heard }) => {
      const [one, other] = [noting(heard, 'one'), noting(heard, 'other')];
      await subscriber.subscribe('news', one);
      await subscriber.subscribe('news', other);
      await subscriber.unsubscribe('news', one);
      await publisher.publish('news', 'a');
      await hear(heard, 1);
      await subscriber.unsubscribe('news', other);
      heard.push(`${await publisher.publish('news', 'b')} subscribers`);
      await subscriber.pSubscribe('n*', one);
      await subscriber.pUnsubscribe('n*', one);
      heard.push(`${await publisher.publish('news', 'c')} subscribers`);
    },
    spans: [processed('news', 1)],
  },
  {
    title: 'a listener that unsubscribes itself while it is called',
    run: async ({ subscriber, publisher, heard }) => {
      const once = async (message: string): Promise<void> => {
        heard.push(`once ${message}`);
        await subscriber.unsubscribe('news', once);
      };
      await subscriber.subscribe('news', once);
      await subscriber.subscribe('news', noting(heard, 'always'));
      await publisher.publish('news', 'a');
      await hear(heard, 2);
      await publisher.publish('news', 'b');
      await hear(heard, 3);
    },
    spans: [processed('news', 1), processed('news', 1)],
  },
  {
    title: 'a listener that throws',
    run: async ({ subscriber, publisher, heard }) => {
      await subscriber.subscribe('news', () => {
        heard.push('thrown');
        throw new RangeError('ORDER secret');
      });
      await subscriber.subscribe('news', noting(heard, 'behind it'));
      await publisher.publish('news', 'a');
      await hear(heard, 2);
    },
    spans: [failing('RangeError', processed('news', 1))],
  },
  {
    title: 'an async listener that rejects: one unhandled rejection, with the reason',
    run: async ({ subscriber, publisher, heard }) => {
      await subscriber.subscribe('news', async () => {
        await turn();
        heard.push('rejecting');
        throw Object.assign(new Error('no'), { code: 'ORDER_17' });
      });
      await publisher.publish('news', 'a');
      await hear(heard, 2);
    },
    spans: [failing('Error', processed('news', 1))],
  },
  {
    title: 'a promise that the application handles elsewhere: no unhandled rejection',
    run: async ({ subscriber, publisher, heard }) => {
      const work = async (): Promise<void> => {
        await turn();
        throw new Error('handled');
      };
      await subscriber.subscribe('news', () => {
        const promise = work();
        promise.catch((error: Error) => heard.push(error.message));
        return promise;
      });
      await publisher.publish('news', 'a');
      await hear(heard, 1);
    },
    spans: [processed('news', 1)],
  },
  {
    title: 'a listener that is not a function',
    run: async ({ subscriber, publisher, heard }) => {
      await subscriber.subscribe('news', 'nonsense');
      await publisher.publish('news', 'a');
      await hear(heard, 1);
    },
    spans: [failing('TypeError', processed('news', 1))],
  },
];

/** What the process and the client would say of errors. */
function listenForErrors(client: Client, heard: string[]): () => void {
  client.on('error', (error: Error) => heard.push(`error ${error.name} ${error.message}`));
  const names = ['uncaughtException', 'unhandledRejection'] as const;
  const silenced = names.map((name) => process.listeners(name as 'uncaughtException'));
  for (const name of names) {
    process.removeAllListeners(name);
    process.on(name as 'uncaughtException', (error: Error) => heard.push(`${name} ${error.name} ${error.message}`));
  }
  return () => {
    names.forEach((name, index) => {
      process.removeAllListeners(name);
      for (const listener of silenced[index] ?? []) process.on(name as 'uncaughtException', listener);
    });
  };
}

async function observe(scenario: Scenario, version: Version, server: RedisServer): Promise<readonly string[]> {
  const heard: string[] = [];
  const publisher = await connect(loadRedis(version), server);
  // Whoever connects must not be the parent of what is delivered.
  const subscriber = await inSpan(() => connect(loadRedis(version), server));
  const restore = listenForErrors(subscriber, heard);
  try {
    await scenario.run({ subscriber, publisher, heard });
    await settled(server);
  } finally {
    restore();
    await end(subscriber);
    await end(publisher);
  }
  return heard;
}

const consumers = () => redisSpans().filter(({ kind }) => kind === SpanKind.CONSUMER);

describe('subscribers', () => {
  let server: RedisServer;
  before(async () => {
    server = await startStandalone();
  });
  after(() => server.stop());
  beforeEach(() => resetTracing());
  afterEach(() => instrumentation.enable());

  for (const version of VERSIONS) {
    describe(`of ${titleOf(version)}`, () => {
      for (const scenario of SCENARIOS.filter(({ on }) => on?.(version) ?? true)) {
        it(scenario.title, async () => {
          instrumentation.disable();
          const control = await observe(scenario, version, server);
          assert.deepEqual(redisSpans(), [], 'a disabled instrumentation made spans');
          instrumentation.enable();
          assert.deepEqual(await observe(scenario, version, server), control, 'the application sees a difference');
          const spans = consumers().sort((one, other) => compareTimes(one.startTime, other.startTime));
          const at = { 'server.address': server.host, 'server.port': server.port };
          assert.deepEqual(
            spans.map(recorded),
            scenario.spans.map(({ attributes, ...span }) => ({ ...span, kind: 'CONSUMER', attributes: { ...attributes, ...at } })),
          );
          assert.ok(
            spans.every(({ parentSpanContext }) => parentSpanContext === undefined),
            'a span is not a root',
          );
          assertQuiet();
        });
      }

      it('ends the span when the promises of its async listeners settle', async () => {
        const { subscriber, publisher, heard } = await stage(version);
        const [first, second] = [held(), held()];
        const bound = async function (this: Held): Promise<void> {
          heard.push('called');
          await this.done;
          heard.push('settled');
        };
        await subscriber.subscribe('news', bound.bind(first));
        await subscriber.subscribe('news', bound.bind(second), true);
        await publisher.publish('news', 'a');
        await hear(heard, 2);
        first.release();
        await hear(heard, 3);
        assert.deepEqual(consumers(), []);
        second.release();
        await hear(heard, 4);
        assert.equal(consumers().length, 1);
        await close(subscriber, publisher);
      });

      for (const consumerSpans of [true, false]) {
        it(`runs listeners without the span of the connecting code, other context kept, ${consumerSpans ? 'with' : 'without'} spans of ours`, async () => {
          resetTracing({ consumerSpans });
          const key = createContextKey('tenant');
          const active: unknown[] = [];
          const heard: string[] = [];
          const publisher = await connect(loadRedis(version), server);
          const subscriber = await inSpan(() =>
            context.with(context.active().setValue(key, 'acme'), async () => {
              const client = await connect(loadRedis(version), server);
              await client.subscribe('news', () => {
                active.push([trace.getActiveSpan()?.spanContext().spanId, context.active().getValue(key)]);
                heard.push('news');
              });
              return client;
            }),
          );
          await publisher.publish('news', 'a');
          await hear(heard, 1);
          const [span] = consumers();
          assert.equal(span !== undefined, consumerSpans);
          assert.deepEqual(active, [[span?.spanContext().spanId, 'acme']]);
          await close(subscriber, publisher);
        });
      }

      it('makes the work of listeners a part of the message', async () => {
        const { subscriber, publisher, heard } = await stage(version);
        await subscriber.subscribe('news', async (message: string) => {
          await publisher.get(`k:${message}`);
          heard.push('done');
        });
        await publisher.publish('news', 'a');
        await hear(heard, 1);
        const [consumer] = consumers();
        const get = redisSpans().find(({ attributes }) => String(attributes['db.operation.name']).toUpperCase() === 'GET');
        assert.equal(get?.parentSpanContext?.spanId, consumer?.spanContext().spanId);
        await close(subscriber, publisher);
      });

      it('lets the application unsubscribe its own function, whenever it was subscribed', async () => {
        const { subscriber, publisher, heard } = await stage(version);
        const [before, during] = [async () => heard.push('before'), async () => heard.push('during')];
        instrumentation.disable();
        await subscriber.subscribe('early', before);
        instrumentation.enable();
        await subscriber.subscribe('late', during);
        await publisher.publish('early', 'a');
        await publisher.publish('late', 'a');
        await hear(heard, 2);
        await subscriber.unsubscribe('early', before);
        instrumentation.disable();
        await subscriber.unsubscribe('late', during);
        assert.equal((await publisher.publish('early', 'b')) + (await publisher.publish('late', 'b')), 0);
        assert.deepEqual(heard, ['before', 'during']);
        await close(subscriber, publisher);
      });
    });
  }

  async function stage(version: Version): Promise<Stage> {
    const redis = loadRedis(version);
    return { subscriber: await connect(redis, server), publisher: await connect(redis, server), heard: [] };
  }

  async function close(...clients: Client[]): Promise<void> {
    for (const client of clients) await end(client);
    assertQuiet();
  }

  for (const version of VERSIONS) {
    it(`lets ${titleOf(version)} unsubscribe a function from text and from bytes, each by itself`, async () => {
      const heard: string[] = [];
      const listener = noting(heard, 'a');
      const redis = loadRedis(version);
      const [subscriber, publisher] = [await connect(redis, server), await connect(redis, server)];
      await subscriber.subscribe('c', listener);
      await subscriber.subscribe('c', listener, true);
      await subscriber.subscribe('c', noting(heard, 'last'));
      for (const [asBytes, expected] of [
        [undefined, 3],
        [false, 2],
        [true, 1],
      ] as const) {
        if (asBytes !== undefined) await subscriber.unsubscribe('c', listener, asBytes);
        heard.length = 0;
        await publisher.publish('c', 'm');
        await until(() => heard.includes('last m c'));
        assert.equal(heard.length, expected, String(heard));
      }
      await end(subscriber);
      await end(publisher);
    });
  }

  it('makes no span for server messages about changed keys', async () => {
    for (const version of VERSIONS) {
      const publisher = await connect(loadRedis(version), server);
      const heard: string[] = [];
      // RESP2 tells a subscriber of another connection's keys.
      const subscriber = await connect(loadRedis(version), server, { RESP: 2 });
      await subscriber.subscribe('__redis__:invalidate', noting(heard, 'changed'));
      const clients = String(await publisher.sendCommand(['CLIENT', 'LIST', 'TYPE', 'PUBSUB']));
      await publisher.sendCommand(['CLIENT', 'TRACKING', 'ON', 'REDIRECT', /\bid=(\d+)/.exec(clients)?.[1] ?? '']);
      await publisher.get('k');
      await publisher.set('k', 'v');
      await hear(heard, 1);
      assert.deepEqual([heard.length, consumers()], [1, []], version);
      await close(subscriber, publisher);
    }
  });

  it('makes no span for subscriptions of a sentinel client itself, and runs them without a span', async () => {
    for (const version of VERSIONS.filter((one) => major(one) >= 5)) {
      const publisher = await connect(loadRedis(version), server);
      const subscriber = await inSpan(() => connect(loadRedis(version), server));
      const heard: string[] = [];
      const control = ['switch-master', '[-+]sdown', '+slave', '+sentinel', '[-+]odown', '+slave-reconf-done'];
      await subscriber.pSubscribe(control, () => heard.push(String(trace.getActiveSpan())), true);
      await publisher.publish('+sdown', 'x');
      await hear(heard, 1);
      assert.deepEqual([heard, consumers()], [['undefined'], []], version);
      await close(subscriber, publisher);
    }
  });
});

function compareTimes([s1, ns1]: readonly [number, number], [s2, ns2]: readonly [number, number]): number {
  return s1 - s2 || ns1 - ns2;
}
