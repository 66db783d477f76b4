// Knows: what an application can do with redis 2 and 3, and writes down all it gets to see. Plain node, no tracing.
// Must not know: that there is anything beside redis.
//
// node legacy-client.scenarios.cjs <version> <port> <socket path> [scenario…]: prints { scenario: [what happened, in order] }.
'use strict';
const { createRequire } = require('node:module');
const { connect } = require('node:net');
const { join } = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { promisify } = require('node:util');

const [version, portText, socketPath, ...wanted] = process.argv.slice(2);
const port = Number(portText);
const redis = createRequire(join(__dirname, '..', 'versions', `redis-${version}`, 'package.json'))('redis');

const EVENTS = ['connect', 'ready', 'end', 'error', 'reconnecting', 'warning', 'message', 'pmessage', 'message_buffer', 'monitor'];
const SUBSCRIPTIONS = ['subscribe', 'unsubscribe', 'psubscribe', 'punsubscribe'];

let log = [];
const note = (...words) => log.push(words.map(shown));

function shown(value) {
  if (value instanceof Error) {
    const { name, message, code, command, args, position, origin, errors } = value;
    const own = Object.getOwnPropertyNames(value).filter((key) => key !== 'stack');
    const kind = value.constructor.name;
    return {
      kind,
      name,
      message,
      code,
      command,
      args: args?.map(shown),
      position,
      origin: shown(origin),
      errors: errors?.map(shown),
      own: own.sort(),
    };
  }
  if (Buffer.isBuffer(value)) return `Buffer ${value.toString('hex').slice(0, 80)}`;
  if (typeof value === 'string' && value.length > 300) return `${value.slice(0, 20)}… (${value.length})`;
  if (Array.isArray(value)) return value.map(shown);
  if (value instanceof Date) return `Date ${value.getTime()}`;
  if (value === undefined) return 'undefined';
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shown(member)]));
  return typeof value === 'function' ? `function ${value.name}` : value;
}

/** A callback that notes all it is given: arguments, their number, and `this`. */
function called(label) {
  return function (...args) {
    note('called', label, args.length, this === undefined || this === globalThis ? 'no this' : this.constructor.name, ...args);
  };
}

const thrower = (message) => () => {
  throw new Error(message);
};

/** Notes what a call returns or throws. */
function call(label, run) {
  try {
    const returned = run();
    note('returned', label, typeof returned === 'object' ? typeof returned : returned);
  } catch (error) {
    note('thrown', label, error);
  }
}

function watch(client, { errors = true } = {}) {
  for (const event of [...EVENTS, ...SUBSCRIPTIONS]) {
    if (event === 'error' && !errors) continue;
    // A line of MONITOR starts with the time, and its third word has it again.
    client.on(event, (...args) => note('event', event, ...(event === 'monitor' ? [args[1]] : args)));
  }
  return client;
}

/** Until nothing more happens: nothing to note in several turns, and a busy server has answered in between. */
async function quiet() {
  for (let turns = 0, size = log.length; turns < 8; turns = log.length === size ? turns + 1 : 0, size = log.length) {
    await sleep(2);
    await pong();
  }
}

/** Until an entry begins like this. */
async function noted(...words) {
  while (!log.some((entry) => words.every((word, index) => entry[index] === word))) await sleep(2);
}

/** A round trip without any client library. */
function pong() {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', () => resolve(socket.destroy()));
    socket.once('error', reject);
  });
}

const create = (options, listening) => watch(redis.createClient({ host: '127.0.0.1', port, ...options }), listening);
const ready = (client) => new Promise((resolve) => (client.ready ? resolve() : client.once('ready', resolve)));
const answered = (client) =>
  promisify(client.ping)
    .call(client)
    .catch(() => {});

async function connected(options, listening) {
  const client = create(options, listening);
  await ready(client);
  return client;
}

/** Another client, whose doings are not noted. */
async function withAdmin(work) {
  const admin = redis.createClient(port, '127.0.0.1');
  admin.on('error', () => {});
  try {
    return await work(promisify(admin.send_command).bind(admin));
  } finally {
    admin.end(false);
  }
}

const killAll = () => withAdmin((send) => send('client', ['kill', 'type', 'normal', 'skipme', 'yes']));
const ended = (client) => new Promise((resolve) => client.once('end', resolve));

const SCENARIOS = {
  async 'commands with a callback'() {
    const client = await connected();
    call('set', () => client.set('k', 'v', called('set')));
    call('SET', () => client.SET(['k2', 'v2'], called('SET')));
    call('get', () => client.get('k', called('get')));
    call('miss', () => client.get('none', called('miss')));
    call('hmset', () => client.hmset('h', { a: 1, b: 'x' }, called('hmset')));
    call('hgetall', () => client.hgetall('h', called('hgetall')));
    call('hgetall none', () => client.hgetall('none', called('hgetall none')));
    call('mget', () => client.mget(['k', 'none'], called('mget')));
    call('eval', () => client.eval('return {1, {2, ARGV[1]}}', 0, 'x', called('eval')));
    call('info', () => client.info('cpu', (error, text) => note('info', error, typeof text)));
    await answered(client);
    note('own names', Object.getOwnPropertyNames(client));
    return client;
  },
  async 'promisified commands'() {
    const client = await connected();
    note(await promisify(client.set).call(client, 'k', 'v'), await promisify(client.get).bind(client)('k'));
    await promisify(client.lpush)
      .call(client, 'k', 'x')
      .catch((error) => note('rejected', error));
    note(await promisify((done) => client.multi().get('k').exec(done))());
    promisify(client.incr).call(client, 'k');
    await quiet();
    return client;
  },
  async 'commands without a callback'() {
    const client = await connected();
    call('set', () => client.set('k', 'v'));
    call('undefined for a callback', () => client.set('k2', 'v', undefined));
    call('hgetall', () => client.hgetall('none'));
    call('mget', () => client.mget('k', 'k2'));
    client.get('k', called('get'));
    await answered(client);
    return client;
  },
  async 'errors with and without a callback'() {
    const client = await connected();
    client.set('k', 'v');
    client.lpush('k', 1, called('with'));
    client.lpush('k', 2);
    client.get('k', called('next'));
    client.lpush('k', 3);
    client.send_command('nonsense', ['a'], called('nonsense'));
    client.send_command('nonsense', ['a']);
    await answered(client);
    return client;
  },
  async 'errors nobody listens to'() {
    const client = await connected({}, { errors: false });
    await promisify(client.set).call(client, 'k', 'v');
    // One at a time: an exception leaves the parser in the middle of what it had read.
    client.lpush('k', 1);
    await quiet();
    client.get('k', called('next'));
    await quiet();
    client.end(false);
    const other = await connected({}, { errors: false });
    other.select('nowhere');
    await quiet();
    other.end(false);
  },
  async 'callbacks that throw'() {
    const client = await connected();
    client.get('k', thrower('from the callback'));
    client.get('k', called('next'));
    await quiet();
    await answered(client);
    return client;
  },
  async 'commands while offline'() {
    const client = create();
    call('set', () => client.set('k', 'v', called('set')));
    call('silent', () => client.set('k', 'w'));
    call('fails', () => client.lpush('k', 1, called('fails')));
    call('fails silently', () => client.lpush('k', 1));
    call('multi', () => client.multi().get('k').exec(called('multi')));
    call('batch', () => client.batch().get('k').get('none').exec(called('batch')));
    call('silent batch', () => client.batch().get('k').lpush('k', 1).exec());
    client.once('ready', () => client.get('k', called('in ready')));
    await ready(client);
    await answered(client);
    return client;
  },
  async 'commands while offline without a queue'() {
    const client = create({ enable_offline_queue: false });
    call('set', () => client.set('k', 'v', called('set')));
    call('silent', () => client.set('k', 'w'));
    call('multi', () => client.multi().get('k').exec(called('multi')));
    call('silent multi', () => client.multi().get('k').exec());
    call('batch', () => client.batch().get('k').get('none').exec(called('batch')));
    call('silent batch', () => client.batch().get('k').exec());
    await ready(client);
    await answered(client);
    return client;
  },
  async batches() {
    const client = await connected();
    client.set('k', 'v');
    const batch = client
      .batch()
      .get('k', called('member'))
      .get('none')
      .lpush('k', 1)
      .lpush('k', 2, called('failing member'))
      .hgetall('none');
    call('exec', () => batch.exec(called('exec')));
    call('EXEC', () => client.batch().get('k').EXEC(called('EXEC')));
    call('exec_batch', () =>
      client
        .batch([
          ['get', 'k'],
          ['mget', ['k', 'none']],
        ])
        .exec_batch(called('exec_batch')),
    );
    call('without callback', () => client.batch().get('k', called('its member')).lpush('k', 1).exec());
    call('empty', () => client.batch().exec(called('empty')));
    call('empty without callback', () => client.batch().exec());
    call('again', () => batch.exec(called('second exec')));
    call('of 50', () =>
      Array.from({ length: 50 }, (_, i) => ['get', `k${i}`])
        .reduce((all, [name, key]) => all[name](key), client.batch())
        .exec(called('of 50')),
    );
    await answered(client);
    note('own names', Object.getOwnPropertyNames(batch));
    return client;
  },
  async transactions() {
    const client = await connected();
    client.set('k', 'v');
    const multi = client.multi().get('k', called('member')).hgetall('none').lpush('k', 1).lpush('k', 2, called('failing member')).incr('n');
    call('exec', () => multi.exec(called('exec')));
    call('EXEC', () =>
      client
        .multi([
          ['set', 'x', 1],
          ['hmset', 'h', 'a', 1],
          ['hgetall', 'h'],
        ])
        .EXEC(called('EXEC')),
    );
    call('without callback', () => client.multi().get('k').lpush('k', 1).exec());
    call('empty', () => client.multi().exec(called('empty')));
    call('of one', () => client.multi().get('k').exec(called('of one')));
    call('exec_transaction', () => client.batch().get('k').exec_transaction(called('exec_transaction')));
    await answered(client);
    note('own names', Object.getOwnPropertyNames(multi));
    return client;
  },
  async 'transactions that are refused'() {
    const client = await connected();
    call('arity', () => client.multi().set('k', 'v').set('k').send_command?.('nonsense'));
    call('exec', () => client.multi().set('k', 'v').set('k', called('member')).get('k', called('innocent')).exec(called('exec')));
    call('without callback', () => client.multi().set('k', 'v').set('k').exec());
    call('one', () => client.multi().set('k').exec(called('one')));
    await answered(client);
    return client;
  },
  async 'transactions that are aborted by WATCH'() {
    const client = await connected();
    await promisify(client.watch).call(client, 'k');
    await withAdmin((send) => send('set', ['k', 'other']));
    call('exec', () => client.multi().set('k', 'v').get('k', called('member')).exec(called('exec')));
    client.watch('k');
    client.unwatch();
    call('after', () => client.multi().get('k').exec(called('after')));
    await answered(client);
    return client;
  },
  async exec_atomic() {
    const client = await connected();
    call('none', () => client.multi().exec_atomic(called('none')));
    call('one', () => client.multi().get('k').exec_atomic(called('one')));
    call('two', () => client.multi().get('k').incr('n').EXEC_ATOMIC(called('two')));
    call('batch of two', () => client.batch().get('k').incr('n').execAtomic(called('batch of two')));
    call('without callback', () => client.multi().incr('n').exec_atomic());
    await answered(client);
    return client;
  },
  async 'transactions sent by hand'() {
    const client = await connected();
    for (const [name, ...args] of [['multi'], ['set', 'k', 'v'], ['get', 'k'], ['exec']]) client.send_command(name, args, called(name));
    await answered(client);
    return client;
  },
  async 'odd arguments'() {
    const client = await connected();
    const args = ['k', 7];
    call('number', () => client.set(args, called('number')));
    call('date', () => client.set('d', new Date(0), called('date')));
    call('buffer', () => client.set(Buffer.from('b'), Buffer.from([0, 255]), called('buffer')));
    call('big', () => client.set('big', 'x'.repeat(40_000), called('big')));
    call('boolean', () => client.set('t', true, called('boolean')));
    for (const odd of [undefined, null, { a: 1 }, Object.create(null)]) {
      const label = odd === null ? 'null' : `${typeof odd} ${Object.getPrototypeOf(odd ?? 0) === null}`;
      call(label, () => client.hset('h', 'f', odd, called(label)));
      call(`${label} silently`, () => client.hset('h', odd, 'v'));
      call(`${label} in multi`, () =>
        client
          .multi()
          .set('k', 1)
          .hset('h', odd, 'v')
          .get('k')
          .exec(called(`${label} in multi`)),
      );
      call(`${label} in batch`, () =>
        client
          .batch()
          .set('k', 1)
          .hset('h', odd, 'v')
          .get('k')
          .exec(called(`${label} in batch`)),
      );
    }
    // An exception leaves the client corked.
    client.uncork();
    client.get('k', called('k'));
    client.get('d', called('d'));
    await quiet();
    note('args', args);
    client.end(false);
  },
  async 'callbacks that are no function'() {
    const client = await connected();
    call('get', () => client.get(['k'], 'callback'));
    await quiet();
    call('nonsense', () => client.hset(['h'], 'callback'));
    await quiet();
    client.end(false);
  },
  async 'odd arguments in a silent batch'() {
    const client = await connected();
    call('null', () => client.batch().set('k', 1).hset('h', null, 'v').get('k').exec());
    client.uncork();
    await quiet();
    client.end(false);
  },
  async 'a callback that sends more, synchronously'() {
    const client = await connected();
    client
      .batch()
      .set('k', 1)
      .hset('h', undefined, 'v', () => client.get('k', called('inner')))
      .get('k')
      .exec(called('batch'));
    client
      .multi()
      .set('k', 1)
      .hset('h', undefined, 'v', () => client.get('k', called('inner')))
      .get('k')
      .exec(called('multi'));
    await answered(client);
    return client;
  },
  async 'buffers in replies'() {
    for (const options of [{ return_buffers: true }, { detect_buffers: true }, { string_numbers: true }]) {
      const client = await connected(options);
      client.hmset('h', 'a', 'b', called('hmset'));
      client.hgetall('h', called('hgetall'));
      client.hgetall(Buffer.from('h'), called('hgetall of a buffer'));
      client.incr('n', called('incr'));
      client.multi().hgetall('h').get(Buffer.from('n')).get('n').exec(called('multi'));
      client.batch().hgetall('h').get(Buffer.from('n')).get('n').exec(called('batch'));
      client.hgetall('h');
      await answered(client);
      client.quit();
      await ended(client);
    }
  },
  async 'many commands at once'() {
    const client = await connected();
    for (let i = 0; i < 50; i++) i % 2 ? client.get(`k${i}`, called(i)) : client.set(`k${i}`, i);
    await answered(client);
    return client;
  },
  async 'a blocking pop'() {
    const client = await connected();
    client.blpop('list', 0, called('blpop'));
    client.get('k', called('behind'));
    await withAdmin((send) => send('rpush', ['list', 'a']));
    await answered(client);
    return client;
  },
  async 'publish and subscribe'() {
    const client = await connected();
    const other = await connected();
    call('subscribe', () => client.subscribe('a', 'b', called('subscribe')));
    call('silent', () => client.psubscribe('p*'));
    call('again', () => client.subscribe('c', called('again')));
    await quiet();
    // Noted later: which of two connections has its say first is a matter of time.
    const answers = [];
    const keep = function (...reply) {
      answers.push(() => called('publish').apply(this, reply));
    };
    call('publish', () => other.publish('a', 'hello', keep));
    call('silent publish', () => other.publish('px', 'hello'));
    await answered(other);
    await quiet();
    for (const note of answers) note();
    call('get', () => client.get('k', called('get')));
    call('silent get', () => client.get('k'));
    call('ping', () => client.ping(called('ping')));
    await quiet();
    call('unsubscribe', () => client.unsubscribe('a', called('unsubscribe')));
    call('punsubscribe', () => client.punsubscribe());
    call('all', () => client.unsubscribe(called('all')));
    call('get', () => client.get('k', called('get after')));
    await quiet();
    other.quit();
    client.end(false);
  },
  async 'subscriptions over a reconnect'() {
    const client = await connected({ retry_strategy: () => 10 });
    client.subscribe('a', called('subscribe'));
    client.psubscribe('p*', called('psubscribe'));
    await answered(client);
    const again = new Promise((resolve) => client.once('ready', resolve));
    await withAdmin((send) => send('client', ['kill', 'type', 'pubsub']));
    await again;
    await withAdmin((send) => send('publish', ['a', 'hello']));
    await quiet();
    return client;
  },
  async 'monitor mode'() {
    const client = await connected();
    call('monitor', () => client.monitor(called('monitor')));
    client.get('k', called('get'));
    client.set('k', 'v');
    call('multi', () => client.multi().get('k').exec(called('multi')));
    call('silent multi', () => client.multi().get('k').exec());
    client.batch().get('k').get('n').exec(called('batch'));
    // It hears every command of the server, those that make sure it is quiet as well.
    await noted('called', 'batch');
    client.end(false);
  },
  async quit() {
    const client = await connected();
    client.set('k', 'v');
    client.get('k', called('get'));
    call('quit', () => client.quit(called('quit')));
    call('with callback', () => client.get('k', called('with callback')));
    call('silent', () => client.get('k'));
    call('batch', () => client.batch().get('k').get('n').exec(called('batch')));
    call('multi', () => client.multi().get('k').exec(called('multi')));
    call('again', () => client.quit(called('again')));
    await ended(client);
    call('late', () => client.get('k', called('late')));
    call('late silent', () => client.get('k'));
    await quiet();
  },
  async 'quit without a callback, behind a silent command'() {
    const client = await connected();
    client.set('k', 'v');
    client.lpush('k', 1);
    client.quit();
    client.get('k');
    client.get('k', called('get'));
    await ended(client);
    await quiet();
  },
  async 'quit while offline'() {
    const client = create();
    client.set('k', 'v', called('set'));
    client.quit(called('quit'));
    await ended(client);
    await quiet();
  },
  async 'end with a flush'() {
    const client = await connected();
    client.blpop('none', 0, called('blpop'));
    client.blpop('none', 0);
    client.multi().get('k', called('member')).exec(called('multi'));
    client.batch().get('k', called('batch member')).get('n').exec(called('batch'));
    client.batch().get('k').exec();
    client.get('k', () => {
      call('in the flush', () => client.get('k'));
      call('in the flush with callback', () => client.get('k', called('in the flush with callback')));
    });
    await quiet();
    call('end', () => client.end(true));
    await quiet();
  },
  async 'end without a flush'() {
    const client = await connected();
    client.blpop('none', 0, called('blpop'));
    client.get('k');
    await quiet();
    call('end', () => client.end(false));
    call('late', () => client.get('k', called('late')));
    await quiet();
  },
  async 'a lost connection'() {
    const client = await connected({ retry_strategy: () => 10 });
    client.blpop('none', 0, called('blpop'));
    client.get('k', called('get'));
    client.get('k');
    client.multi().get('k', called('member')).incr('n').exec(called('multi'));
    client.multi().get('k').exec();
    client.batch().get('k').get('n', called('batch member')).exec(called('batch'));
    client.batch().get('k').exec();
    client.get('k', () => {
      call('in the flush', () => client.set('k', 'flushed'));
      call('in the flush with callback', () => client.get('k', called('in the flush with callback')));
    });
    const again = new Promise((resolve) => client.once('ready', resolve));
    await quiet();
    await killAll();
    await again;
    await answered(client);
    return client;
  },
  async 'a lost connection while debugging'() {
    const client = await connected({ retry_strategy: () => 10 });
    const again = new Promise((resolve) => client.once('ready', resolve));
    redis.debug_mode = true;
    client.blpop('none', 0, called('blpop'));
    client.get('k');
    client.get('n');
    await quiet();
    await killAll();
    await again;
    redis.debug_mode = false;
    return client;
  },
  async 'a lost connection, commands sent again'() {
    const client = await connected({ retry_strategy: () => 10, retry_unfulfilled_commands: true });
    client.blpop('list', 0, called('blpop'));
    client.set('k', 'v');
    client.multi().get('k').exec(called('multi'));
    client.batch().get('k').exec(called('batch'));
    const again = new Promise((resolve) => client.once('ready', resolve));
    await quiet();
    await killAll();
    await again;
    await withAdmin((send) => send('rpush', ['list', 'a']));
    await answered(client);
    return client;
  },
  async 'a server that is not there'() {
    let attempts = 0;
    const client = create({ port: 1, retry_strategy: () => (++attempts < 3 ? 10 : new Error('enough')) });
    client.get('k', called('get'));
    client.get('k');
    client.multi().get('k').exec(called('multi'));
    client.batch().get('k').exec(called('batch'));
    await noted('called', 'get');
    await quiet();
  },
  async 'a server that is not there, without a strategy'() {
    const client = create({ port: 1, connect_timeout: 250 });
    client.get('k', called('get'));
    client.get('k');
    client.multi().get('k').exec();
    await noted('called', 'get');
    await quiet();
  },
  async select() {
    const client = await connected({ retry_strategy: () => 10 });
    call('select', () => client.select(3, called('select')));
    client.select(99, called('out of range'));
    client.select('nowhere');
    client.set('k', 'v');
    client.multi().select(4).get('k').exec(called('multi'));
    client.batch().select(5).get('k').exec(called('batch'));
    client.send_command('select', ['6'], called('by hand'));
    await answered(client);
    note(client.selected_db);
    const again = new Promise((resolve) => client.once('ready', resolve));
    await killAll();
    await again;
    client.get('k', called('get'));
    await answered(client);
    return client;
  },
  async 'options of the connection'() {
    for (const options of [
      { db: 2 },
      { prefix: 'p:' },
      { rename_commands: { get: 'GETSET' } },
      { no_ready_check: true },
      { path: socketPath },
    ]) {
      const client = create(options);
      client.set('k', 'v', called('set'));
      client.get('k', called('get'));
      client.mget('k', 'k2', called('mget'));
      await ready(client);
      await answered(client);
      client.quit(called('quit'));
      await ended(client);
      await quiet();
    }
    const url = watch(redis.createClient(`redis://127.0.0.1:${port}/3`));
    url.get('k', called('url'));
    await ready(url);
    await answered(url);
    return url;
  },
  async duplicates() {
    const client = await connected();
    client.select(2);
    await answered(client);
    const copy = watch(client.duplicate());
    copy.set('k', 'v', called('set'));
    await ready(copy);
    await answered(copy);
    copy.quit();
    await ended(copy);
    const late = await promisify(client.duplicate).call(client, { db: 3 });
    late.get('k', called('get'));
    await answered(late);
    late.quit();
    return client;
  },
  async passwords() {
    // The check would race with the answer to AUTH.
    const client = create({ password: 'secret', no_ready_check: true });
    await ready(client);
    await quiet();
    client.get('k', called('get'));
    await answered(client);
    client.auth('secret', called('auth'));
    client.auth('secret');
    await answered(client);
    return client;
  },
  async 'replies switched off'() {
    const client = await connected();
    client.client('reply', 'skip', called('skip'));
    client.set('k', 'v', called('skipped'));
    client.set('k', 'w', called('answered'));
    client.client('reply', 'off');
    client.set('k', 'x');
    client.batch().set('k', 'x').set('k', 'y').exec(called('batch'));
    client.client('reply', 'on', called('on'));
    client.get('k', called('get'));
    await answered(client);
    return client;
  },
};

/** Those that change the whole process: only by name. */
const ALONE = {
  async 'in a domain'() {
    const domain = require('node:domain').create();
    domain.on('error', (error) => note('domain', error));
    const client = await connected({}, { errors: false });
    domain.run(() => {
      client.set('k', 'v', called('set'));
      client.get('k', called('get'));
    });
    await quiet();
    // One at a time: an exception leaves the parser in the middle of what it had read.
    for (const fails of [() => client.lpush('k', 1), () => client.get('k', thrower('in the domain'))]) {
      domain.run(fails);
      await quiet();
    }
    domain.run(() => client.get('k', called('behind')));
    await quiet();
    client.end(false);
  },
  async 'until it crashes'() {
    process.removeAllListeners('uncaughtException');
    process.on('exit', () => process.stdout.write(JSON.stringify({ crash: log })));
    const client = await connected({}, { errors: false });
    client.set('k', 'v', called('set'));
    client.lpush('k', 1);
    client.get('k', called('never'));
    // Its connection keeps the process alive.
    await new Promise(() => {});
  },
};

process.on('uncaughtException', (error) => note('uncaughtException', error));
process.on('unhandledRejection', (error) => note('unhandledRejection', error));
process.on('warning', ({ name, message }) => note('warning', name, message));

async function run() {
  const results = {};
  for (const name of wanted.length > 0 ? wanted : Object.keys(SCENARIOS)) {
    await withAdmin((send) => send('flushall', []));
    log = results[name] = [];
    const client = await (SCENARIOS[name] ?? ALONE[name])();
    client?.quit(called('last quit'));
    if (client !== undefined) await ended(client);
    await quiet();
    // What comes late is the next scenario's no more.
    log = [];
  }
  process.stdout.write(JSON.stringify(results));
}

if (process.env.LIST === undefined) run();
else process.stdout.write(JSON.stringify(Object.keys(SCENARIOS)));
