// Knows: what differs between the versions of redis for an application that wants to do the same with each.
// Must not know: faults, tracing.
'use strict';
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { call, forget, watch } = require('./log.cjs');

const RECONNECT_MS = 25;
/** Long enough for every wait of a slow machine; redis 6 has 5 s by default. */
const COMMAND_TIMEOUT_MS = 60_000;

/** The library in one version, as `{ create, connected, cluster, sentinel, send, batch, close, destroy }`. */
function load(version) {
  const redis = createRequire(join(__dirname, '../../versions', `redis-${version}`, 'package.json'))('redis');
  const major = Number.parseInt(version, 10);
  return major < 4 ? legacy(redis) : modern(redis, major);
}

function modern(redis, major) {
  const patient = major >= 6 ? { commandOptions: { timeout: COMMAND_TIMEOUT_MS } } : {};
  const socketTo = (place, socket) => ({ ...place, reconnectStrategy: () => RECONNECT_MS, ...socket });
  const create = (place, { socket, ...options } = {}, name = 'client') =>
    watch(name, redis.createClient({ socket: socketTo(place, socket), ...patient, ...options }));
  const lib = {
    major,
    create,
    connect: (client) => client.connect(),
    cluster: (nodes) => {
      const defaults = { socket: { reconnectStrategy: () => RECONNECT_MS }, ...patient };
      return watch('cluster', redis.createCluster({ rootNodes: nodes.map((socket) => ({ socket })), defaults }));
    },
    sentinel: ({ name, sentinels }) =>
      watch('sentinel', redis.createSentinel({ name, sentinelRootNodes: sentinels, nodeClientOptions: patient })),
    send: (client, [name, ...args]) => client[name](...args),
    batch: (client, kind, commands) => {
      const multi = commands.reduce((chain, [name, ...args]) => chain[name](...args), client.multi());
      return kind === 'multi' ? multi.exec() : multi.execAsPipeline();
    },
    /** Options of a client that a server does not need to understand: redis 6 greets with HELLO. */
    withoutGreeting: major >= 6 ? { RESP: 2 } : {},
    /** The client for calls that are not to wait longer than this to be sent. */
    impatient: (client, timeout) => ({
      get: (key) =>
        major === 4
          ? client.get(redis.commandOptions({ signal: AbortSignal.timeout(timeout) }), key)
          : client.sendCommand(['GET', key], { timeout }),
    }),
    close: (client) => (client.close ?? client.quit).call(client),
    destroy: async (client) => (client.destroy ?? client.disconnect).call(client),
  };
  return withCalls(lib);
}

function legacy(redis) {
  const create = (place, { socket, ...options } = {}, name = 'client') =>
    watch(name, redis.createClient({ ...place, retry_strategy: () => RECONNECT_MS, ...options }));
  const promised = (start) => new Promise((resolve, reject) => start((error, reply) => (error ? reject(error) : resolve(reply))));
  return withCalls({
    major: 3,
    create,
    withoutGreeting: { no_ready_check: true },
    connect: (client) => new Promise((resolve) => (client.ready ? resolve() : client.once('ready', resolve))),
    send: (client, [name, ...args]) => promised((callback) => client[name](...args, callback)),
    batch: (client, kind, commands) => {
      const chain = commands.reduce((batch, [name, ...args]) => batch[name](...args), kind === 'multi' ? client.multi() : client.batch());
      return promised((callback) => chain.exec(callback));
    },
    close: (client) => promised((callback) => client.quit(callback)),
    destroy: async (client) => client.end(true),
  });
}

function withCalls(lib) {
  const set = (client, options) => call('set', (key) => lib.send(client, ['set', key, 'value']), options);
  const get = (client, options) => call('get', (key) => lib.send(client, ['get', key]), options);
  const batch = (client, kind, options) =>
    call(
      kind,
      (key) =>
        lib.batch(client, kind, [
          ['set', key, 'text'],
          ['get', key],
          ['incr', key],
        ]),
      options,
    ); // prettier-ignore
  return {
    ...lib,
    connected: async (place, options, name) => {
      const client = lib.create(place, options, name);
      await lib.connect(client);
      return client;
    },
    get,
    set,
    transaction: (client, options) => batch(client, 'multi', options),
    /** A bit of everything, all at once, and one call that nobody waits for. */
    burst: (client, options) => {
      forget('incr', (key) => lib.send(client, ['incr', key]), options);
      return Promise.all([
        set(client, options),
        get(client, options),
        batch(client, 'multi', options),
        get(client, options),
        batch(client, 'pipeline', options),
        call('incr', (key) => lib.send(client, ['incr', key]), options),
      ]);
    },
  };
}

module.exports = { load };
