import assert from 'node:assert/strict';
import { channel } from 'node:diagnostics_channel';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { TestRealm } from '../support/realm';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { diagnostics, redisSpans, resetTracing } from '../support/tracing';
import { folderOf } from '../support/versions';

/** As in a test file: the SDK, the class, and only then the application, which loads redis. */
const TEST_FILE = `
const { InMemorySpanExporter, SimpleSpanProcessor } = requireOurs('@opentelemetry/sdk-trace-base');
const { NodeTracerProvider } = requireOurs('@opentelemetry/sdk-trace-node');
const { context, diag, ROOT_CONTEXT, trace } = requireOurs('@opentelemetry/api');
const exporter = new InMemorySpanExporter();
const messages = [];
const note = (...words) => messages.push(words.join(' '));
diag.setLogger({ error: note, warn: note, info() {}, debug() {}, verbose() {} });
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
const instrumentation = new RedisInstrumentation({ slowMs: false });

const { createClient } = requireApp('redis');
return (async () => {
  const client = createClient({ url });
  client.on('error', () => {});
  await client.connect();
  const parent = trace.getTracer('test').startSpan('request');
  await context.with(trace.setSpan(ROOT_CONTEXT, parent), async () => {
    await client.set('key', 'value');
    await client.multi().get('key').get('other').exec();
  });
  await (client.destroy ?? client.disconnect).call(client);
  const isChild = ({ parentSpanContext }) => parentSpanContext?.spanId === parent.spanContext().spanId;
  const spans = exporter.getFinishedSpans().map((span) => [span.name, span.attributes['db.query.text'], isChild(span)]);
  return JSON.stringify({ spans, messages });
})();
`;

/** What would outlive a realm. */
const CHANNELS = [
  'net.client.socket',
  'opentelemetry-instrumentation-redis:realm',
  'tracing:node-redis:connect:start',
  'tracing:node-redis:command:start',
];

function listeners(): number[] {
  return CHANNELS.map((name) => (channel(name) as unknown as { _subscribers?: unknown[] })._subscribers?.length ?? 0);
}

interface Seen {
  readonly spans: readonly (readonly [name: string, text: string, isChild: boolean])[];
  readonly messages: readonly string[];
}

describe('a realm of its own, as test runners make one for each file', () => {
  let server: RedisServer;
  before(async () => {
    server = await startStandalone();
  });
  after(() => server.stop());
  beforeEach(() => resetTracing());

  async function runFile(realm: TestRealm, version: string): Promise<Seen> {
    const seen = await (realm.run(TEST_FILE, {
      RedisInstrumentation: realm.ours.RedisInstrumentation,
      requireOurs: (id: string) => realm.require(id),
      requireApp: (id: string) => realm.require(id, join(folderOf(version), 'app.js')),
      url: server.url,
    }) as Promise<string>);
    return JSON.parse(seen) as Seen;
  }

  function expected(version: string): Seen {
    const isQueue = version.startsWith('4.');
    const where = isQueue ? '' : ` ${server.host}:${server.port}`;
    const missing =
      'opentelemetry-instrumentation-redis no hook sees modules in this test runner, so redis was patched at the first connection; ' +
      'clients of redis 4 that were created before do not show their server';
    return {
      spans: [
        [`SET${where}`, 'SET key ?', true],
        [`MULTI GET${where}`, 'GET key; GET other', true],
      ],
      messages: isQueue ? [missing] : [],
    };
  }

  it('is not recorded from the realm in which the process began, which reports it once', async () => {
    const realm = new TestRealm();
    await runFile(realm, '6.3');
    realm.end();
    assert.deepEqual(redisSpans(), []);
    const line =
      'opentelemetry-instrumentation-redis a client of redis connects in a realm of its own, as in jest, and is not recorded from here; ' +
      'see docs/testing.md of this package';
    assert.deepEqual(diagnostics, [line]);
  });

  for (const version of ['4.7', '5.0', '6.3']) {
    it(`records each command once, with its parent, on redis ${version}`, async () => {
      const realm = new TestRealm();
      assert.deepEqual(await runFile(realm, version), expected(version));
      realm.end();
    });
  }

  it('leaves nothing behind when it ends, and changes nothing then', async () => {
    const before = listeners();
    const realm = new TestRealm();
    await runFile(realm, '6.3');
    assert.notDeepEqual(listeners(), before);
    realm.end();
    assert.deepEqual(listeners(), before);
    assert.deepEqual(realm.touched, []);
  });

  it('ends when the next one begins, if nothing shows its end before', async () => {
    const realms = [new TestRealm(), new TestRealm(), new TestRealm()];
    const counts: number[][] = [];
    for (const realm of realms) {
      assert.deepEqual(await runFile(realm, '6.3'), expected('6.3'));
      counts.push(listeners());
    }
    assert.deepEqual(counts[1], counts[0]);
    assert.deepEqual(counts[2], counts[0]);
    for (const realm of realms) realm.end();
  });

  it('can be garbage-collected when it has ended', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const references: WeakRef<object>[] = [];
    for (let file = 0; file < 3; file += 1) {
      const realm = new TestRealm();
      await runFile(realm, '6.3');
      references.push(new WeakRef(realm.run('return globalThis') as object));
      realm.end();
    }
    // The last one may still be on a stack.
    const alive = (): number => references.slice(0, -1).filter((reference) => reference.deref() !== undefined).length;
    for (let tries = 0; tries < 100 && alive() > 0; tries += 1) {
      await setImmediate();
      collect();
    }
    assert.equal(alive(), 0);
  });
});
