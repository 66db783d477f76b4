// Knows: how mixes of concurrent calls are made of a seed, and notes the order in which they settle. No instrumentation.
// Must not know: that there is anything beside redis; the contexts it calls in mean nothing without an SDK.
//
// node settle-order.cjs <port> <seed> <rounds> <version…>: prints { version: [the order of each round] }.
'use strict';
const { createRequire } = require('node:module');
const { Socket } = require('node:net');
const { join } = require('node:path');
const { context, createContextKey, ROOT_CONTEXT, trace } = require('@opentelemetry/api');

const [port, seed, rounds, ...versions] = process.argv.slice(2);
const socket = { host: '127.0.0.1', port: Number(port), reconnectStrategy: () => 50 };

/** Mulberry32. */
function randomOf(state) {
  let now = state;
  return (limit) => {
    now = (now + 0x6d2b79f5) | 0;
    let t = Math.imul(now ^ (now >>> 15), 1 | now);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  };
}

// What arrives is held until the mark is in it, and then given to the client in one piece: where packets end is chance.
let held;
const { emit } = Socket.prototype;
Socket.prototype.emit = function (name, chunk) {
  if (held === undefined || name !== 'data' || this.remotePort !== Number(port)) return emit.apply(this, arguments);
  held.socket = this;
  held.chunks.push(chunk);
  if (Buffer.concat(held.chunks).includes(held.mark)) held.release();
  return true;
};

let marks = 0;
/** Settled are the calls whose replies have come before that of `echo`. */
async function inOnePiece(start) {
  const mark = `mark-${marks++}-`;
  const arrived = new Promise((resolve) => {
    held = { chunks: [], mark: `${mark}\r\n`, release: resolve };
  });
  start(mark);
  await arrived;
  const { socket: from, chunks } = held;
  held = undefined;
  emit.call(from, 'data', Buffer.concat(chunks));
  await new Promise((resolve) => setImmediate(resolve));
}

const SUPPRESSED = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');
const parent = (traceFlags) => trace.setSpanContext(ROOT_CONTEXT, { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags });
const CONTEXTS = [ROOT_CONTEXT, parent(1), parent(0), ROOT_CONTEXT.setValue(SUPPRESSED, true)];

const SCRIPT = "return redis.call('GET', KEYS[1])";
const signalOf = (isAborted) => {
  const controller = new AbortController();
  if (isAborted) controller.abort();
  else queueMicrotask(() => controller.abort());
  return controller.signal;
};

const CALLS = {
  get: ({ client }) => client.get('k'),
  set: ({ client }) => client.set('k', 'v'),
  hash: ({ client }) => client.hGetAll('h'),
  raw: ({ client }) => client.sendCommand(['GET', 'k']),
  select: ({ client }) => client.select?.(1) ?? client.ping(),
  'select again': ({ client }) => client.select?.(0) ?? client.ping(),
  'raw select': ({ client }) => client.sendCommand(['select', '0']),
  blocking: ({ client }) => client.blPop('l', 1),
  failing: ({ client }) => client.hGet('k', 'f'),
  unknown: ({ client }) => client.sendCommand(['NOSUCH', 'k']),
  transaction: ({ client }) => client.multi().get('k').set('k', 'w').exec(),
  'failing transaction': ({ client }) => client.multi().get('k').hGet('k', 'f').exec(),
  'refused transaction': ({ client }) => client.multi().addCommand(['NOSUCH']).get('k').exec(),
  'selecting transaction': ({ client }) => client.multi().select(1).get('k').select(0).exec(),
  pipeline: ({ client }) => client.multi().get('k').hGet('k', 'f').get('k').exec(true),
  script: ({ client }) => client.script0?.('k') ?? client.eval(SCRIPT, { keys: ['k'] }),
  aborted: ({ client, redis, aborting }) => aborting(client, redis, true),
  'aborted later': ({ client, redis, aborting }) => aborting(client, redis, false),
  invalid: ({ client }) => client.set('k', {}),
};

const LEGACY_CALLS = {
  get: ({ client }, done) => client.get('k', done),
  set: ({ client }, done) => client.set('k', 'v', done),
  hash: ({ client }, done) => client.hgetall('h', done),
  select: ({ client }, done) => client.select(1, done),
  'select again': ({ client }, done) => client.select(0, done),
  blocking: ({ client }, done) => client.blpop('l', 1, done),
  failing: ({ client }, done) => client.hget('k', 'f', done),
  unknown: ({ client }, done) => client.send_command('nosuch', ['k'], done),
  transaction: ({ client }, done) => client.multi().get('k').set('k', 'w').exec(done),
  'failing transaction': ({ client }, done) => client.multi().get('k').hget('k', 'f').exec(done),
  batch: ({ client }, done) => client.batch().get('k').hget('k', 'f').exec(done),
  script: ({ client }, done) => client.eval(SCRIPT, 1, 'k', done),
};

const IOREDIS_CALLS = {
  get: ({ client }) => client.get('k'),
  set: ({ client }) => client.set('k', 'v'),
  bytes: ({ client }) => client.getBuffer('k'),
  hash: ({ client }) => client.hgetall('h'),
  raw: ({ client }) => client.call('GET', 'k'),
  callback: ({ client }) => new Promise((resolve) => client.get('k', resolve)),
  select: ({ client }) => client.select(1),
  'select again': ({ client }) => client.select(0),
  blocking: ({ client }) => client.blpop('l', 1),
  failing: ({ client }) => client.hget('k', 'f'),
  unknown: ({ client }) => client.call('NOSUCH', 'k'),
  transaction: ({ client }) => client.multi().get('k').set('k', 'w').exec(),
  'failing transaction': ({ client }) => client.multi().get('k').hget('k', 'f').exec(),
  'refused transaction': ({ client }) => client.multi().call('NOSUCH').get('k').exec(),
  'selecting transaction': ({ client }) => client.multi().select(1).get('k').select(0).exec(),
  pipeline: ({ client }) => client.pipeline().get('k').hget('k', 'f').get('k').exec(),
  'empty pipeline': ({ client }) => client.pipeline().exec(),
  script: ({ client }) => client.script0('k'),
  invalid: ({ client }) => client.set('k', {}),
};

/** What follows an automatic pipeline waits until its scripts are known: the mark would wait for what waits for the mark. */
const AUTOMATIC_CALLS = Object.fromEntries(Object.entries(IOREDIS_CALLS).filter(([name]) => name !== 'script'));

const heard = [];
process.on('unhandledRejection', (reason) => heard.push(`unhandled ${reason?.message}`));

/** @returns in the order in which they settled: what was called, its place, and how it ended */
async function mixed(random, calls, app, { echo, isOpen, room = Number.POSITIVE_INFINITY }) {
  const names = Object.keys(calls);
  const order = [];
  const isLegacy = calls === LEGACY_CALLS;
  const size = 2 + random(12);
  let left = size;
  const one = (at) => {
    const name = names[random(names.length)];
    const settled = (how) => {
      left -= 1;
      order.push(`${at} ${name}${how}`);
    };
    const end = (error) => settled(error ? ` ${error.message}` : '');
    context.with(CONTEXTS[random(CONTEXTS.length)], () => {
      try {
        if (isLegacy) calls[name](app, end);
        // One in eight is looked after by nobody.
        else if (random(8) === 0) void calls[name](app).then(() => settled(''));
        else calls[name](app).then(() => settled(''), end);
      } catch (error) {
        settled(` thrown ${error.message}`);
      }
    });
  };
  // The mark is the last that a full queue takes.
  const start = (mark) => {
    for (let at = 0; at < size; at++) {
      if (at === room) echo(mark);
      one(at);
    }
    if (size <= room) echo(mark);
  };
  if (!isOpen) for (let at = 0; at < size; at++) one(at);
  else await inOnePiece(start);
  await new Promise((resolve) => setImmediate(resolve));
  // A script that the server did not know is sent again.
  for (let again = 0; isOpen && left > 0 && again < 3; again++) await inOnePiece(echo);
  return [...order, ...heard.splice(0)].join(', ');
}

const ROOM = 6;
/** Of a transaction a full queue takes the beginning alone, and the connection is lost for all else. */
const SINGLE_CALLS = Object.fromEntries(Object.entries(CALLS).filter(([name]) => !/transaction|pipeline|script/.test(name)));

/** In both databases, so that nothing blocks for long. */
const FILL = `for database = 0, 1 do
  redis.call('SELECT', database)
  redis.call('SET', 'k', 'v')
  redis.call('HSET', 'h', 'f', 'v')
  for i = 1, 20 do redis.call('RPUSH', 'l', i) end
end`;

async function prepare(request) {
  for (const line of [['FLUSHALL'], ['EVAL', FILL, '0'], ['SCRIPT', 'FLUSH']]) await request(line);
}

async function legacy(redis, random) {
  const client = redis.createClient({ host: socket.host, port: socket.port });
  client.on('error', () => {});
  await new Promise((resolve) => client.once('ready', resolve));
  const request = ([name, ...args]) => new Promise((resolve) => client.send_command(name, args, resolve));
  const echo = (mark) => client.echo(mark, () => {});
  const orders = [];
  for (let round = 0; round < rounds; round++) {
    await prepare(request);
    orders.push(await mixed(random, LEGACY_CALLS, { client }, { echo, isOpen: true }));
  }
  client.end(false);
  return orders;
}

function flavoursOf(redis, version) {
  const isOld = version.startsWith('4');
  const scripts = {
    script0: redis.defineScript({
      SCRIPT,
      NUMBER_OF_KEYS: 1,
      FIRST_KEY_INDEX: 1,
      transformArguments: (key) => [key],
      parseCommand: (parser, key) => parser.pushKey(key),
      transformReply: (reply) => reply,
    }),
  };
  const plain = () => redis.createClient({ socket, scripts });
  const full = () => redis.createClient({ socket, scripts, commandsQueueMaxLength: ROOM });
  if (isOld) return { plain, full };
  return { plain, full, RESP3: () => redis.createClient({ socket, scripts, RESP: 3 }) };
}

async function promises(redis, version, random) {
  const orders = [];
  // Redis 4 loses its queue when what it has sent is aborted, and 5.0 when what it has not.
  const isLater = !/^4|^5\.0/.test(version);
  const aborting = (client, { commandOptions }, isAborted) => {
    const signal = signalOf(isAborted || !isLater);
    return client.withAbortSignal === undefined ? client.get(commandOptions({ signal }), 'k') : client.withAbortSignal(signal).get('k');
  };
  const admin = redis.createClient({ socket });
  await admin.connect();
  for (const [flavour, make] of Object.entries(flavoursOf(redis, version))) {
    const client = make();
    client.on('error', () => {});
    await client.connect();
    const echo = (mark) => void client.sendCommand(['ECHO', mark]);
    const app = { client, redis, aborting };
    const calls = flavour === 'full' ? SINGLE_CALLS : CALLS;
    for (let round = 0; round < rounds; round++) {
      await prepare((line) => admin.sendCommand(line));
      orders.push(`${flavour}: ${await mixed(random, calls, app, { echo, isOpen: true, ...(flavour === 'full' && { room: ROOM - 1 }) })}`);
    }
    await (client.destroy ?? client.disconnect).call(client);
    for (let round = 0; round < rounds / 4; round++)
      orders.push(`closed ${flavour}: ${await mixed(random, CALLS, app, { isOpen: false })}`);
  }
  await admin.quit();
  return orders;
}

async function ioredis(Redis, version, random) {
  const at = { host: socket.host, port: socket.port };
  const flavours = { plain: at, automatic: { ...at, enableAutoPipelining: true } };
  if (version.startsWith('ioredis-6')) flavours.RESP2 = { ...at, protocol: 2 };
  const admin = new Redis(at);
  const orders = [];
  for (const [flavour, options] of Object.entries(flavours)) {
    const client = new Redis(options);
    client.on('error', () => {});
    client.defineCommand('script0', { lua: SCRIPT, numberOfKeys: 1 });
    await new Promise((resolve) => client.once('ready', resolve));
    const echo = (mark) => void client.echo(mark);
    const calls = flavour === 'automatic' ? AUTOMATIC_CALLS : IOREDIS_CALLS;
    for (let round = 0; round < rounds; round++) {
      await prepare(([name, ...args]) => admin.call(name, ...args));
      orders.push(`${flavour}: ${await mixed(random, calls, { client }, { echo, isOpen: true })}`);
    }
    const ended = new Promise((resolve) => client.once('end', resolve));
    client.disconnect();
    await ended;
    for (let round = 0; round < rounds / 4; round++)
      orders.push(`closed ${flavour}: ${await mixed(random, IOREDIS_CALLS, { client }, { isOpen: false })}`);
  }
  await admin.quit();
  return orders;
}

function ordersOf(version, random) {
  const isIoredis = version.startsWith('io');
  const [folder, name] = isIoredis ? [version, version.slice(0, version.indexOf('-'))] : [`redis-${version}`, 'redis'];
  const library = createRequire(join(__dirname, '..', 'versions', folder, 'package.json'))(name);
  if (isIoredis) return ioredis(library, version, random);
  return Number.parseInt(version, 10) < 4 ? legacy(library, random) : promises(library, version, random);
}

(async () => {
  const output = {};
  for (const version of versions) output[version] = await ordersOf(version, randomOf(Number(seed)));
  process.stdout.write(JSON.stringify(output), () => process.exit());
})();
