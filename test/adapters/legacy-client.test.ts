// Knows: what an application of redis 2 and 3 does, and which spans it must see.
// Must not know: how these clients are tapped.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Attributes, context, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { blocking, type ExpectedSpan, failed, hit, items, lockAttempt, miss, span, unanswered } from '../paths/path';
import { assertUnnoticed, type ExportedSpan, runScript } from '../support/control';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { assertQuiet, inSpan, instrumentation, recorded, redisSpans, resetTracing } from '../support/tracing';
import { folderOf } from '../support/versions';
import { settled, until } from '../support/waiting';

const VERSIONS = ['2.8', '3.1'] as const;

// biome-ignore lint/suspicious/noExplicitAny: a client has a method for every command, and two versions share no types
type Client = any;
type Done = (error: unknown, reply?: unknown) => void;

interface Redis {
  createClient(options: object): Client;
  readonly RedisClient: { readonly prototype: Record<string, unknown> };
  readonly Multi: { readonly prototype: Record<string, unknown> };
}

interface Path {
  readonly title: string;
  readonly given?: readonly (readonly string[])[];
  readonly options?: object;
  /** `done` is called once; what it is called with is not looked at: the control does that. */
  run(client: Client, done: Done, server: RedisServer): void;
  spans(version: string): readonly ExpectedSpan[];
}

const WRONGTYPE = ['WRONGTYPE', 'WRONGTYPE Operation against a key holding the wrong kind of value'] as const;
const UNCONFIGURED =
  'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?';
const written = (length: number): Attributes => ({ 'db.redis.value_length': length });
const batch = (operation: string, text: string | undefined, size: number, attributes: Attributes = {}, error?: string): ExpectedSpan => ({
  attributes: {
    'db.operation.name': operation,
    ...(text === undefined ? {} : { 'db.query.text': text }),
    // The conventions: a batch of one has no size.
    ...(size === 1 ? {} : { 'db.operation.batch.size': size }),
    ...attributes,
  },
  error,
});
const counted = (hits: number, misses: number): Attributes => ({ 'cache.hit_count': hits, 'cache.miss_count': misses });
const failing = (index: number, count = 1): Attributes => ({
  'error.type': 'WRONGTYPE',
  'db.response.status_code': 'WRONGTYPE',
  'db.redis.batch.failed_count': count,
  'db.redis.batch.first_failed_index': index,
});

const A_STRING = [['SET', 'k', 'value']] as const;

const PATHS: readonly Path[] = [
  { title: 'get, a hit', given: A_STRING, run: (client, done) => client.get('k', done), spans: () => [span('get', 'get k', hit(5))] },
  { title: 'GET of one that is not there', run: (client, done) => client.GET('k', done), spans: () => [span('get', 'get k', miss)] },
  {
    title: 'a promisified set with options',
    run: (client, done) =>
      promisify(client.set)
        .call(client, 'lock:k', 'secret', 'EX', 60, 'NX')
        .then((reply: unknown) => done(undefined, reply), done),
    spans: () => [span('set', 'set lock:k ? EX ? NX', { ...written(6), ...lockAttempt(true, 60) })],
  },
  {
    title: 'a command without a callback',
    run: (client, done) => {
      client.set('k', 'secret');
      client.hgetall('h');
      client.ping(done);
    },
    spans: () => [span('set', 'set k ?', written(6)), span('hgetall', 'hgetall h', miss), span('ping', 'ping')],
  },
  {
    title: 'hgetall and mget',
    given: [
      ['HSET', 'h', 'f', 'secret'],
      ['SET', 'k', 'v'],
    ],
    run: (client, done) => {
      client.hgetall('h');
      client.mget(['k', 'none'], done);
    },
    spans: () => [span('hgetall', 'hgetall h', { 'cache.hit': true }), span('mget', 'mget k none', items(1, 1))],
  },
  {
    title: 'errors with and without a callback',
    given: A_STRING,
    run: (client, done) => {
      client.lpush('k', 'secret');
      client.lpush('k', 'secret', done);
    },
    spans: () => [failed('lpush', 'lpush k ?', ...WRONGTYPE), failed('lpush', 'lpush k ?', ...WRONGTYPE)],
  },
  {
    title: 'a raw command that the server does not know',
    run: (client, done) => client.send_command('NONSENSE', ['secret'], done),
    spans: () => [failed('nonsense', 'nonsense', 'ERR', 'ERR unknown command')],
  },
  {
    title: 'a container command',
    run: (client, done) => client.config('GET', 'maxmemory', done),
    spans: () => [span('config GET', 'config GET maxmemory')],
  },
  {
    title: 'a script',
    run: (client, done) => client.eval('return ARGV[1]', 1, 'k', 'secret', done),
    spans: () => [span('eval', 'eval ? 1 k ?')],
  },
  {
    title: 'numbers, dates and Buffers',
    run: (client, done) => {
      client.set(7, 12345);
      client.set('d', new Date(0));
      client.set(Buffer.from('b'), Buffer.from([0, 255]), done);
    },
    spans: () => [span('set', 'set 7 ?', written(5)), span('set', 'set d ?'), span('set', 'set b ?', written(2))],
  },
  {
    title: 'an argument the library refuses (from 3.0 on)',
    run: (client, done) => client.hset('h', 'f', undefined, 'v', done),
    spans: (version) => [
      version === '2.8'
        ? failed('hset', 'hset h f ? v', 'ERR', "ERR wrong number of arguments for 'hset' command")
        : unanswered('hset', 'hset h f ? v', 'Error', 'Error'),
    ],
  },
  {
    title: 'replies that are Buffers',
    given: [
      ['SET', 'k', 'value'],
      ['HSET', 'h', 'f', 'v'],
    ],
    options: { return_buffers: true },
    run: (client, done) => {
      client.get('k');
      client.multi().get('k').hgetall('h').exec(done);
    },
    spans: () => [span('get', 'get k', hit(5)), batch('MULTI', 'get k; hgetall h', 2, counted(2, 0))],
  },
  {
    title: 'a key prefix: keys as the application wrote them',
    options: { prefix: 'app:' },
    run: (client, done) => client.get('k', done),
    spans: () => [span('get', 'get k', miss)],
  },
  {
    title: 'a renamed command: under the name that the application uses',
    options: { rename_commands: { get: 'GETDEL' } },
    run: (client, done) => client.get('k', done),
    spans: () => [span('get', 'get k', miss)],
  },
  {
    title: 'batch, without and with own callbacks',
    given: A_STRING,
    run: (client, done) =>
      client
        .batch()
        .get('k', () => {})
        .get('none')
        .get('k')
        .exec(done),
    spans: () => [batch('PIPELINE get', 'get k; get none; get k', 3, counted(2, 1))],
  },
  {
    title: 'batch without a callback',
    given: A_STRING,
    run: (client, done) => {
      client.batch().set('n', 'secret').lpush('k', 'secret').exec();
      client.ping(done);
    },
    spans: () => [batch('PIPELINE', 'set n ?; lpush k ?', 2, failing(1), WRONGTYPE[1]), span('ping', 'ping')],
  },
  {
    title: 'batch with some failing',
    given: A_STRING,
    run: (client, done) =>
      client
        .batch([
          ['lpush', 'k', 'x'],
          ['get', 'k'],
          ['lpush', 'k', 'y'],
        ])
        .exec(done),
    spans: () => [batch('PIPELINE', 'lpush k ?; get k; lpush k ?', 3, { ...counted(1, 0), ...failing(0, 2) }, WRONGTYPE[1])],
  },
  {
    title: 'batch of one, which is that command',
    run: (client, done) => client.batch().get('k').exec(done),
    spans: () => [span('get', 'get k', miss)],
  },
  { title: 'batch of none: nothing is sent', run: (client, done) => client.batch().exec(done), spans: () => [] },
  {
    title: 'batch of 50',
    run: (client, done) => client.batch(Array(50).fill(['incr', 'n'])).exec_batch(done),
    spans: () => [batch('PIPELINE incr', Array(50).fill('incr n').join('; '), 50)],
  },
  {
    title: '50 commands at once',
    run: (client, done) => {
      for (let i = 1; i < 50; i++) client.incr('n');
      client.incr('n', done);
    },
    spans: () => Array(50).fill(span('incr', 'incr n')),
  },
  {
    title: 'multi',
    given: A_STRING,
    run: (client, done) => client.multi().get('k').get('none').set('k', 'secret').exec(done),
    spans: () => [batch('MULTI', 'get k; get none; set k ?', 3, counted(1, 1))],
  },
  {
    title: 'multi without a callback',
    run: (client, done) => {
      client
        .multi([
          ['incr', 'n'],
          ['incr', 'n'],
        ])
        .EXEC();
      client.ping(done);
    },
    spans: () => [batch('MULTI incr', 'incr n; incr n', 2), span('ping', 'ping')],
  },
  {
    title: 'multi with one failing',
    given: A_STRING,
    run: (client, done) => client.multi().get('k').lpush('k', 'secret').exec(done),
    spans: () => [batch('MULTI', 'get k; lpush k ?', 2, { ...counted(1, 0), ...failing(1) }, WRONGTYPE[1])],
  },
  {
    title: 'multi refused because of one command',
    run: (client, done) => client.multi().set('k', 'v').set('k').get('k').exec(done),
    spans: () => [
      batch(
        'MULTI',
        'set k ?; set k; get k',
        3,
        { 'error.type': 'ERR', 'db.response.status_code': 'ERR', 'db.redis.batch.failed_count': 1, 'db.redis.batch.first_failed_index': 1 },
        "ERR wrong number of arguments for 'set' command",
      ),
    ],
  },
  {
    title: 'multi of which the library sends only a part (from 3.0 on): with the replies of that part',
    given: A_STRING,
    run: (client, done) =>
      client
        .multi()
        .hset('h', { toString: () => 'f' }, 'v')
        .get('k')
        .exec(done),
    spans: (version) =>
      version === '2.8'
        ? [batch('MULTI', 'hset h ? ?; get k', 2, counted(1, 0))]
        : [
            batch(
              'MULTI',
              'hset h ? ?; get k',
              2,
              { ...counted(1, 0), 'error.type': 'Error', 'db.redis.batch.failed_count': 1, 'db.redis.batch.first_failed_index': 0 },
              'Error',
            ),
          ],
  },
  {
    title: 'multi aborted by WATCH, which is no error',
    run: (client, done, server) => {
      client.watch('k', async () => {
        await server.request('SET', 'k', 'other');
        client.multi().get('k').exec(done);
      });
    },
    spans: () => [span('watch', 'watch k'), batch('MULTI get', 'get k', 1, { 'db.redis.transaction.aborted': true })],
  },
  {
    title: 'multi of one, which is that command',
    run: (client, done) => client.multi().get('k').exec(done),
    spans: () => [span('get', 'get k', miss)],
  },
  { title: 'multi of none', run: (client, done) => client.multi().exec(done), spans: () => [batch('MULTI', undefined, 0)] },
  {
    title: 'multi holding a select',
    run: (client, done) =>
      client
        .multi()
        .select(3)
        .exec(() => client.get('k', done)),
    spans: () => [span('select', 'select 3'), span('get', 'get k', { ...miss, 'db.namespace': '3' })],
  },
  {
    title: 'exec_atomic of one, which is no transaction',
    run: (client, done) => client.multi().get('k').exec_atomic(done),
    spans: () => [span('get', 'get k', miss)],
  },
  {
    title: 'exec_atomic of two',
    run: (client, done) => client.multi().incr('n').incr('n').exec_atomic(done),
    spans: () => [batch('MULTI incr', 'incr n; incr n', 2)],
  },
  {
    title: 'a transaction by hand',
    run: (client, done) => {
      client.send_command('multi');
      client.incr('n');
      client.send_command('exec', [], done);
    },
    spans: () => [span('multi', 'multi'), span('incr', 'incr n'), span('exec', 'exec')],
  },
  {
    title: 'a blocking pop',
    run: (client, done, server) => {
      client.blpop('list', 0, done);
      void settled(server).then(() => server.request('RPUSH', 'list', 'secret'));
    },
    spans: () => [span('blpop', 'blpop list 0', blocking)],
  },
  {
    title: 'publish',
    run: (client, done) => client.publish('news', 'secret', done),
    spans: () => [
      {
        name: 'publish news',
        kind: 'PRODUCER',
        attributes: {
          'db.operation.name': 'publish',
          'db.query.text': 'publish news ?',
          'messaging.system.name': 'redis',
          'messaging.operation.type': 'send',
          'messaging.operation.name': 'publish',
          'messaging.destination.name': 'news',
          'messaging.message.body.size': 6,
        },
      },
    ],
  },
  {
    title: 'subscriptions: none; commands beside them as ever',
    run: (client, done) => {
      client.subscribe('a');
      client.psubscribe('p*', () => {});
      client.get('k');
      client.punsubscribe('p*');
      client.unsubscribe('a', () => client.get('k', done));
    },
    spans: () => [failed('get', 'get k', 'ERR', 'ERR (text hidden)'), span('get', 'get k', miss)],
  },
  {
    title: 'monitor: none; commands beside it as ever',
    run: (client, done) => {
      client.monitor();
      client.echo('secret');
      client.ping(done);
    },
    spans: () => [span('echo', 'echo ?'), span('ping', 'ping')],
  },
  {
    title: 'select, followed by single commands, in batches and in transactions',
    run: (client, done) => {
      client.select(3);
      client.get('k');
      client.select(99);
      client.batch().get('k').get('k').exec();
      client.multi().select('4').get('k').exec();
      client.get('k', done);
    },
    spans: () => [
      span('select', 'select 3'),
      span('get', 'get k', { ...miss, 'db.namespace': '3' }),
      failed('select', 'select 99', 'ERR', 'ERR DB index is out of range', { 'db.namespace': '3' }),
      batch('PIPELINE get', 'get k; get k', 2, { ...counted(0, 2), 'db.namespace': '3' }),
      batch('MULTI', 'select 4; get k', 2, { ...counted(0, 1), 'db.namespace': '3' }),
      span('get', 'get k', { ...miss, 'db.namespace': '4' }),
    ],
  },
  {
    title: 'the database of the options',
    options: { db: '2' },
    run: (client, done) => client.get('k', done),
    spans: () => [span('get', 'get k', { ...miss, 'db.namespace': '2' })],
  },
  {
    title: 'commands whose replies are switched off',
    run: (client, done) => {
      client.client('REPLY', 'SKIP');
      client.set('k', 'secret');
      client.ping(done);
    },
    spans: () => [span('client REPLY', 'client REPLY SKIP'), span('set', 'set k ?', written(6)), span('ping', 'ping')],
  },
  {
    title: 'quit, and what comes after it',
    run: (client, done) => {
      client.get('k');
      client.quit();
      client.get('k', done);
      client.get('k');
    },
    spans: () => [
      unanswered('get', 'get k', 'NR_CLOSED', 'NR_CLOSED'),
      span('get', 'get k', miss),
      span('quit', 'quit'),
      unanswered('get', 'get k', 'NR_CLOSED', 'NR_CLOSED'),
    ],
  },
  {
    title: 'end with a flush',
    run: (client, done) => {
      client.blpop('none', 0);
      client.blpop('none', 0, () => {});
      client
        .multi()
        .get('k')
        .get('k')
        .exec(() => {});
      client
        .batch()
        .get('k')
        .get('k')
        .exec(() => {});
      client.get('k', done);
      client.end(true);
    },
    spans: () => {
      const aborted = (attributes: Attributes): Attributes => ({ 'error.type': 'NR_CLOSED', ...attributes });
      const both = aborted({ 'db.redis.batch.failed_count': 2, 'db.redis.batch.first_failed_index': 0 });
      return [
        unanswered('blpop', 'blpop none 0', 'NR_CLOSED', 'NR_CLOSED', blocking),
        unanswered('blpop', 'blpop none 0', 'NR_CLOSED', 'NR_CLOSED', blocking),
        batch('MULTI get', 'get k; get k', 2, both, 'NR_CLOSED'),
        batch('PIPELINE get', 'get k; get k', 2, both, 'NR_CLOSED'),
        unanswered('get', 'get k', 'NR_CLOSED', 'NR_CLOSED'),
      ];
    },
  },
];

for (const version of VERSIONS) {
  describe(`the adapter for redis ${version}`, () => {
    let server: RedisServer;
    let redis: Redis;
    const clients: Client[] = [];

    before(async () => {
      server = await startStandalone({ unixSocket: true });
      redis = createRequire(`${folderOf(version)}/package.json`)('redis') as Redis;
    });
    after(() => server.stop());
    beforeEach(async () => {
      await server.request('FLUSHALL');
      resetTracing();
    });
    afterEach(() => {
      for (const client of clients.splice(0)) client.end(false);
      assertQuiet();
    });

    /** A client whose errors are the control's to look at. */
    function create(options: object = {}): Client {
      const client = redis.createClient({ host: server.host, port: server.port, ...options });
      client.on('error', () => {});
      clients.push(client);
      return client;
    }

    async function connected(options?: object): Promise<Client> {
      const client = create(options);
      await new Promise((resolve) => client.once('ready', resolve));
      return client;
    }

    const complete = ({ name, kind = 'CLIENT', attributes, error }: ExpectedSpan) => ({
      name: name ?? `${attributes['db.operation.name']} ${server.host}:${server.port}`,
      kind,
      attributes: {
        'db.system.name': 'redis',
        'db.namespace': '0',
        'server.address': server.host,
        'server.port': server.port,
        ...attributes,
      },
      ...(error === undefined ? {} : { error }),
    });
    const assertSpans = (...expected: ExpectedSpan[]) => assert.deepEqual(redisSpans().map(recorded), expected.map(complete));
    const called = (run: (done: Done) => void) => new Promise<unknown>((resolve) => run((error, reply) => resolve(error ?? reply)));

    describe('makes the spans of', () => {
      for (const path of PATHS) {
        it(path.title, async () => {
          for (const command of path.given ?? []) await server.request(...command);
          const client = await connected(path.options);
          const caller = await inSpan(async (parent) => {
            await called((done) => path.run(client, done, server));
            await settled(server);
            return parent.spanContext().spanId;
          });
          assertSpans(...path.spans(version));
          assert.deepEqual(
            new Set(redisSpans().map(({ parentSpanContext }) => parentSpanContext?.spanId)),
            new Set(path.spans(version).map(() => caller)),
          );
        });
      }
    });

    it('matches no miss with a write under another prefix, but one under the same', async () => {
      const [a, alsoA, b] = [await connected({ prefix: 'a:' }), await connected({ prefix: 'a:' }), await connected({ prefix: 'b:' })];
      const fills = () => redisSpans().filter(({ attributes }) => attributes['cache.fill'] === true).length;
      await inSpan(async () => {
        await called((done) => a.get('k', done));
        await called((done) => b.set('k', 'v', done));
        assert.equal(fills(), 0);
        await called((done) => alsoA.set('k', 'v', done));
        assert.equal(fills(), 1);
      });
    });

    describe('connections', () => {
      it('makes one span of a command that waits for the connection, timed from the call', async () => {
        const client = create();
        const before = Date.now();
        let after = before;
        await inSpan(async () => {
          client.set('k', 'secret');
          after = Date.now();
          client.lpush('k', 'secret');
          client.multi().get('k').get('k').exec();
          client.batch().get('k').get('none').exec();
          await called((done) => client.get('k', done));
        });
        assertSpans(
          span('set', 'set k ?', written(6)),
          failed('lpush', 'lpush k ?', ...WRONGTYPE),
          batch('MULTI get', 'get k; get k', 2, counted(2, 0)),
          batch('PIPELINE get', 'get k; get none', 2, counted(1, 1)),
          span('get', 'get k', hit(6)),
        );
        const [first] = redisSpans();
        const startMs = first === undefined ? 0 : first.startTime[0] * 1_000 + first.startTime[1] / 1e6;
        assert.ok(startMs >= before && startMs <= after, `${before} ${startMs} ${after}`);
      });

      it('records commands refused while offline, with a callback and without', async () => {
        const client = create({ enable_offline_queue: false });
        client.get('k');
        client.batch().get('k').exec();
        await called((done) => client.get('k', done));
        const refused = unanswered('get', 'get k', 'NR_CLOSED', 'NR_CLOSED');
        assertSpans(refused, refused, refused);
      });

      it('ends commands that a lost connection aborted, and follows the client to the next connection', async () => {
        const client = await connected({ retry_strategy: () => 10, db: 3 });
        client.subscribe('channel');
        const popped = called((done) => client.punsubscribe(done));
        await popped;
        client.unsubscribe('channel');
        client.blpop('none', 0);
        const aborted = called((done) => client.get('k', done));
        await settled(server);
        await server.request('CLIENT', 'KILL', 'TYPE', 'normal');
        assert.equal(((await aborted) as { code: string }).code, 'UNCERTAIN_STATE');
        await called((done) => client.get('k', done));
        const here = { 'db.namespace': '3' };
        assertSpans(
          unanswered('blpop', 'blpop none 0', 'UNCERTAIN_STATE', 'UNCERTAIN_STATE', { ...here, ...blocking }),
          unanswered('get', 'get k', 'UNCERTAIN_STATE', 'UNCERTAIN_STATE', here),
          span('get', 'get k', { ...miss, ...here }),
        );
      });

      it('makes one span of a command that is sent again after a reconnect', async () => {
        const client = await connected({ retry_strategy: () => 10, retry_unfulfilled_commands: true });
        const popped = called((done) => client.blpop('list', 0, done));
        client.set('k', 'secret');
        const again = new Promise((resolve) => client.once('ready', resolve));
        await settled(server);
        await server.request('CLIENT', 'KILL', 'TYPE', 'normal');
        await again;
        await server.request('RPUSH', 'list', 'a');
        await popped;
        await settled(server);
        // redis 3.0 to 3.1 sends the first of its commands again and loses the others.
        const others = version === '2.8' ? [span('set', 'set k ?', written(6))] : [];
        assertSpans(span('blpop', 'blpop list 0', blocking), ...others);
      });

      it('makes no span for the handshake, a reconnect, or what they restore', async () => {
        const client = await connected({ password: 'secret', db: 1, retry_strategy: () => 10 });
        client.subscribe('a');
        client.psubscribe('p*');
        await settled(server);
        const again = new Promise((resolve) => client.once('ready', resolve));
        await server.request('CLIENT', 'KILL', 'TYPE', 'pubsub');
        await again;
        await settled(server);
        assertSpans();
      });

      it('makes a span of AUTH and INFO where the application calls them', async () => {
        const client = await connected();
        client.auth('secret');
        await called((done) => client.info(done));
        assertSpans(failed('auth', 'auth ?', 'ERR', UNCONFIGURED), span('info', 'info'));
      });

      it('records QUIT as a success if the library does', async () => {
        const client = create({ port: 1, retry_strategy: () => undefined });
        assert.equal(await called((done) => client.quit(done)), 'OK');
        assert.deepEqual(
          redisSpans().map(({ status }) => status.code),
          [0],
        );
      });

      it('names a unix socket by its path', async () => {
        const client = await connected({ path: server.socketPath, host: undefined, port: undefined });
        await called((done) => client.get('k', done));
        const [made] = redisSpans();
        assert.equal(made?.name, `get ${server.socketPath}`);
        assert.equal(made?.attributes['server.address'], server.socketPath);
        assert.equal(made?.attributes['server.port'], undefined);
        assert.equal(made?.attributes['network.transport'], 'unix');
      });

      it('follows duplicates, each to its own database', async () => {
        const client = await connected();
        await called((done) => client.select(2, done));
        const copy = client.duplicate();
        clients.push(copy);
        await called((done) => copy.get('k', done));
        await called((done) => client.select(4, done));
        await called((done) => copy.get('k', done));
        assert.deepEqual(
          redisSpans().map(({ attributes }) => attributes['db.namespace']),
          ['0', '2', '2', '2'],
        );
      });
    });

    describe('context', () => {
      const active = () => trace.getActiveSpan();

      it('runs every callback in the context of its caller', async () => {
        const client = create();
        await inSpan(async (caller) => {
          const seen: unknown[] = [];
          const look = () => seen.push(active());
          client.get('offline', look);
          await called((done) => client.get('k', done));
          client.get('k', look);
          client.lpush('k', look);
          client.subscribe('a', look);
          client.unsubscribe('a', look);
          client.multi().get('k', look).exec(look);
          client.multi().set('k', look).exec(look);
          client.batch().get('k', look).get('k').exec(look);
          client.batch().exec(look);
          client.quit(look);
          client.get('k', look);
          await until(() => seen.length >= 14, '14 callbacks');
          await settled(server);
          assert.deepEqual(
            seen.map((span) => span === caller),
            Array(14).fill(true),
          );
        });
      });

      it('keeps concurrent requests apart on one connection', async () => {
        const client = await connected();
        const request = () =>
          inSpan(async (caller) => {
            const seen = await new Promise((resolve) => client.get('k', () => client.get('k', () => resolve(active()))));
            assert.equal(seen, caller);
          });
        await Promise.all(Array.from({ length: 20 }, request));
        assert.equal(redisSpans().length, 40);
      });

      it('keeps the context of a request that is not traced', async () => {
        resetTracing({ ignoreCommands: ['get', 'MULTI', 'PIPELINE'] });
        const client = await connected();
        const key = Symbol('request');
        const request = suppressTracing(ROOT_CONTEXT.setValue(key, 7));
        const values: unknown[] = [];
        const look = () => values.push(context.active().getValue(key));
        await context.with(request, () =>
          called((done) => {
            client.get('k', look);
            client.multi().get('k', look).exec(look);
            client.batch().get('k', look).get('k').exec(look);
            client.ping(done);
          }),
        );
        assert.deepEqual(values, [7, 7, 7, 7, 7]);
        assertSpans();
      });

      it('runs listeners neither in the context of the connecting code nor in that of a command', async () => {
        const traceOf = () => active()?.spanContext().traceId;
        const { message, callers } = await inSpan(async (connecting) => {
          const client = await connected();
          const message = new Promise((resolve) => client.once('message', () => resolve(traceOf())));
          await called((done) => client.subscribe('a', done));
          return { message, callers: [connecting.spanContext().traceId] };
        });
        const publisher = await connected();
        await inSpan(async (publishing) => {
          callers.push(publishing.spanContext().traceId);
          await called((done) => publisher.publish('a', 'x', done));
        });
        assert.ok(!callers.includes(String(await message)));
      });
    });

    it('does not record while disabled, and restores the identical functions', async () => {
      const prototypes = [redis.RedisClient.prototype, redis.Multi.prototype];
      const functions = () =>
        prototypes.map((prototype) =>
          Object.entries(Object.getOwnPropertyDescriptors(prototype)).map(([name, { value, get }]) => [name, value ?? get]),
        );
      const patched = functions();
      instrumentation.disable();
      const original = functions();
      instrumentation.enable();
      const again = functions();
      instrumentation.disable();
      try {
        assert.deepEqual(functions(), original);
        assert.equal(redis.Multi.prototype.exec, redis.Multi.prototype.exec_batch);
        assert.ok(original.flat().every(([, value]) => typeof value !== 'function' || !('__original' in value)));
        const client = await connected();
        await called((done) => client.multi().get('k').exec(done));
        assertSpans();
      } finally {
        instrumentation.enable();
      }
      const changed = (all: unknown[][][]) =>
        all
          .flat()
          .filter((entry, index) => entry[1] !== original.flat()[index]?.[1])
          .map(([name]) => name);
      const names = [
        'connection_gone',
        'create_stream',
        'end',
        'flush_and_error',
        'on_error',
        'on_ready',
        'ready_check',
        'return_error',
        'return_reply',
        'internal_send_command',
        'exec_transaction',
        'exec',
        'EXEC',
        'exec_batch',
      ];
      assert.deepEqual(changed(patched).sort(), [...names].sort());
      assert.deepEqual(changed(again).sort(), [...names].sort());
    });

    it('ends commands that were in progress when it was disabled', async () => {
      const client = await connected();
      const popped = called((done) => client.blpop('list', 0, done));
      await settled(server);
      instrumentation.disable();
      try {
        await server.request('RPUSH', 'list', 'a');
        await popped;
      } finally {
        instrumentation.enable();
      }
      assertSpans(span('blpop', 'blpop list 0', blocking));
    });
  });

  describe(`an application of redis ${version}`, () => {
    let server: RedisServer;
    before(async () => {
      server = await startStandalone({ unixSocket: true });
    });
    after(() => server.stop());

    const SCRIPT = join(__dirname, 'legacy-client.scenarios.cjs');
    const args = (...names: string[]) => [version, String(server.port), String(server.socketPath), ...names];

    it('is not affected: values, errors, events, exceptions, their order, and return values', async () => {
      const { output, spans } = await assertUnnoticed(SCRIPT, { args: args() });
      const scenarios = Object.entries(output as Record<string, unknown[]>);
      assert.ok(scenarios.length >= 39, `${scenarios.length} scenarios`);
      for (const [name, seen] of scenarios) assert.ok(seen.length > 1, `${name} has seen nothing`);
      assert.ok(spans.length > 300, `${spans.length} spans`);
    });

    it('is not affected in a domain', async () => {
      await assertUnnoticed(SCRIPT, { args: args('in a domain') });
    });

    it('crashes as it would without us', async () => {
      const { exitCode, stderr, spans } = await assertUnnoticed(SCRIPT, { args: args('until it crashes') });
      assert.equal(exitCode, 1);
      assert.match(stderr, /Unhandled 'error' event[\s\S]*ReplyError: WRONGTYPE/);
      assert.deepEqual(namesOf(spans).slice(-1), [`lpush 127.0.0.1:${server.port}`]);
    });

    for (const preload of ['--require', '--import'] as const) {
      it(`loads from an ES module without a crash, and is traced (${preload})`, async () => {
        await withModule(version, async (script) => {
          const { spans } = await assertUnnoticed(script, { args: [String(server.port)], preload });
          assert.deepEqual(
            namesOf(spans),
            ['set', 'get', 'MULTI incr', 'PIPELINE get', 'quit'].map((name) => `${name} 127.0.0.1:${server.port}`),
          );
          assert.deepEqual(new Set(spans.map(({ kind }) => kind)), new Set([SpanKind.CLIENT]));
        });
      });
    }

    it('is traced once if the loader has a hook for ES modules too', async () => {
      await withModule(version, async (script) => {
        const hook = createRequire(__filename).resolve('@opentelemetry/instrumentation/hook.mjs');
        const { spans } = await runScript(script, 'traced', { args: [String(server.port)], nodeArgs: ['--experimental-loader', hook] });
        assert.equal(spans.length, 5);
      });
    });
  });
}

const namesOf = (spans: readonly ExportedSpan[]) => spans.map(({ name }) => name);

const MODULE = `
import { once } from 'node:events';
import redis, { createClient } from 'redis';
const warnings = [];
process.on('warning', ({ message }) => warnings.push(message));
const client = redis.createClient(Number(process.argv[2]), '127.0.0.1');
client.set('k', 'v');
const seen = [createClient === redis.createClient, Object.keys(redis), Object.getOwnPropertyDescriptor(redis, 'RedisClient').writable];
client.get('k', (...reply) => {
  seen.push(reply);
  client.multi().incr('n').incr('n').exec((error) => {
    seen.push(error);
    client.batch().get('k').get('none').exec((...reply) => {
      seen.push(reply);
      client.quit();
    });
  });
});
await once(client, 'end');
console.log(JSON.stringify({ seen, warnings: warnings.filter((message) => !message.includes('loader')) }));
`;

/** An ES module beside which \`redis\` is installed. */
async function withModule(version: string, use: (script: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'module-'));
  try {
    await mkdir(join(folder, 'node_modules'));
    await symlink(join(folderOf(version), 'node_modules', 'redis'), join(folder, 'node_modules', 'redis'));
    await writeFile(join(folder, 'app.mjs'), MODULE);
    await use(join(folder, 'app.mjs'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
