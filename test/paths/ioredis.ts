import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import { type Client, isIoredis, isIoredisFrom, type Version } from '../support/versions';
import { blocked, settled } from '../support/waiting';
import {
  batch,
  batchItems,
  called,
  type ExpectedSpan,
  failed,
  firstFailed,
  hit,
  miss,
  type Path,
  type PathContext,
  span,
  unanswered,
  WRONGTYPE,
} from './path';

const on = isIoredis;
/** 4 lets the caller see what later majors send again. */
const from5 = (version: Version): boolean => isIoredisFrom(version, '5.0');
const BLOCKING = { 'redis.client.operation.blocking': true };
const sentAgain = { 'redis.client.operation.retry_attempts': 1 };
const LIST = [['LPUSH', 'list', 'x']] as const;
const ECHO = 'return ARGV[1]';
const ECHO_SHA = createHash('sha1').update(ECHO).digest('hex');

/** A client with options of its own, as the library makes it. */
async function withOwn<T>({ redis, server }: PathContext, options: object, run: (client: Client) => Promise<T>): Promise<T> {
  const client = new redis.library({ host: server.host, port: server.port, retryStrategy: () => 20, ...options });
  client.on('error', () => {});
  try {
    return await run(client);
  } finally {
    client.disconnect();
  }
}

/** What the library's own client does: the facade is not in between. */
function path(title: string, run: (client: Client, context: PathContext) => Promise<unknown>, rest: Omit<Path, 'title' | 'run'>): Path {
  return { on, ...rest, title: `ioredis: ${title}`, run: (context) => run(context.client.client, context) };
}

const echo = (text = `EVALSHA ${ECHO_SHA} 1 k ?`): ExpectedSpan => ({
  ...span('EVALSHA', text, { 'db.stored_procedure.name': 'echoIt' }),
  name: 'EVALSHA echoIt',
});

const defined = (client: Client): Client => {
  client.defineCommand('echoIt', { lua: ECHO, numberOfKeys: 1 });
  return client;
};

const errorOf = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: Error) => error);

/** Single commands, in every way that ioredis has to send one. */
const SINGLE: readonly Path[] = [
  path('a Buffer variant', (client) => client.getBuffer('k'), { given: [['SET', 'k', 'v']], spans: () => [span('GET', 'GET k', hit(1))] }),
  path('call, named as the application gave it', (client) => client.call('GET', 'k'), {
    spans: () => [{ ...span('GET', 'GET k', miss), isSpelled: true }],
  }),
  path(
    'a callback, which keeps its context and its rejections',
    (client) => {
      const storage = new AsyncLocalStorage<string>();
      return storage.run('caller', () =>
        called((done) => client.get('list', (error: Error, reply: unknown) => done(null, [error.message, reply, storage.getStore()]))),
      );
    },
    { given: LIST, spans: () => [failed('GET', 'GET list', 'WRONGTYPE', WRONGTYPE)] },
  ),
  path(
    'objects and Maps, spread as they are sent',
    (client) => Promise.all([client.hset('h', { a: 'secret', b: 'secret' }), client.mset(new Map([['m', 'secret']]))]),
    { spans: () => [span('HSET', 'HSET h a ? b ?'), span('MSET', 'MSET m ?')] },
  ),
  path('the promise of the command is what the caller gets', sendsOwnPromise, { spans: () => [span('GET', 'GET k', miss)] }),
  path('the order in which promises settle', settleOrder, {
    spans: () => [span('GET', 'GET a', miss), span('SET', 'SET b ?', { 'db.redis.value_length': 6 }), span('GET', 'GET a', miss)],
  }),
  path('rejections: forgotten, caught, with a callback, in a pipeline', forgotten, {
    given: LIST,
    spans: () => [
      ...Array.from({ length: 3 }, () => failed('GET', 'GET list', 'WRONGTYPE', WRONGTYPE)),
      failed('GET', 'GET list', 'WRONGTYPE', WRONGTYPE),
    ],
  }),
  path(
    'scanStream, a span a page',
    async (client) => {
      const pages = [];
      for await (const page of client.scanStream({ match: 'k*' })) pages.push(page);
      return pages;
    },
    { given: [['SET', 'k', 'v']], spans: () => [span('SCAN', 'SCAN 0 MATCH k*')] },
  ),
  path('MONITOR, no span', monitored, { spans: () => [span('GET', 'GET k', miss)] }),
  path('a subclass', (_, context) => withSubclass(context), { spans: () => [span('GET', 'GET k', miss)] }),
];

/** Scripts, each one span whatever it takes. */
const SCRIPTED: readonly Path[] = [
  path('a defined command after SCRIPT FLUSH, both tries one span', flushed, { spans: () => [echo(), echo(), echo()] }),
  path('a defined command in a pipeline, unknown to the server', (client) => defined(client).pipeline().echoIt('k', 'v').get('k').exec(), {
    spans: () => [span('PIPELINE', `EVALSHA ${ECHO_SHA} 1 k ?; GET k`, batch(2, batchItems(0, 1)))],
  }),
  path('a defined command that is all of a pipeline, or of a transaction', pipedAlone, {
    given: [['SCRIPT', 'LOAD', ECHO]],
    spans: () => [echo(), echo()],
  }),
  path(
    'a defined command in a pipeline, forgotten by the server',
    async (client, { server }) => {
      await defined(client).echoIt('k', 'v');
      await server.request('SCRIPT', 'FLUSH');
      return client.pipeline().echoIt('k', 'v').get('k').exec();
    },
    { on: from5, spans: () => [echo(), span('PIPELINE', `EVALSHA ${ECHO_SHA} 1 k ?; GET k`, batch(2, batchItems(0, 1)))] },
  ),
];

/** Several commands at once. */
const BATCHED: readonly Path[] = [
  path(
    'a pipeline whose members have callbacks',
    async (client) => {
      const heard: unknown[] = [];
      const all = await client
        .pipeline()
        .get('k', (...reply: unknown[]) => heard.push(reply))
        .exec();
      return [all, heard];
    },
    { spans: () => [span('GET', 'GET k', miss)] },
  ),
  path(
    'multi({ pipeline: false }), one span',
    async (client) => {
      await client.multi({ pipeline: false });
      return [await client.get('a'), await client.set('b', 'secret'), await client.exec()];
    },
    { spans: () => [span('MULTI', 'GET a; SET b ?', batch(2, batchItems(0, 1)))] },
  ),
  path(
    'multi({ pipeline: false }) that is discarded',
    async (client) => {
      await client.multi({ pipeline: false });
      return [await client.get('a'), await client.discard(), await client.get('b')];
    },
    { spans: () => [span('DISCARD', 'DISCARD'), span('GET', 'GET b', miss)] },
  ),
  path(
    'a transaction inside a pipeline',
    (client) => client.pipeline().get('a').multi().set('b', 'secret').lpush('b', 'secret').exec().get('c').exec(),
    {
      spans: () => [
        failed(
          'PIPELINE',
          'GET a; SET b ?; LPUSH b ?; GET c',
          'WRONGTYPE',
          WRONGTYPE,
          batch(4, { ...batchItems(0, 2), ...firstFailed(2) }),
        ),
      ],
    },
  ),
  path('auto-pipelining, each call in the trace of its caller', (_, context) => autoPipelined(context), {
    ownParents: true,
    spans: () => ['a', 'b', 'c'].map((key) => span('GET', `GET ${key}`, miss)),
  }),
  path('a pipeline on a closed client', (client) => closed(client).then(() => client.pipeline().get('a').get('b').exec()), {
    spans: () => [
      unanswered('PIPELINE GET', 'GET a; GET b', 'ConnectionClosedError', 'Connection is closed.', batch(2, firstFailed(0, 2))),
    ],
  }),
];

/** States a client can be in. */
const STATES: readonly Path[] = [
  path(
    'lazyConnect, with commands that wait for the connection',
    (_, context) =>
      withOwn(context, { lazyConnect: true, db: 1 }, (client) =>
        Promise.all([client.get('a'), client.pipeline().get('b').get('c').exec()]),
      ),
    {
      spans: () => [
        span('GET', 'GET a', { ...miss, 'db.namespace': '1' }),
        span('PIPELINE GET', 'GET b; GET c', batch(2, { ...batchItems(0, 2), 'db.namespace': '1' })),
      ],
    },
  ),
  path('keyPrefix, which is part of the key', (_, context) => withOwn(context, { keyPrefix: 'app:' }, (client) => client.mget('a', 'b')), {
    spans: () => [span('MGET', 'MGET app:a app:b', { 'cache.hit': false, 'cache.hit_count': 0, 'cache.miss_count': 2 })],
  }),
  path(
    'quit before it is connected, settled inside the call',
    (_, context) => withOwn(context, { lazyConnect: true }, (client) => client.quit()),
    { spans: () => [span('QUIT', 'QUIT')] },
  ),
  path('a closed client, settled inside the call', (client) => closed(client).then(() => errorOf(client.get('k'))), {
    spans: () => [unanswered('GET', 'GET k', 'ConnectionClosedError', 'Connection is closed.')],
  }),
  path(
    'a subscriber that is asked for something else',
    async (client) => {
      await client.subscribe('news');
      return errorOf(client.get('k'));
    },
    {
      // With RESP3, which is 6's default, a subscriber is a client like any other.
      on: (version) => on(version) && !isIoredisFrom(version, '6.0'),
      spans: () => [
        unanswered('GET', 'GET k', 'SubscriberModeError', 'Connection in subscriber mode, only subscriber commands may be used'),
      ],
    },
  ),
  path('no offline queue', (_, context) => withOwn(context, { enableOfflineQueue: false }, (client) => errorOf(client.get('k'))), {
    spans: () => [unanswered('GET', 'GET k', 'ClientOfflineError', "Stream isn't writeable and enableOfflineQueue options is false")],
  }),
  path(
    'commandTimeout: the reply that comes later changes nothing',
    (_, context) =>
      withOwn(context, { commandTimeout: 100 }, async (client) => {
        const late = errorOf(client.blpop('queue', 0));
        const reason = await late;
        await context.server.request('LPUSH', 'queue', 'x');
        return [reason, await client.get('k')];
      }),
    {
      on: (version) => isIoredisFrom(version, '4.25'),
      spans: () => [unanswered('BLPOP', 'BLPOP queue 0', 'CommandTimeoutError', 'Command timed out', BLOCKING), span('GET', 'GET k', miss)],
    },
  ),
  path(
    'maxRetriesPerRequest',
    (_, context) =>
      withOwn(context, { host: '127.0.0.1', port: 1, maxRetriesPerRequest: 1, retryStrategy: () => 1 }, (client) =>
        errorOf(client.get('k')),
      ),
    {
      spans: () => [
        {
          name: 'GET 127.0.0.1:1',
          ...unanswered('GET', 'GET k', 'MaxRetriesPerRequestError', 'Reached the max retries per request limit', { 'server.port': 1 }),
        },
      ],
    },
  ),
  path('READONLY with reconnectOnError, one span of all tries', (_, context) => failedOver(context), {
    spans: () => [span('SET', 'SET k ?', { 'db.redis.value_length': 6, ...sentAgain })],
  }),
  path(
    'a connection that breaks while a command waits, which is sent again',
    async (client, { server }) => {
      const waiting = client.blpop('queue', 0);
      await blocked(server);
      // Not restarted: how often it is refused meanwhile is in the options of iovalkey.
      const lost = new Promise((resolve) => client.once('reconnecting', resolve));
      await server.request('CLIENT', 'KILL', 'TYPE', 'normal').catch(() => {});
      await lost;
      await blocked(server);
      await server.request('LPUSH', 'queue', 'x');
      return waiting;
    },
    { breaksConnection: true, spans: () => [span('BLPOP', 'BLPOP queue 0', { ...BLOCKING, ...sentAgain })] },
  ),
];

export const IOREDIS: readonly Path[] = [...SINGLE, ...SCRIPTED, ...BATCHED, ...STATES];

async function sendsOwnPromise(client: Client, { redis }: PathContext): Promise<unknown> {
  const command = new redis.library.Command('get', ['k'], { replyEncoding: 'utf8' });
  const returned = client.sendCommand(command);
  return [returned === command.promise, returned.constructor === Promise, Object.keys(command), await returned];
}

async function settleOrder(client: Client): Promise<unknown> {
  const order: string[] = [];
  // One packet: what comes in several settles in several turns.
  client.stream.cork();
  const all = [client.get('a'), client.set('b', 'secret'), client.get('a')].map((promise: Promise<unknown>, index) =>
    promise.then(() => {
      order.push(`reply ${index}`);
      queueMicrotask(() => order.push(`microtask ${index}`));
      process.nextTick(() => order.push(`tick ${index}`));
    }),
  );
  client.stream.uncork();
  await Promise.all(all);
  await new Promise((resolve) => setImmediate(resolve));
  return order;
}

async function forgotten(client: Client, { server }: PathContext): Promise<unknown> {
  client.get('list');
  client.get('list').catch(() => {});
  client.get('list', () => {});
  client.pipeline().get('list').exec();
  await settled(server);
  return 'heard';
}

async function monitored(client: Client): Promise<unknown> {
  const monitor = await client.monitor();
  const seen = new Promise((resolve) => monitor.once('monitor', (_: string, args: string[]) => resolve(args)));
  const reply = await client.get('k');
  const args = await seen;
  monitor.disconnect();
  return [reply, args];
}

async function withSubclass({ redis, server }: PathContext): Promise<unknown> {
  class Own extends redis.library {
    sendCommand(...args: unknown[]): unknown {
      return super.sendCommand(...args);
    }
  }
  const client: Client = new (Own as Client)({ host: server.host, port: server.port });
  try {
    return await client.get('k');
  } finally {
    client.disconnect();
  }
}

async function pipedAlone(client: Client): Promise<unknown> {
  defined(client);
  return [await client.pipeline().echoIt('k', 'v').exec(), await client.multi().echoIt('k', 'v').exec()];
}

async function flushed(client: Client, { server }: PathContext): Promise<unknown> {
  const replies = [await defined(client).echoIt('k', 'v')];
  await server.request('SCRIPT', 'FLUSH');
  return [...replies, ...(await Promise.all([client.echoIt('k', 'a'), client.echoIt('k', 'a')]))];
}

function autoPipelined(context: PathContext): Promise<unknown> {
  return withOwn(context, { enableAutoPipelining: true }, (client) =>
    Promise.all(['a', 'b', 'c'].map((key) => context.asCaller(() => client.get(key)))),
  );
}

async function failedOver(context: PathContext): Promise<unknown> {
  const { server } = context;
  await server.request('REPLICAOF', '127.0.0.1', '1');
  let asked = 0;
  const reconnectOnError = (error: Error): number => {
    if (asked++ === 0) void server.request('REPLICAOF', 'NO', 'ONE');
    return error.message.startsWith('READONLY') ? 2 : 0;
  };
  try {
    return await withOwn(context, { reconnectOnError }, (client) => client.set('k', 'secret'));
  } finally {
    await server.request('REPLICAOF', 'NO', 'ONE');
  }
}

async function closed(client: Client): Promise<void> {
  client.disconnect();
  if (client.status !== 'end') await new Promise((resolve) => client.once('end', resolve));
}
