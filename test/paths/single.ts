import { failed, fromV4, fromV5, fromV41, hit, items, lockAttempt, miss, type Path, span, v4, WRONGTYPE } from './path';

/** Commands sent one by one. */
export const SINGLE_COMMANDS: readonly Path[] = [
  {
    title: 'get, a hit',
    given: [['SET', 'user:7', 'héllo']],
    run: ({ client }) => client.get('user:7'),
    spans: () => [span('GET', 'GET user:7', hit(6))],
  },
  { title: 'get, a miss', run: ({ client }) => client.get('user:7'), spans: () => [span('GET', 'GET user:7', miss)] },
  {
    title: 'get of an empty string, a hit',
    given: [['SET', 'empty', '']],
    run: ({ client }) => client.get('empty'),
    spans: () => [span('GET', 'GET empty', hit(0))],
  },
  { title: 'GET in upper case', run: ({ client }) => client.GET('k'), spans: () => [span('GET', 'GET k', miss)] },
  {
    title: 'set with options',
    run: ({ client }) => client.set('k', 'secret', { EX: 60, NX: true }),
    spans: () => [span('SET', 'SET k ? EX ? NX', { 'db.redis.value_length': 6, 'db.redis.ttl_seconds': 60 })],
  },
  {
    title: 'a lock that is refused by NX, an outcome and no error',
    given: [['SET', 'lock:k', 'taken']],
    run: ({ client }) => client.set('lock:k', 'secret', { NX: true, PX: 1500 }),
    spans: () => [span('SET', 'SET lock:k ? PX ? NX', { 'db.redis.value_length': 6, ...lockAttempt(false, 1.5) })],
  },
  {
    title: 'an existing consumer group, an outcome and no error',
    on: fromV4,
    given: [['XGROUP', 'CREATE', 'jobs', 'workers', '$', 'MKSTREAM']],
    run: async ({ client }) => {
      const error = await client.xGroupCreate('jobs', 'workers', '$').catch((reason: Error) => reason);
      return String(error);
    },
    spans: () => [span('XGROUP CREATE', 'XGROUP CREATE jobs workers $', { 'db.response.status_code': 'BUSYGROUP' })],
  },
  {
    title: 'setEx',
    run: ({ client }) => client.setEx('k', 30, 'secret'),
    spans: () => [span('SETEX', 'SETEX k ? ?', { 'db.redis.value_length': 6, 'db.redis.ttl_seconds': 30 })],
  },
  {
    title: 'mGet, partly found',
    given: [['MSET', 'a', '1', 'c', '3']],
    run: ({ client }) => client.mGet(['a', 'b', 'c']),
    spans: () => [span('MGET', 'MGET a b c', items(2, 1))],
  },
  {
    title: 'hGetAll, a miss',
    run: ({ client }) => client.hGetAll('user:7'),
    spans: () => [span('HGETALL', 'HGETALL user:7', miss)],
  },
  {
    title: 'hGetAll, a hit',
    given: [['HSET', 'user:7', 'name', 'x']],
    run: ({ client }) => client.hGetAll('user:7'),
    spans: () => [span('HGETALL', 'HGETALL user:7', { 'cache.hit': true })],
  },
  {
    title: 'hSet',
    run: ({ client }) => client.hSet('user:7', { name: 'secret', mail: 'secret' }),
    spans: () => [span('HSET', 'HSET user:7 name ? mail ?')],
  },
  {
    title: 'exists of one key',
    given: [['SET', 'a', '1']],
    run: ({ client }) => client.exists('a'),
    spans: () => [span('EXISTS', 'EXISTS a', { 'db.redis.key_exists': true })],
  },
  {
    title: 'exists of several keys',
    given: [['SET', 'a', '1']],
    run: ({ client }) => client.exists(['a', 'b', 'a']),
    spans: () => [span('EXISTS', 'EXISTS a b a', { 'cache.hit_count': 2, 'cache.miss_count': 1 })],
  },
  {
    title: 'del',
    given: [['SET', 'a', '1']],
    run: ({ client }) => client.del(['a', 'b']),
    spans: () => [span('DEL', 'DEL a b', { 'db.redis.keys_deleted': 1 })],
  },
  {
    title: 'expire',
    given: [['SET', 'a', '1']],
    run: ({ client }) => client.expire('a', 90),
    spans: () => [span('EXPIRE', 'EXPIRE a ?', { 'db.redis.ttl_seconds': 90 })],
  },
  {
    title: 'an error of the server',
    given: [['LPUSH', 'list', 'x']],
    run: ({ client }) => client.get('list'),
    spans: () => [failed('GET', 'GET list', 'WRONGTYPE', WRONGTYPE)],
  },
  {
    title: 'a raw command',
    given: [['SET', 'k', 'v']],
    run: ({ client }) => client.sendCommand(['GET', 'k']),
    spans: () => [span('GET', 'GET k', hit(1))],
  },
  {
    title: 'a raw command in lower case, named as the application gave it',
    given: [['SET', 'k', 'v']],
    run: ({ client }) => client.sendCommand(['get', 'k']),
    spans: () => [span('get', 'get k', hit(1))],
  },
  {
    title: 'a container command, named by both words',
    run: ({ client }) => client.configGet('maxmemory'),
    spans: () => [span('CONFIG GET', 'CONFIG GET maxmemory')],
  },
  {
    title: 'a command the catalogue does not know: its name and nothing else',
    run: ({ client }) => client.sendCommand(['NOSUCH.COMMAND', 'secret', 'secret']),
    spans: () => [failed('NOSUCH.COMMAND', 'NOSUCH.COMMAND', 'ERR', 'ERR unknown command')],
  },
  {
    title: 'a command of a module',
    run: ({ client }) => client.json.get('doc'),
    spans: () => [failed('JSON.GET', 'JSON.GET doc', 'ERR', 'ERR unknown command')],
    on: fromV41,
  },
  {
    title: 'Buffers',
    on: fromV4,
    given: [['SET', 'k', 'v']],
    run: ({ client, redis, version }) =>
      v4(version)
        ? client.get(redis.commandOptions?.({ returnBuffers: true }), 'k')
        : client.withTypeMapping({ 36: Buffer }).get(Buffer.from('k')),
    spans: () => [span('GET', 'GET k', hit(1))],
  },
  {
    title: 'a binary key stays hidden',
    run: ({ client }) => client.get(Buffer.from([0xff, 0x00])),
    on: fromV5,
    spans: () => [span('GET', 'GET ?', miss)],
  },
  {
    title: 'scanIterator, a span a page',
    on: fromV4,
    given: [['SET', 'k', 'v']],
    run: async ({ client }) => {
      const pages = [];
      for await (const page of client.scanIterator()) pages.push(page);
      return pages;
    },
    spans: () => [span('SCAN', 'SCAN 0')],
  },
  {
    title: 'publish',
    run: ({ client }) => client.publish('orders:17', 'secret'),
    spans: () => [
      {
        ...span('PUBLISH', 'PUBLISH orders:17 ?', {
          'messaging.system.name': 'redis',
          'messaging.operation.type': 'send',
          'messaging.operation.name': 'publish',
          'messaging.destination.name': 'orders:17',
          'messaging.message.body.size': 6,
        }),
        name: 'publish orders:{}',
        kind: 'PRODUCER',
      },
    ],
  },
  {
    title: 'select is followed',
    run: async ({ client }) => {
      const before = client.get('k');
      await client.select(3);
      return [await before, await client.get('k')];
    },
    spans: () => [span('GET', 'GET k', miss), span('SELECT', 'SELECT 3'), span('GET', 'GET k', { ...miss, 'db.namespace': '3' })],
  },
  {
    title: 'a database in the options',
    options: () => ({ database: 2 }),
    run: ({ client }) => client.get('k'),
    spans: () => [span('GET', 'GET k', { ...miss, 'db.namespace': '2' })],
  },
  {
    title: 'a refused SELECT changes nothing',
    run: async ({ client }) => {
      await client.select(99).catch(() => {});
      return client.get('k');
    },
    spans: () => [failed('SELECT', 'SELECT 99', 'ERR', 'ERR DB index is out of range'), span('GET', 'GET k', miss)],
  },
];
