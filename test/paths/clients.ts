import { end, isFrom, isIoredis } from '../support/versions';
import { blocked } from '../support/waiting';
import {
  batch,
  batchItems,
  blocking,
  called,
  failed,
  fromV4,
  fromV5,
  fromV41,
  hit,
  isBeforeV46,
  miss,
  notIoredis,
  type Path,
  type PathContext,
  span,
  unanswered,
  v4,
  WRONGTYPE,
  withClient,
} from './path';

/** Ways to come by a client, and states it can be in. */
export const CLIENTS: readonly Path[] = [
  {
    title: 'legacyMode',
    on: v4,
    run: (context) => withClient(context, { legacyMode: true }, (client) => called((callback) => client.get('k', callback))),
    // Before 4.6 its lower-case methods have the upper-case name.
    spans: (version) => [isBeforeV46(version) ? span('GET', 'GET k', miss) : span('get', 'get k', miss)],
  },
  {
    title: 'legacyMode through its v4 interface',
    on: v4,
    run: (context) => withClient(context, { legacyMode: true }, (client) => client.v4.get('k')),
    spans: () => [span('GET', 'GET k', miss)],
  },
  {
    title: 'legacy(), with the names as the application gave them',
    on: fromV5,
    run: ({ client }) => called((callback) => client.legacy().get('k', callback)),
    spans: () => [span('get', 'get k', miss)],
  },
  {
    title: 'duplicate()',
    on: (version) => fromV4(version) || isIoredis(version),
    run: async ({ client, version }) => {
      const duplicate = client.duplicate();
      duplicate.on('error', () => {});
      if (fromV4(version)) await duplicate.connect();
      try {
        return await duplicate.get('k');
      } finally {
        await end(duplicate);
      }
    },
    spans: () => [span('GET', 'GET k', miss)],
  },
  {
    title: 'executeIsolated',
    on: v4,
    run: ({ client }) => client.executeIsolated((isolated: PathContext['client']) => isolated.get('k')),
    spans: () => [span('GET', 'GET k', miss)],
  },
  {
    title: 'a command option that isolates',
    on: v4,
    run: ({ client, redis }) => client.get(redis.commandOptions?.({ isolated: true }), 'k'),
    spans: () => [span('GET', 'GET k', miss)],
  },
  {
    title: 'a pool, single and multi',
    on: fromV5,
    run: async ({ redis, server }) => {
      const pool = redis.createClientPool?.({ socket: { host: server.host, port: server.port } });
      pool.on('error', () => {});
      await pool.connect();
      try {
        return [
          await pool.get('a'),
          await pool.multi().get('a').get('b').exec(),
          await pool.execute((client: PathContext['client']) => client.get('c')),
        ];
      } finally {
        await pool.destroy();
      }
    },
    spans: () => [span('GET', 'GET a', miss), span('MULTI GET', 'GET a; GET b', batch(2, batchItems(0, 2))), span('GET', 'GET c', miss)],
  },
  {
    title: 'a hit in the client-side cache',
    on: (version) => isFrom(version, '5.12'),
    given: [['SET', 'k', 'v']],
    options: () => ({ RESP: 3, clientSideCache: { ttl: 0, maxEntries: 10, evictPolicy: 'LRU' } }),
    run: async ({ client }) => [await client.get('k'), await client.get('k'), await Promise.all([client.get('j'), client.get('j')])],
    // The second of two concurrent misses joins the first: it asks no server, and is no hit.
    spans: () => [
      span('GET', 'GET k', hit(1)),
      span('GET', 'GET k', { ...hit(1), 'db.redis.cache.local': true }),
      span('GET', 'GET j', miss),
    ],
  },
  {
    title: 'a client-side cache that counts nothing: what it answers has no span',
    on: (version) => isFrom(version, '5.12'),
    given: [['SET', 'k', 'v']],
    options: () => ({ RESP: 3, clientSideCache: { ttl: 0, maxEntries: 10, evictPolicy: 'LRU', recordStats: false } }),
    run: async ({ client }) => [await client.get('k'), await client.get('k')],
    spans: () => [span('GET', 'GET k', hit(1))],
  },
  {
    title: 'credentials that change: the AUTH is not a command of the application',
    on: (version) => isFrom(version, '5.12'),
    given: [['ACL', 'SETUSER', 'ada', 'on', '>secret', 'allkeys', 'allcommands', 'allchannels']],
    run: (context) => {
      const listeners: { onNext(credentials: object): void }[] = [];
      const credentialsProvider = {
        type: 'streaming-credentials-provider',
        subscribe: async (listener: (typeof listeners)[number]) => {
          listeners.push(listener);
          return [{}, { dispose: () => {} }];
        },
        onReAuthenticationError: (error: Error) => context.events.push(error.message),
      };
      return withClient(context, { credentialsProvider }, async (client) => {
        for (const listener of listeners) listener.onNext({ username: 'ada', password: 'secret' });
        return client.sendCommand(['ACL', 'WHOAMI']);
      });
    },
    spans: () => [span('ACL WHOAMI', 'ACL WHOAMI')],
  },
  {
    title: 'a key prefix, which is part of the key',
    on: (version) => isFrom(version, '6.3'),
    options: () => ({ keyPrefix: 'app:' }),
    run: ({ client }) => client.mGet(['a', 'b']),
    spans: () => [span('MGET', 'MGET app:a app:b', { 'cache.hit': false, 'cache.hit_count': 0, 'cache.miss_count': 2 })],
  },
  {
    title: 'quit',
    run: async ({ client }) => [await client.get('k'), await client.quit()],
    spans: () => [span('GET', 'GET k', miss), span('QUIT', 'QUIT')],
  },
  {
    title: 'a blocking pop that times out',
    run: ({ client }) => client.blPop('empty', 0.01),
    spans: () => [span('BLPOP', 'BLPOP empty 0.01', blocking)],
  },
  {
    title: 'a command that waits too long for its connection',
    on: (version) => isFrom(version, '5.12'),
    run: async ({ redis }) => {
      const client = redis.createClient({ socket: { host: '127.0.0.1', port: 1, reconnectStrategy: () => 10 } });
      client.on('error', () => {});
      const opening = client.connect().catch(() => 'closed');
      const reason = await client
        .withCommandOptions({ timeout: 50 })
        .get('k')
        .catch((error: Error) => error);
      await end(client);
      return [reason, await opening];
    },
    spans: () => [{ name: 'GET 127.0.0.1:1', ...unanswered('GET', 'GET k', 'TimeoutError', 'TimeoutError', { 'server.port': 1 }) }],
  },
  {
    title: 'the offline queue',
    run: async ({ redis, server }) => {
      const client = redis.createClient({ socket: { host: server.host, port: server.port }, database: 1 });
      client.on('error', () => {});
      const opening = client.connect();
      try {
        return [await client.get('k'), await opening.then(() => 'connected')];
      } finally {
        await end(client);
      }
    },
    spans: () => [span('GET', 'GET k', { ...miss, 'db.namespace': '1' })],
  },
  {
    title: 'a closed client',
    on: fromV5,
    run: async ({ client }) => {
      await client.close();
      return client.get('k');
    },
    spans: () => [unanswered('GET', 'GET k', 'ClientClosedError', 'The client is closed')],
  },
  {
    title: 'multi on a closed client',
    // Older ones never answer.
    on: (version) => isFrom(version, '4.4'),
    run: async ({ client }) => {
      await end(client);
      return client.multi().get('a').get('b').exec();
    },
    spans: () => [unanswered('MULTI GET', 'GET a; GET b', 'ClientClosedError', 'The client is closed', batch(2))],
  },
  {
    title: 'a server that refuses connections',
    run: async ({ redis }) => {
      const client = redis.createClient({ socket: { host: '127.0.0.1', port: 1, reconnectStrategy: () => new Error('no more') } });
      client.on('error', () => {});
      const opening = client.connect().catch((error: Error & { code?: string }) => error.code ?? error.message);
      const reply = await client.get('k').catch((error: Error & { code?: string }) => error.code ?? error.message);
      return [await opening, reply];
    },
    // Older ones try for ever.
    on: (version) => isFrom(version, '4.3'),
    spans: () => [
      {
        name: 'GET 127.0.0.1:1',
        ...unanswered('GET', 'GET k', 'ECONNREFUSED', 'ECONNREFUSED', { 'server.port': 1 }),
      },
    ],
  },
  {
    title: 'an abort signal that is aborted already',
    on: fromV4,
    run: ({ client, redis, version }) => {
      const signal = AbortSignal.abort();
      return v4(version) ? client.get(redis.commandOptions?.({ signal }), 'k') : client.withAbortSignal(signal).get('k');
    },
    spans: () => [unanswered('GET', 'GET k', 'AbortError', 'The command was aborted')],
  },
  {
    title: 'a full queue',
    on: fromV4,
    options: () => ({ commandsQueueMaxLength: 8 }),
    run: async ({ client }) => {
      const settled = await Promise.allSettled(Array.from({ length: 9 }, () => client.get('k')));
      return settled.map((one) => (one.status === 'rejected' ? one.reason : one.value));
    },
    spans: () => [unanswered('GET', 'GET k', 'Error', 'The queue is full'), ...Array.from({ length: 8 }, () => span('GET', 'GET k', miss))],
  },
  {
    title: 'an argument that cannot be sent',
    on: fromV41,
    run: ({ client }) => client.hSet('h', 'f', undefined),
    spans: () => [unanswered('HSET', 'HSET h f ?', 'TypeError', 'TypeError')],
  },
  {
    title: 'a connection that breaks while a command waits, and comes back',
    on: notIoredis,
    breaksConnection: true,
    run: async ({ client, server }) => {
      const waiting = client.blPop('empty', 0).catch((error: Error) => error);
      await blocked(server);
      await server.restart();
      return [await waiting, await client.get('k')];
    },
    spans: (version) => [
      fromV4(version)
        ? unanswered('BLPOP', 'BLPOP empty 0', 'SocketClosedUnexpectedlyError', 'Socket closed unexpectedly', blocking)
        : unanswered('BLPOP', 'BLPOP empty 0', 'UNCERTAIN_STATE', 'UNCERTAIN_STATE', blocking),
      span('GET', 'GET k', miss),
    ],
  },
  {
    title: 'RESP3',
    on: fromV5,
    given: [['HSET', 'h', 'f', 'v']],
    options: () => ({ RESP: 3 }),
    run: ({ client }) => Promise.all([client.hGetAll('h'), client.hGetAll('none'), client.zScore('z', 'm')]),
    spans: () => [span('HGETALL', 'HGETALL h', { 'cache.hit': true }), span('HGETALL', 'HGETALL none', miss), span('ZSCORE', 'ZSCORE z ?')],
  },
  {
    title: 'numbers mapped to strings',
    on: fromV5,
    given: [['SET', 'a', '1']],
    run: ({ client }) => client.withTypeMapping({ 58: String }).exists(['a', 'b']),
    spans: () => [span('EXISTS', 'EXISTS a b', { 'cache.hit_count': 1, 'cache.miss_count': 1 })],
  },
  {
    title: 'a rejection nobody handles stays unhandled, once',
    given: [['LPUSH', 'list', 'x']],
    run: async ({ client }) => {
      client.get('list');
      await client.ping();
    },
    spans: () => [failed('GET', 'GET list', 'WRONGTYPE', WRONGTYPE), span('PING', 'PING')],
  },
];
