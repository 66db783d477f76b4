import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { inspect } from 'node:util';
import { context, SpanKind, TraceFlags, trace } from '@opentelemetry/api';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { assertQuiet, inSpan, instrumentation, redisSpans, resetTracing } from '../support/tracing';
import {
  type Client,
  connect,
  end,
  folderOf,
  IOREDIS_CORE,
  LEGACY_VERSIONS,
  loadRedis,
  major,
  VERSIONS,
  type Version,
} from '../support/versions';

const OPTIONS = { propagateStreams: ['orders:*'] };
const FIELD = 'otel-redis/1';

/** A client as an application has it: the version, and the protocol where it can choose. */
interface Kind {
  readonly title: string;
  readonly version: Version;
  readonly options: object;
}

const KINDS: readonly Kind[] = [
  ...[...LEGACY_VERSIONS, ...VERSIONS, ...IOREDIS_CORE]
    .filter((version) => version !== '6.3')
    .map((version) => ({ title: version, version, options: {} })),
  { title: '6.3, RESP 3', version: '6.3', options: { RESP: 3 } },
  { title: '6.3, RESP 2', version: '6.3', options: { RESP: 2 } },
];

const BLOB_STRING = 36;
const MAP = 37;

/** Bytes in place of text, as the version gives them. */
function bytes({ version }: Kind, client: Client): Client {
  return (
    client.withTypeMapping?.({ [BLOB_STRING]: Buffer }) ?? asBuffers(client, loadRedis(version).commandOptions?.({ returnBuffers: true }))
  );
}

function asBuffers(client: Client, options: unknown): Client {
  return new Proxy(client, {
    get:
      (target, name) =>
      (...args: unknown[]) =>
        target[name](options, ...args),
  });
}

const fromV4 = ({ version }: Kind): boolean => major(version) >= 4;
const fromV5 = ({ version }: Kind): boolean => major(version) >= 5;

async function addThree(client: Client): Promise<void> {
  await client.xAdd('orders:1', '1-1', { item: 'tea', note: 'ü ☕' });
  await client.xAdd('orders:1', '2-1', { item: 'milk' });
  await client.xAdd('plain', '1-1', { item: 'salt' });
}

async function readByGroup(client: Client): Promise<unknown[]> {
  await addThree(client);
  await client.sendCommand(['XGROUP', 'CREATE', 'orders:1', 'shop', '0']);
  return [await client.xReadGroup('shop', 'ann', { key: 'orders:1', id: '>' }, { COUNT: 5 })];
}

interface Scenario {
  readonly title: string;
  on?(kind: Kind): boolean;
  /** Nothing is in the stream afterwards. */
  readonly addsNothing?: true;
  run(client: Client, kind: Kind): Promise<unknown>;
}

/** What applications do with streams. Ids are given, for two runs to be comparable. */
const SCENARIOS: readonly Scenario[] = [
  {
    title: 'adds with every option',
    run: async (client) => [
      await client.xAdd('orders:1', '1-1', { a: '1' }),
      await client.xAdd('orders:1', '2-*', { a: '1', b: '' }, { TRIM: { strategy: 'MAXLEN', strategyModifier: '=', threshold: 1 } }),
      await client.xAdd('orders:1', '3-1', { a: '1' }, { TRIM: { strategy: 'MINID', strategyModifier: '~', threshold: 2, limit: 10 } }),
      await client.sendCommand(['XADD', 'orders:9', 'NOMKSTREAM', '4-1', 'a', '1']),
      await client.sendCommand(['xadd', 'orders:1', 'maxlen', '~', '1000', 'limit', '50', '5-1', 'maxlen', '1']),
      await client.xLen('orders:1'),
      await client.xRange('orders:1', '-', '+'),
    ],
  },
  {
    title: 'is refused as without us',
    addsNothing: true,
    run: (client) =>
      Promise.all(
        [
          ['XADD', 'orders:1', '*'],
          ['XADD', 'orders:1', '*', 'a'],
          ['XADD', 'orders:1', 'a', '1'],
          ['XADD', 'orders:1', '0-0', 'a', '1'],
          ['XADD', 'orders:1', 'MAXLEN', 'x', '*', 'a', '1'],
          ['XADD', 'orders:1'],
          ['XREADGROUP', 'GROUP', 'none', 'ann', 'STREAMS', 'orders:1', '>'],
          ['XREAD', 'STREAMS', 'orders:1'],
          ['XRANGE', 'orders:1'],
        ].map((args) => client.sendCommand(args).catch((error: Error) => error.message)),
      ),
  },
  {
    title: 'reads ranges',
    run: async (client) => {
      await addThree(client);
      return [
        await client.xRange('orders:1', '-', '+'),
        await client.xRange('orders:1', '-', '+', { COUNT: 1 }),
        await client.xRevRange('orders:1', '+', '-'),
        await client.xRange('plain', '-', '+'),
        await client.xRange('orders:none', '-', '+'),
        await client.sendCommand(['xrange', 'orders:1', '-', '+']),
        await client.sendCommand(['XINFO', 'STREAM', 'orders:1']),
        await client.sendCommand(['XINFO', 'STREAM', 'orders:1', 'FULL']),
      ];
    },
  },
  {
    title: 'reads one stream, several, and none',
    run: async (client) => {
      await addThree(client);
      return [
        await client.xRead({ key: 'orders:1', id: '0' }),
        await client.xRead([
          { key: 'plain', id: '0' },
          { key: 'orders:1', id: '1-1' },
        ]),
        await client.xRead({ key: 'plain', id: '0' }, { COUNT: 1 }),
        await client.xRead({ key: 'orders:1', id: '9' }),
        await client.xRead({ key: 'orders:1', id: '9' }, { BLOCK: 1 }),
        await client.sendCommand(['XREAD', 'STREAMS', 'orders:1', '0']),
      ];
    },
  },
  {
    title: 'reads for a group, its history and what was deleted',
    run: async (client) => {
      const first = await readByGroup(client);
      await client.xDel('orders:1', '1-1');
      return [
        first,
        await client.xReadGroup('shop', 'ann', { key: 'orders:1', id: '>' }),
        await client.sendCommand(['XREADGROUP', 'GROUP', 'shop', 'ann', 'STREAMS', 'orders:1', '0']),
        await client.xAck('orders:1', 'shop', ['1-1', '2-1']),
      ];
    },
  },
  {
    title: 'claims',
    run: async (client) => {
      await readByGroup(client);
      return [
        await client.xClaim('orders:1', 'shop', 'bob', 0, ['1-1', '2-1']),
        await client.sendCommand(['XCLAIM', 'orders:1', 'shop', 'bob', '0', '1-1', 'JUSTID']),
        await client.sendCommand(['XAUTOCLAIM', 'orders:1', 'shop', 'cat', '0', '0', 'COUNT', '1']),
        await client.sendCommand(['XAUTOCLAIM', 'orders:1', 'shop', 'cat', '0', '0', 'JUSTID']),
      ];
    },
  },
  {
    title: 'claims what is idle',
    on: ({ version }) => major(version) >= 4,
    run: async (client) => {
      await readByGroup(client);
      return [await client.xAutoClaim('orders:1', 'shop', 'cat', 0, '0'), await client.xAutoClaimJustId('orders:1', 'shop', 'cat', 0, '0')];
    },
  },
  {
    title: 'adds and reads in a transaction',
    run: (client) =>
      client
        .multi()
        .xAdd('orders:1', '1-1', { item: 'tea' })
        .xAdd('plain', '1-1', { item: 'tea' })
        .xRange('orders:1', '-', '+')
        .xRead({ key: 'orders:1', id: '0' })
        .xRange('plain', '-', '+')
        .exec(),
  },
  {
    title: 'adds and reads in a transaction, of which a command fails',
    run: async (client) => {
      const failed = await client
        .multi()
        .xAdd('orders:1', '1-1', { item: 'tea' })
        .xAdd('orders:1', '1-1', { item: 'again' })
        .xRange('orders:1', '-', '+')
        .exec()
        .catch((error: Error & { replies?: unknown }) => [error.message, error.replies]);
      return [failed, await client.xRange('orders:1', '-', '+')];
    },
  },
  {
    title: 'adds and reads in a pipeline',
    run: (client) => {
      const pipeline = client
        .multi()
        .xAdd('orders:1', '1-1', { item: 'tea' })
        .xRange('orders:1', '-', '+')
        .xRead({ key: 'orders:1', id: '0' });
      return pipeline.execAsPipeline?.() ?? pipeline.exec(true);
    },
  },
  {
    title: 'adds and reads bytes',
    on: fromV4,
    run: async (client, kind) => {
      const body = Buffer.from([0, 255, 13, 10]);
      const binary = bytes(kind, client);
      await client.sendCommand(['XADD', Buffer.from('orders:1'), '1-1', Buffer.from('body'), body]);
      return [
        await binary.xRange('orders:1', '-', '+'),
        await binary.xRead({ key: 'orders:1', id: '0' }),
        await binary.xRead({ key: Buffer.from('orders:1'), id: '0' }),
      ];
    },
  },
  {
    title: 'reads entries as maps and as lists',
    on: fromV5,
    run: async (client) => {
      await addThree(client);
      const results: unknown[] = [];
      for (const type of [Map, Array, Object]) {
        const mapped = client.withTypeMapping({ [MAP]: type });
        results.push(await mapped.xRange('orders:1', '-', '+'), await mapped.xRead({ key: 'orders:1', id: '0' }));
        results.push(await mapped.sendCommand(['XREAD', 'STREAMS', 'orders:1', '0']), await mapped.xInfoStream('orders:1'));
      }
      return results;
    },
  },
  {
    title: 'waits for an entry',
    on: fromV4,
    run: async (client, { version }) => {
      const other = client.duplicate();
      other.on('error', () => {});
      await other.connect();
      try {
        const waiting = client.xRead({ key: 'orders:1', id: '$' }, { BLOCK: 5_000 });
        while (!(await other.sendCommand(['CLIENT', 'LIST'])).includes('cmd=xread')) await new Promise((resolve) => setImmediate(resolve));
        await other.xAdd('orders:1', '7-1', { item: 'late', version: String(version) });
        return await waiting;
      } finally {
        await end(other);
      }
    },
  },
];

const show = (value: unknown): string => inspect(value, { depth: 12, sorted: true, maxArrayLength: null });

describe('streams', () => {
  let server: RedisServer;
  before(async () => {
    server = await startStandalone();
  });
  after(() => server.stop());
  beforeEach(async () => {
    await server.request('FLUSHALL');
    resetTracing(OPTIONS);
  });
  afterEach(() => {
    instrumentation.enable();
    resetTracing();
  });

  /** The fields of a stream's entries, as any client sees them that knows nothing of us. */
  async function stored(stream: string): Promise<string[][]> {
    const reply = (await server.request('XRANGE', stream, '-', '+')) as [string, string[]][];
    return reply.map(([, fields]) => fields);
  }

  for (const kind of KINDS) {
    describe(`with redis ${kind.title}`, () => {
      let client: Client;
      beforeEach(async () => {
        client = await connect(loadRedis(kind.version), server, kind.options);
      });
      afterEach(async () => {
        await end(client);
        assertQuiet();
      });

      for (const { title, addsNothing, run } of SCENARIOS.filter((scenario) => scenario.on?.(kind) ?? true)) {
        it(`${title}: the application gets the same as without us`, async () => {
          instrumentation.disable();
          const control = show(await run(client, kind));
          await server.request('FLUSHALL');
          instrumentation.enable();
          assert.equal(show(await inSpan(() => run(client, kind))), control);
          const carrying = (await stored('orders:1')).filter((fields) => fields.includes(FIELD));
          assert.equal(carrying.length > 0, !addsNothing, 'no entry carried anything: the comparison proves nothing');
        });
      }

      it('adds the field as the last one, only to listed streams', async () => {
        await inSpan(async () => {
          await addThree(client);
          await client.multi().xAdd('orders:2', '1-1', { item: 'rice' }).xAdd('plain', '2-1', { item: 'oil' }).exec();
          const pipeline = client.multi().xAdd('orders:2', '2-1', { item: 'corn' });
          await (pipeline.execAsPipeline?.() ?? pipeline.exec(true));
        });
        const sent = [...(await stored('orders:1')), ...(await stored('orders:2'))];
        assert.deepEqual(
          sent.map((fields) => fields.slice(0, -2)),
          [
            ['item', 'tea', 'note', 'ü ☕'],
            ['item', 'milk'],
            ['item', 'rice'],
            ['item', 'corn'],
          ],
        );
        for (const fields of sent) {
          assert.equal(fields.at(-2), FIELD);
          assert.match(fields.at(-1) ?? '', /^\{"traceparent":"00-[0-9a-f]{32}-[0-9a-f]{16}-01"\}$/);
        }
        assert.deepEqual(await stored('plain'), [
          ['item', 'salt'],
          ['item', 'oil'],
        ]);
      });

      it('delivers entries without the field, or with a foreign one, unchanged', async () => {
        const foreign = [
          ['item', 'tea'],
          ['item', 'tea', FIELD, 'no JSON'],
          ['item', 'tea', FIELD, '[]'],
          ['item', 'tea', FIELD, '{"traceparent":1}'],
          [FIELD, '{"traceparent":"00-1"}', 'item', 'tea'],
          [FIELD, '{}'],
        ];
        for (const [index, fields] of foreign.entries()) await server.request('XADD', 'orders:1', `${index + 1}-1`, ...fields);
        const seen = await client.sendCommand(['XRANGE', 'orders:1', '-', '+']);
        assert.deepEqual(
          seen.map(([, fields]: [string, string[]]) => fields),
          foreign,
        );
        await client.xRead({ key: 'orders:1', id: '0' });
        assert.deepEqual(redisSpans().at(-1)?.links, []);
      });

      it('does nothing after disable()', async () => {
        await client.xAdd('orders:1', '1-1', { item: 'tea' });
        instrumentation.disable();
        await client.xAdd('orders:1', '2-1', { item: 'tea' });
        assert.deepEqual(
          (await stored('orders:1')).map((fields) => fields.length),
          [4, 2],
        );
        assert.equal((await client.sendCommand(['XRANGE', 'orders:1', '-', '+']))[0][1].length, 4);
      });
    });
  }

  for (const [version, options] of [
    ['3.1', { prefix: 'app:' }],
    ['6.3', { keyPrefix: 'app:' }],
  ] as const) {
    it(`removes the field from streams whose names redis ${version} prefixes`, async () => {
      resetTracing({ propagateStreams: [version === '3.1' ? 'orders:*' : 'app:orders:*'] });
      const client = await connect(loadRedis(version), server, options);
      await inSpan(() => client.xAdd('orders:1', '1-1', { item: 'tea' }));
      await client.xAdd('plain', '1-1', { item: 'tea' });
      assert.equal((await stored('app:orders:1'))[0]?.[2], FIELD);
      const read = await client.xRead([
        { key: 'orders:1', id: '0' },
        { key: 'plain', id: '0' },
      ]);
      assert.equal(show(read).includes(FIELD), false, show(read));
      assert.equal(redisSpans().at(-1)?.attributes['messaging.batch.message_count'], 1);
      await end(client);
      assertQuiet();
    });
  }

  for (const version of LEGACY_VERSIONS) {
    it(`removes the field before redis ${version} calls the callback of a command in a batch`, async () => {
      const client = createRequire(`${folderOf(version)}/package.json`)('redis').createClient(server.port, server.host);
      const heard: unknown[] = [];
      const note = (_: unknown, reply: unknown): number => heard.push(inspect(reply, { depth: 4 }));
      for (const kind of ['batch', 'multi']) {
        client.del('orders:1');
        await new Promise((resolve) =>
          client[kind]().xadd('orders:1', '1-1', 'a', '1').xrange('orders:1', '-', '+', note).get('k').exec(resolve),
        );
      }
      assert.deepEqual(heard, Array(2).fill("[ [ '1-1', [ 'a', '1' ] ] ]"));
      assert.equal((await stored('orders:1'))[0]?.length, 4);
      client.end(false);
      assertQuiet();
    });
  }

  it('carries the decision of an unsampled caller, and removes the field even without a span', async () => {
    const client = await connect(loadRedis('6.3'), server);
    const unsampled = trace.wrapSpanContext({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: TraceFlags.NONE });
    await context.with(trace.setSpan(context.active(), unsampled), async () => {
      await client.xAdd('orders:1', '1-1', { a: '1' });
      assert.deepEqual({ ...(await client.xRange('orders:1', '-', '+'))[0].message }, { a: '1' });
    });
    assert.deepEqual(redisSpans(), []);
    const [[, fields]] = (await server.request('XRANGE', 'orders:1', '-', '+')) as [[string, string[]]];
    assert.equal(fields.at(-1), `{"traceparent":"00-${'a'.repeat(32)}-${'b'.repeat(16)}-00"}`);
    await end(client);
    assertQuiet();
  });

  it('keeps the field out of the client-side cache', async () => {
    const options = { RESP: 3, clientSideCache: { ttl: 0, maxEntries: 10, evictPolicy: 'LRU' } };
    const client = await connect(loadRedis('5.12'), server, options);
    await inSpan(() => client.xAdd('orders:1', '1-1', { item: 'tea' }));
    const read = async (): Promise<string> => show(await client.xRange('orders:1', '-', '+'));
    const [first, second] = [await read(), await read()];
    assert.deepEqual([first.includes(FIELD), second], [false, first]);
    assert.equal(redisSpans().at(-1)?.attributes['db.redis.cache.local'], true);
    await end(client);
    assertQuiet();
  });

  it('is not looked for without a pattern', async () => {
    resetTracing();
    const client = await connect(loadRedis('6.3'), server);
    await inSpan(() => client.xAdd('orders:1', '1-1', { item: 'tea' }));
    assert.deepEqual(await stored('orders:1'), [['item', 'tea']]);
    const [span] = redisSpans();
    assert.deepEqual([span?.kind, span?.attributes['messaging.system.name']], [SpanKind.CLIENT, undefined]);
    await end(client);
  });
});
