// Knows: every method that takes commands as they are, and what is no command. Plain node, no tracing.
// Must not know: that there is anything beside redis.
//
// node malformed-calls.cjs <standalone port> <cluster port> <version…>: prints { version: [how each call ended] }.
'use strict';
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const [port, clusterPort, ...versions] = process.argv.slice(2);
const socket = { host: '127.0.0.1', port: Number(port), reconnectStrategy: () => 50 };
/** Longer than any answer takes on a busy machine. */
const PATIENCE_MS = 30_000;

// They run side by side: what one of them writes, none of them reads.
const SHAPES = {
  undefined: undefined,
  null: null,
  false: false,
  number: 5,
  text: 'GET',
  object: {},
  arrayLike: { length: 1, 0: 'PING' },
  endless: { length: 3 },
  iterable: new Set(['GET', 'none']),
  function: () => {},
  empty: [],
  undefinedName: [undefined],
  nullName: [null, 'k'],
  numbers: [1, 2],
  nested: [['GET', 'none']],
  objects: [{}, { k: 1 }],
  symbol: [Symbol('GET')],
  hole: Object.assign(new Array(3), { 0: 'GET', 2: 'k' }),
  undefinedArgument: ['SET', 'k', undefined],
  numberArgument: ['SET', 'k', 7],
  selectNothing: ['SELECT'],
  selectUndefined: ['SELECT', undefined],
  selectObject: ['SELECT', {}],
};

/** For what takes long to be made. */
const FEW_SHAPES = ['undefined', 'false', 'number', 'object', 'arrayLike', 'undefinedName', 'selectUndefined'];

/** What the library sends as nothing, so that nothing is answered. */
const isAnswered = (version, shape) => shape !== 'function' && shape !== 'empty' && !(version === '4.0' && shape === 'undefined');

const CLIENT = {
  sendCommand: (client, shape) => client.sendCommand(shape),
  transaction: (client, shape) => client.multi().addCommand(shape).exec(),
};
const SAME = {
  mixed: (client, shape) => client.multi().set('k', 'v').addCommand(shape).get('k').exec(),
  pipeline: (client, shape) => client.multi().addCommand(shape).execAsPipeline?.() ?? client.multi().addCommand(shape).exec(true),
  options: (client, shape) => client.sendCommand(['PING'], shape),
};
const CLUSTER = {
  'cluster sendCommand': (cluster, shape) => cluster.sendCommand('key', false, shape),
  // Redis 4 takes no second argument for whether it only reads.
  'cluster transaction of 4': (cluster, shape) => cluster.multi().addCommand('key', shape).exec(),
  'cluster transaction': (cluster, shape) => cluster.multi().addCommand('key', false, shape).exec(),
  'cluster pipeline': (cluster, shape) => cluster.multi().addCommand('key', false, shape).execAsPipeline?.(),
};
const POOL = { 'pool sendCommand': CLIENT.sendCommand, 'pool transaction': CLIENT.transaction };
const IOREDIS = {
  call: (client, shape) => client.call(shape),
  'call with': (client, shape) => client.call('get', shape),
  'a command': (client, shape) => client.sendCommand(shape),
  'a Command': (client, shape, { Command }) => client.sendCommand(new Command(shape)),
  'a Command with': (client, shape, { Command }) => client.sendCommand(new Command('get', shape)),
  'a frozen Command': (client, _shape, { Command }) => client.sendCommand(Object.freeze(new Command('get', ['k']))),
  pipeline: (client, shape) => client.pipeline([shape]).exec(),
  'mixed pipeline': (client, shape) => client.pipeline().get('k').call(shape).get('k').exec(),
  'a command in a pipeline': (client, shape) => client.pipeline().sendCommand(shape),
  transaction: (client, shape) => client.multi([shape]).exec(),
  'transaction with': (client, shape) => client.multi().call('get', shape).exec(),
  'a transaction of single commands': async (client, shape) => {
    await client.multi({ pipeline: false });
    const queued = client.call(shape).catch(shown);
    return [await client.exec(), await Promise.race([queued, 'no answer'])];
  },
  defineCommand: (client, shape) => client.defineCommand('own', { lua: shape, numberOfKeys: 1 }) ?? client.own('k'),
  'a defined command': (client, shape) => client.defineCommand('own', { lua: 'return 1', numberOfKeys: 1 }) ?? client.own(shape),
};
const IOREDIS_CLUSTER = Object.fromEntries(
  ['call', 'a command', 'a Command', 'pipeline', 'a command in a pipeline', 'transaction'].map((name) => [
    `cluster ${name}`,
    IOREDIS[name],
  ]),
);
const LEGACY = {
  send_command: (client, shape, done) => client.send_command(shape, [], done),
  'send_command with': (client, shape, done) => client.send_command('get', shape, done),
  internal_send_command: (client, shape) => client.internal_send_command(shape),
  multi: (client, shape, done) => client.multi([shape]).exec(done),
  batch: (client, shape, done) => client.batch([shape]).exec(done),
};

const heard = [];
process.on('unhandledRejection', (reason) => heard.push(`unhandled ${shown(reason)}`));
process.on('uncaughtException', (error) => heard.push(`uncaught ${shown(error)}`));

function shown(value) {
  if (value instanceof Error) return `${value.constructor.name}: ${value.message}`;
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

async function ended(start, patience) {
  const settled = (async () => {
    let result;
    try {
      result = start();
    } catch (error) {
      return `thrown ${shown(error)}`;
    }
    try {
      return shown(await result);
    } catch (error) {
      return `rejected with ${shown(error)}`;
    }
  })();
  return Promise.race([settled, patience()]);
}

const ioredisAt = (Redis, at) => new Redis({ host: '127.0.0.1', port: Number(at), retryStrategy: () => 50, maxRetriesPerRequest: 1 });
const isIoredis = (version) => version.startsWith('io');

function load(version) {
  const [folder, name] = isIoredis(version) ? [version, version.slice(0, version.indexOf('-'))] : [`redis-${version}`, 'redis'];
  return createRequire(join(__dirname, '..', 'versions', folder, 'package.json'))(name);
}

async function close(client) {
  try {
    await (client.destroy ?? client.disconnect).call(client);
  } catch {
    // It is closed already, or what it was given has broken it.
  }
}

async function open(make) {
  const client = make();
  client.on('error', () => {});
  // One that connects by itself says when it is ready.
  if (client.status === undefined) await client.connect();
  else if (client.status !== 'ready') await new Promise((resolve) => client.once('ready', resolve));
  return client;
}

/** What is not answered when another client is, twice, will not be. */
async function answeredAround(redis, version) {
  const other = await open(() => (isIoredis(version) ? ioredisAt(redis, port) : redis.createClient({ socket })));
  for (let times = 0; times < 2; times++) await other.ping();
  await close(other);
  return 'no answer';
}

async function promiseCase({ redis, version, make }, name, call, shape) {
  const client = await open(make);
  const isSure = !isIoredis(version) && isAnswered(version, shape);
  const patience = () => (isSure ? sleep(PATIENCE_MS, 'no answer', { ref: false }) : answeredAround(redis, version));
  const outcome = await ended(() => call(client, SHAPES[shape], redis), patience);
  await close(client);
  return `${name} ${shape}: ${outcome}`;
}

async function legacyCase(redis, name, call, shape) {
  const client = redis.createClient({ host: socket.host, port: socket.port, retry_strategy: () => undefined });
  client.on('error', () => {});
  await new Promise((resolve) => client.once('ready', resolve));
  const outcome = await ended(
    () =>
      new Promise((resolve, reject) => {
        const returned = call(client, SHAPES[shape], (error, reply) => (error ? reject(error) : resolve(reply)));
        if (call.length < 3) resolve(returned);
      }),
    () => sleep(PATIENCE_MS, 'no answer', { ref: false }),
  );
  client.end(false);
  return `${name} ${shape}: ${outcome}`;
}

async function all(calls, run, shapes = Object.keys(SHAPES)) {
  const outcomes = [];
  for (const [name, call] of Object.entries(calls)) {
    outcomes.push(...(await Promise.all(shapes.map((shape) => run(name, call, shape)))));
  }
  return outcomes;
}

async function outcomesOf(version) {
  const redis = load(version);
  if (Number.parseInt(version, 10) < 4) return all(LEGACY, (name, call, shape) => legacyCase(redis, name, call, shape));
  if (isIoredis(version)) return ioredisOutcomes(redis, version);
  const rootNodes = [{ socket: { host: '127.0.0.1', port: Number(clusterPort) } }];
  const outcomes = (calls, make, shapes) => all(calls, (...one) => promiseCase({ redis, version, make }, ...one), shapes);
  const client = () => redis.createClient({ socket });
  const groups = [outcomes(CLIENT, client), outcomes(SAME, client, FEW_SHAPES)];
  groups.push(outcomes(CLUSTER, () => redis.createCluster({ rootNodes, defaults: { socket } }), FEW_SHAPES));
  const pool = () => redis.createClientPool({ socket });
  if (redis.createClientPool) groups.push(outcomes(POOL, pool, FEW_SHAPES));
  return (await Promise.all(groups)).flat();
}

async function ioredisOutcomes(redis, version) {
  const outcomes = (calls, make, shapes) => all(calls, (...one) => promiseCase({ redis, version, make }, ...one), shapes);
  const groups = [
    outcomes(IOREDIS, () => ioredisAt(redis, port)),
    outcomes(IOREDIS_CLUSTER, () => new redis.Cluster([{ host: '127.0.0.1', port: Number(clusterPort) }]), FEW_SHAPES),
  ];
  return (await Promise.all(groups)).flat();
}

(async () => {
  // What a call has broken may leave nothing that keeps the process.
  setInterval(() => {}, PATIENCE_MS);
  const output = {};
  for (const version of versions) {
    const outcomes = await outcomesOf(version);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    output[version] = [...outcomes, ...heard.splice(0).sort()];
  }
  process.stdout.write(JSON.stringify(output), () => process.exit());
})();
