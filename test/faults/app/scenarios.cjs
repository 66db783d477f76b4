// Knows: what an application does while things go wrong around it. Plain node, no tracing.
// Must not know: how the faults are made.
'use strict';
const { setTimeout: sleep } = require('node:timers/promises');
const { call, newKey } = require('./log.cjs');

const PAUSE_MS = 300;
/** Short, but an idle socket has to survive it on a slow machine. */
const SOCKET_TIMEOUT_MS = 1_000;
const SEND_TIMEOUT_MS = 150;
/** What has no answer by now has none coming. */
const FORGOTTEN_MS = 2_000;
const LARGE_VALUE = 24 * 1024 * 1024;

const SCENARIOS = {
  async traffic({ connected, burst, close, inflict, stage }) {
    const client = await connected(stage.server);
    for (let round = 0; round < stage.rounds; round++) {
      await burst(client);
      if (round === 1) await inflict('telemetry');
      // What happens to the telemetry alone, if there is any.
      if (round === 1) process.emit('telemetry fault');
    }
    await close(client);
  },

  async restart({ connected, burst, close, inflict, stage }) {
    const client = await connected(stage.server);
    await burst(client);
    // What is sent from now on arrives and is never answered.
    await inflict('pause');
    const lost = burst(client);
    await inflict('crash');
    await lost;
    const waiting = burst(client);
    // Each client tries in vain to connect, not only one that is quicker than the server.
    await sleep(PAUSE_MS);
    await inflict('revive');
    await waiting;
    await burst(client);
    await close(client);
  },

  async pause({ major, connected, burst, get, impatient, close, destroy, inflict, send, stage }) {
    const client = await connected(stage.server);
    await inflict('pause');
    const late = burst(client);
    await sleep(PAUSE_MS);
    await inflict('resume');
    await late;
    if (impatient !== undefined) {
      // A client of its own: the queue of redis 5.12 is stuck once it has taken such commands back.
      const full = await connected(stage.server, {}, 'full');
      await inflict('pause');
      // Fills the socket, so that what comes after cannot even be sent, but perhaps for the first.
      const large = call('set', (key) => send(full, ['set', key, 'x'.repeat(LARGE_VALUE)]));
      await sleep(0);
      const hasty = impatient(full, SEND_TIMEOUT_MS);
      const queued = [get(hasty), get(hasty), get(hasty)];
      await queued[2];
      await inflict('resume');
      await Promise.all([large, ...queued]);
      await destroy(full);
    }
    if (major >= 5) {
      const other = await connected(stage.server, { socket: { socketTimeout: SOCKET_TIMEOUT_MS } }, 'impatient');
      await burst(other);
      await inflict('pause');
      await burst(other);
      await inflict('resume');
      await burst(other);
      await close(other);
    }
    await burst(client);
    await close(client);
  },

  async reset({ connected, burst, destroy, inflict, stage }) {
    const client = await connected(stage.proxy);
    // Redis 4 forgets the rest of a transaction that was not sent as a whole: its promise is never settled.
    const patiently = (calls) => Promise.race([calls, sleep(FORGOTTEN_MS, undefined, { ref: false })]);
    for (let round = 0; round < stage.rounds; round++) await patiently(burst(client));
    await inflict('no more');
    await patiently(burst(client));
    await destroy(client);
  },

  async refusals({ withoutGreeting, connected, burst, close, destroy, inflict, stage }) {
    const client = await connected(stage.server);
    for (const refusal of ['OOM', 'READONLY', 'NOPERM', 'LOADING']) {
      await inflict('refuse', refusal);
      await burst(client);
      await inflict('accept', refusal);
      await burst(client);
    }
    // Redis 3 asks with INFO whether the server is ready, redis 6 greets with HELLO: both are refused, over and over.
    const stranger = await connected(stage.locked, withoutGreeting, 'stranger');
    await burst(stranger);
    await destroy(stranger);
    await close(client);
  },

  async malformed({ withoutGreeting, connected, get, destroy, inflict, stage }) {
    for (const reply of stage.replies) {
      const client = await connected(stage.server, withoutGreeting, reply);
      // The second waits behind the first: whether it is answered depends on what the parser makes of that.
      const both = Promise.all([get(client, { prefix: `${reply}:` }), get(client, { prefix: 'good:' })]);
      // What is not answered is lost with the connection.
      const again = new Promise((resolve) => client.once('ready', resolve));
      await inflict('hang up');
      await Promise.all([both, again]);
      await destroy(client);
    }
  },

  async large({ connected, get, batch, close, inflict, stage }) {
    const client = await connected(stage.server);
    const filled = async () => {
      const key = newKey();
      await inflict('fill', key);
      return { key };
    };
    const { key } = await filled();
    // What waits behind it is answered, too.
    await Promise.all([get(client, { key }), get(client), get(client)]);
    const inBatch = await filled();
    await call('multi', (own) => batch(client, 'multi', [['get', own], ['ping']]), inBatch);
    await close(client);
  },

  async cluster(app) {
    const { major, cluster, connect, destroy, inflict, stage } = app;
    const client = cluster(stage.nodes);
    await connect(client);
    for (const change of stage.changes) {
      const load = underLoad([app.set, app.get], client, TAGS);
      await load.isRunning;
      await inflict(change);
      // Up to redis 5, calls wait for the very master that is gone, for as long as it is.
      if (change === 'crash' && major < 6) await inflict('come back');
      await load.stop();
      for (const tag of TAGS) await steady(app, client, tag);
    }
    await destroy(client);
  },

  async sentinel(app) {
    const { sentinel, connect, destroy, inflict, stage } = app;
    const client = sentinel(stage);
    await connect(client);
    for (const change of stage.changes) {
      const load = underLoad([app.set, app.get, app.transaction], client, ['']);
      await load.isRunning;
      await inflict(change);
      await load.stop();
      await steady(app, client, '');
    }
    await destroy(client);
  },
};

/** Keys of three masters. */
const TAGS = ['{b}', '{c}', '{a}'];
const LANES = 4;

/** Calls without a pause, which may fail: when a change reaches them is a matter of time. */
function underLoad(calls, client, tags) {
  let isOn = true;
  let started;
  const isRunning = new Promise((resolve) => {
    started = resolve;
  });
  const lane = async (prefix) => {
    while (isOn) {
      for (const one of calls) await one(client, { prefix, isRepeated: true });
      started();
      // A client that fails at once must not keep the process from everything else.
      await sleep(1);
    }
  };
  const lanes = tags.flatMap((tag) => Array.from({ length: LANES }, () => lane(tag)));
  const stop = () => {
    isOn = false;
    return Promise.all(lanes);
  };
  return { isRunning, stop };
}

/** Once a call gets through, all do. */
async function steady({ set, burst }, client, prefix) {
  while ((await set(client, { prefix, isRepeated: true })).outcome.error !== undefined) await sleep(10);
  await burst(client, { prefix });
}

module.exports = { SCENARIOS };
