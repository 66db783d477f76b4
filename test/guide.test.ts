// Plays every chapter of the guide to tracing Redis caches in plain node-redis, and compares all that is exported with
// what docs/guide.md shows. GUIDE_SHOWN=1 prints what is exported.
import assert from 'node:assert/strict';
import type { Attributes } from '@opentelemetry/api';
import { pages } from './docs/markdown';
import { Measuring } from './support/metrics';
import { type RedisServer, startStandalone } from './support/redis-server';
import { assertQuiet, inSpan, recorded, redisSpans, resetTracing } from './support/tracing';
import { type Client, connect, end, loadRedis } from './support/versions';

/** Deletes a lock if it is still the caller's. */
const RELEASE = `if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("del", KEYS[1]) else return 0 end`;
const LOCK_OPTIONS = { condition: 'NX', expiration: { type: 'EX', value: 30 } };

/** What took how long is not the same twice: that it is a number is all that is compared. */
const TIMES = /^(cache\.load\.duration_ms|db\.(duration_ms|redis\.(queue|wire|event_loop_delay)_ms))$/;

interface Chapter {
  readonly config?: object;
  /** Exported before it are spans that are not part of it. */
  readonly given?: readonly (readonly string[])[];
  run(client: Client, server: RedisServer): Promise<unknown>;
  /** Metrics are shown, and not spans. */
  readonly metrics?: readonly string[];
}

const CHAPTERS: Readonly<Record<string, Chapter>> = {
  'get-hit': { given: [['SET', 'user:123', 'John Doe']], run: (client) => client.get('user:123') },
  'get-miss': { run: (client) => client.get('user:123') },
  'get-error': { given: [['RPUSH', 'queue', 'x']], run: (client) => client.get('queue').catch(() => {}) },
  set: { run: (client) => client.set('user:123', 'John Doe') },
  setex: { run: (client) => client.setEx('session:abc', 3600, 'session_data') },
  del: { given: [['SET', 'user:123', 'John Doe']], run: (client) => client.del('user:123') },
  exists: { given: [['SET', 'user:123', 'John Doe']], run: (client) => client.exists('user:123') },
  pool: {
    metrics: ['redis.pool.connections.total', 'redis.pool.connections.active', 'redis.pool.connections.idle'],
    run: async (_client, server) => holdOne(server),
  },
  operations: {
    metrics: ['redis.operations.total'],
    run: async (client) => {
      await client.set('user:123', 'John Doe');
      for (let i = 0; i < 3; i++) await client.get('user:123');
    },
  },
  pipeline: { run: (client) => client.multi().set('user:1', 'a').get('user:1').get('user:2').execAsPipeline() },
  publish: { run: (client) => client.publish('orders', 'created') },
  message: {
    run: async (client, server) => {
      const subscriber = await client.duplicate().connect();
      const delivered = new Promise<void>((resolve) => {
        subscriber.subscribe('orders', () => resolve()).then(() => server.request('PUBLISH', 'orders', 'created'));
      });
      await delivered;
      await end(subscriber);
    },
  },
  'lock-acquired': { run: (client) => client.set('lock:order:1', 'token-a', LOCK_OPTIONS) },
  'lock-refused': {
    given: [['SET', 'lock:order:1', 'token-b']],
    run: (client) => client.set('lock:order:1', 'token-a', LOCK_OPTIONS),
  },
  'lock-released': {
    run: async (client) => {
      await client.set('lock:order:1', 'token-a', LOCK_OPTIONS);
      await client.eval(RELEASE, { keys: ['lock:order:1'], arguments: ['token-a'] });
    },
  },
  'get-or-load': {
    run: (client) =>
      inSpan(async () => {
        if ((await client.get('product:7')) === null) await client.setEx('product:7', 3600, 'loaded');
      }),
  },
  'cache-service': {
    run: async (client) => {
      await client.setEx('user:42', 60, '{"name":"Ann"}');
      await client.get('user:42');
    },
  },
  'hit-ratio': {
    metrics: ['cache.requests'],
    given: [['SET', 'user:1', 'a']],
    run: async (client) => {
      for (const id of [1, 1, 1, 2]) await client.get(`user:${id}`);
    },
  },
  slow: { config: { slowMs: 0 }, run: (client) => client.set('report:1', 'x') },
  masking: { run: (client) => client.get('user:jane@example.com') },
  timeout: {
    run: async (_client, server) => {
      const hasty = await connectTo(server, { socketTimeout: 50 });
      await hasty.blPop('nothing', 0).catch(() => {});
      hasty.destroy();
    },
  },
  retries: {
    metrics: ['redis.client.reconnects'],
    run: async (client, server) => {
      const ready = new Promise((resolve) => client.once('ready', resolve));
      await server.request('CLIENT', 'KILL', 'ID', String(await client.sendCommand(['CLIENT', 'ID'])));
      await ready;
    },
  },
  degradation: {
    run: async (_client, server) => {
      const lost = await connectTo(server, { reconnectStrategy: () => 600_000 }, { disableOfflineQueue: true });
      const gone = new Promise((resolve) => lost.once('reconnecting', resolve));
      await server.request('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await gone;
      assert.equal(await lost.get('user:1').catch(() => 'from the database'), 'from the database');
      lost.destroy();
    },
  },
  'large-value': { run: (client) => client.set('report:big', 'x'.repeat(2_000_000)) },
};

describe('the guide to tracing Redis caches', () => {
  let server: RedisServer;
  before(async () => {
    server = await startStandalone();
  });
  after(async () => {
    await server.stop();
  });

  const shown = new Map(
    (pages().find(({ path }) => path === 'docs/guide.md')?.blocks ?? []).flatMap(({ directives: [name = ''], code }) =>
      name.startsWith('chapter=') ? [[name.slice('chapter='.length), code] as const] : [],
    ),
  );

  it('has all its chapters on the page, and no others', () => assert.deepEqual([...shown.keys()], Object.keys(CHAPTERS)));

  for (const [name, { config = {}, given = [], run, metrics }] of Object.entries(CHAPTERS)) {
    it(`is played in plain node-redis: ${name}`, async () => {
      await server.request('FLUSHALL');
      const client = await connect(loadRedis('6.3'), server);
      for (const command of given) await server.request(...command);
      resetTracing({ semconv: 'dup', keyFamilies: true, ...config });
      const measuring = metrics === undefined ? undefined : Measuring.start();
      const release = await run(client, server);
      const exported = measuring === undefined ? spans() : await pointsOf(measuring, metrics ?? []);
      if (process.env.GUIDE_SHOWN !== undefined) console.log(`\`\`\`text chapter=${name}\n${written(exported)}\n\`\`\`\n`);
      if (typeof release === 'function') await release();
      await end(client);
      await measuring?.stop();
      assertQuiet();
      assert.deepEqual(exported, read(shown.get(name) ?? ''));
    });
  }

  function spans(): unknown[] {
    return redisSpans().map((span) => {
      const { name, kind, attributes, error } = recorded(span);
      const told = { name: here(name), kind, attributes: withoutTimes(attributes) };
      return error === undefined ? told : { ...told, error };
    });
  }

  async function pointsOf(measuring: Measuring, names: readonly string[]): Promise<unknown[]> {
    const collected = await measuring.collect();
    return names.flatMap((name) => (collected[name] ?? []).filter(isHere).map((point) => ({ metric: name, ...withPlace(point) })));
  }

  /** Clients of other tests are there as long as they are not collected. */
  function isHere({ attributes }: { readonly attributes: Attributes }): boolean {
    const place = attributes['server.port'] ?? attributes['db.client.connection.pool.name'];
    return place === undefined || String(place).includes(String(server.port));
  }

  function withPlace({ attributes, value }: { readonly attributes: Attributes; readonly value: number }): object {
    return { attributes: withoutTimes(attributes), value };
  }

  function withoutTimes(attributes: Attributes): Attributes {
    return Object.fromEntries(
      Object.entries(attributes).map(([key, value]) => {
        if (!TIMES.test(key)) return [key, typeof value === 'string' ? here(value) : value === server.port ? 6380 : value];
        assert.equal(typeof value, 'number', key);
        return [key, 0];
      }),
    );
  }

  function here(text: string): string {
    return text.replaceAll(`${server.host}:${server.port}`, 'localhost:6380').replaceAll(server.host, 'localhost');
  }
});

/** One object a line, as the page has them. */
function written(exported: readonly unknown[]): string {
  return exported.map((one) => JSON.stringify(one, null, 2)).join('\n');
}

function read(code: string): unknown[] {
  return code === '' ? [] : (JSON.parse(`[${code.replaceAll(/^\}\n\{/gm, '},{')}]`) as unknown[]);
}

async function connectTo({ host, port }: RedisServer, socket: object, options: object = {}): Promise<Client> {
  const client = loadRedis('6.3').createClient({ ...options, socket: { host, port, ...socket } });
  client.on('error', () => {});
  return client.connect();
}

/** A pool of three connections, of which a task has one until it is told. */
async function holdOne({ host, port }: RedisServer): Promise<() => Promise<void>> {
  const pool = await loadRedis('6.3')
    .createClientPool?.({ socket: { host, port } }, { minimum: 3, maximum: 5, cleanupDelay: 60_000 })
    .connect();
  let release = (): void => {};
  const done = new Promise<void>((resolve) => {
    release = resolve;
  });
  const task = pool.execute(() => done);
  while (pool.clientsInUse < 1) await new Promise(setImmediate);
  return async () => {
    release();
    await task;
    await pool.close();
  };
}
