import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { setImmediate as turn } from 'node:timers/promises';
import { SpanKind, trace } from '@opentelemetry/api';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { assertQuiet, inSpan, instrumentation, recorded, redisSpans, resetTracing } from '../support/tracing';
import { folderOf, LEGACY_VERSIONS } from '../support/versions';
import { held, settled } from '../support/waiting';

// biome-ignore lint/suspicious/noExplicitAny: two versions of one library, neither of which has types
type Client = any;

interface Scenario {
  readonly title: string;
  readonly options?: object;
  readonly pattern?: string;
  subscribe(client: Client, heard: string[]): void;
  readonly messages: readonly string[];
  readonly spans: readonly { more?: object; error?: string }[];
}

const show = (value: unknown): string => (Buffer.isBuffer(value) ? `<${value.toString('hex')}>` : String(value));
const noting =
  (heard: string[], who: string) =>
  (...args: unknown[]): void => {
    heard.push(`${who} ${args.map(show).join(' ')}`);
  };

const SCENARIOS: readonly Scenario[] = [
  {
    title: 'a channel, two listeners, one of them once',
    subscribe: (client, heard) => client.on('message', noting(heard, 'on')).once('message', noting(heard, 'once')),
    messages: ['a', 'bc'],
    spans: [{}, { more: { 'messaging.message.body.size': 2 } }],
  },
  {
    title: 'a pattern',
    pattern: 'n?ws',
    subscribe: (client, heard) => client.on('pmessage', noting(heard, 'on')),
    messages: ['a'],
    spans: [{ more: { 'messaging.destination.template': 'n?ws' } }],
  },
  {
    title: 'text, and bytes under both names, in one delivery',
    subscribe: (client, heard) => {
      for (const event of ['message', 'message_buffer', 'messageBuffer']) client.on(event, noting(heard, event));
    },
    messages: ['€'],
    spans: [{ more: { 'messaging.message.body.size': 3 } }],
  },
  {
    title: 'bytes for all replies',
    options: { return_buffers: true },
    subscribe: (client, heard) => client.on('message', noting(heard, 'on')),
    messages: ['a'],
    spans: [{}],
  },
  {
    title: 'async listeners, of which one unsubscribes and one is there once',
    subscribe: (client, heard) => {
      client.on('message', async (channel: string, message: string) => {
        await turn();
        heard.push(`slow ${message}`);
        if (message === 'b') client.unsubscribe(channel);
      });
      client.once('message', async (_channel: string, message: string) => heard.push(`once ${message}`));
      client.on('message', noting(heard, 'sync'));
    },
    messages: ['a', 'b'],
    spans: [{}, {}],
  },
  {
    title: 'a listener that throws',
    subscribe: (client, heard) => {
      client.on('message', () => {
        throw new RangeError('secret');
      });
      client.on('message', noting(heard, 'behind it'));
    },
    messages: ['a'],
    spans: [{ error: 'RangeError' }],
  },
  {
    title: 'an async listener that rejects',
    subscribe: (client) =>
      client.on('message', async () => {
        throw new RangeError('secret');
      }),
    messages: ['a'],
    spans: [{ error: 'RangeError' }],
  },
  { title: 'a channel without a listener', subscribe: () => {}, messages: ['a'], spans: [] },
];

const consumers = () => redisSpans().filter(({ kind }) => kind === SpanKind.CONSUMER);

function listenForErrors(heard: string[]): () => void {
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

describe('subscribers of the callback API', () => {
  let server: RedisServer;
  before(async () => {
    server = await startStandalone();
  });
  after(() => server.stop());
  beforeEach(() => resetTracing());
  afterEach(() => instrumentation.enable());

  async function observe(version: string, scenario: Scenario): Promise<readonly unknown[]> {
    const redis = createRequire(`${folderOf(version)}/package.json`)('redis');
    const heard: string[] = [];
    const client: Client = await inSpan(async () => redis.createClient({ host: server.host, port: server.port, ...scenario.options }));
    const restore = listenForErrors(heard);
    scenario.subscribe(client, heard);
    await new Promise((resolve) => (scenario.pattern ? client.psubscribe(scenario.pattern, resolve) : client.subscribe('news', resolve)));
    for (const message of scenario.messages) {
      await server.request('PUBLISH', 'news', message);
      await settled(server);
    }
    const names = Object.getOwnPropertyNames(client).sort();
    client.end(false);
    restore();
    return [heard, names];
  }

  for (const version of LEGACY_VERSIONS) {
    describe(`of redis ${version}`, () => {
      for (const scenario of SCENARIOS) {
        it(scenario.title, async () => {
          instrumentation.disable();
          const control = await observe(version, scenario);
          instrumentation.enable();
          assert.deepEqual(await observe(version, scenario), control, 'the application sees a difference');
          const expected = scenario.spans.map(({ more, error }) => ({
            name: 'process news',
            kind: 'CONSUMER',
            attributes: {
              'messaging.system.name': 'redis',
              'messaging.operation.type': 'process',
              'messaging.operation.name': 'process',
              'messaging.destination.name': 'news',
              'messaging.message.body.size': 1,
              'server.address': server.host,
              'server.port': server.port,
              ...more,
              ...(error === undefined ? {} : { 'error.type': error }),
            },
            ...(error === undefined ? {} : { error }),
          }));
          assert.deepEqual(consumers().map(recorded), expected);
          assert.ok(consumers().every(({ parentSpanContext }) => parentSpanContext === undefined));
          assertQuiet();
        });
      }

      it('runs listeners in the span of the message, until their promises settle; without spans of ours in none', async () => {
        for (const consumerSpans of [true, false]) {
          resetTracing({ consumerSpans });
          const active: unknown[] = [];
          const { done, release } = held();
          const subscribe = (client: Client): void =>
            client.on('message', async () => {
              await done;
              active.push(trace.getActiveSpan()?.spanContext().spanId);
            });
          await observe(version, { title: '', subscribe, messages: ['a'], spans: [] });
          assert.deepEqual(consumers(), []);
          release();
          await turn();
          const [span] = consumers();
          assert.deepEqual(active, [span?.spanContext().spanId]);
          assert.equal(span !== undefined, consumerSpans);
          assertQuiet();
        }
      });
    });
  }
});
