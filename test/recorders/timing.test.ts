// Knows: situations in which the client, Redis or the event loop is slow, and that a span tells which it was.
// Must not know: how a write is seen.
import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import sinon from 'sinon';
import { Clock } from '../support/clock';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { sharedClient } from '../support/shared-client';
import { assertQuiet, redisSpans, resetTracing } from '../support/tracing';
import {
  type Client,
  connect,
  end,
  IOREDIS_CORE,
  isIoredis,
  LEGACY_VERSIONS,
  loadRedis,
  major,
  titleOf,
  VERSIONS,
  type Version,
} from '../support/versions';
import { held } from '../support/waiting';

/** How long something is held up, on the clock of the test. */
const HELD_MS = 50;
/** From when on the timing is shown. */
const SLOW_MS = 40;
/** A delay is counted from when a timer was due. */
const TIMER_MS = 10;

interface Times {
  readonly queue: number;
  readonly wire: number;
  readonly delay: number;
}

function timesOf({ attributes, duration }: ReadableSpan): Times {
  const read = (name: string): number => {
    const value = attributes[name];
    assert.ok(typeof value === 'number' && value >= 0, `${name} is ${value}`);
    return value;
  };
  const times = { queue: read('db.redis.queue_ms'), wire: read('db.redis.wire_ms'), delay: read('db.redis.event_loop_delay_ms') };
  const durationMs = duration[0] * 1e3 + duration[1] / 1e6;
  assert.ok(Math.abs(times.queue + times.wire - durationMs) < 0.01, 'queue and wire are the whole time');
  assert.ok(times.delay <= durationMs + 0.01, 'a delay lies within the time');
  return times;
}

function spanOf(operation: string): ReadableSpan {
  const span = redisSpans().find(({ attributes }) => String(attributes['db.operation.name']).toUpperCase() === operation);
  assert.ok(span, `no span ${operation}`);
  return span;
}

/** Runs `call` while the server is stopped, and lets it go on when what was to happen meanwhile has happened. */
async function whileStopped<T>(server: RedisServer, call: () => Promise<T>, meanwhile: () => unknown): Promise<T> {
  await server.pause();
  try {
    const called = call();
    // Until the system has taken what it takes.
    for (let turns = 0; turns < 10; turns += 1) await turn();
    await meanwhile();
    server.resume();
    return await called;
  } finally {
    server.resume();
  }
}

function assertTimes({ queue, wire, delay }: Times, expected: Times): void {
  assert.deepEqual([queue, wire, delay].map(Math.round), [expected.queue, expected.wire, expected.delay]);
}

for (const version of [...LEGACY_VERSIONS, ...VERSIONS, ...IOREDIS_CORE] as readonly Version[]) {
  // It connects by itself, and is ready when the server has answered.
  const connectsItself = major(version) < 4 || isIoredis(version);

  describe(`queue or wire, ${titleOf(version)}`, () => {
    let server: RedisServer;
    let client: Client;
    let clock: Clock;
    before(async () => {
      server = await startStandalone();
      client = await connect(loadRedis(version), server);
    });
    after(async () => {
      await end(client);
      await server.stop();
    });
    beforeEach(async () => {
      clock = new Clock();
      resetTracing({ slowMs: SLOW_MS });
      await client.ping();
    });
    afterEach(() => {
      clock.restore();
      assertQuiet();
      resetTracing();
    });

    const pass = () => clock.pass(HELD_MS);
    const block = () => clock.block(HELD_MS);

    it('says wire, and no event loop, when Redis does not answer', async () => {
      await whileStopped(server, () => client.get('k'), pass);
      assertTimes(timesOf(spanOf('GET')), { queue: 0, wire: HELD_MS, delay: 0 });
    });

    it('says the same of a transaction and of a pipeline', async () => {
      await whileStopped(server, () => client.multi().get('a').set('b', 'c').exec(), pass);
      const transaction = timesOf(spanOf('MULTI'));
      resetTracing({ slowMs: SLOW_MS });
      await whileStopped(server, () => pipeline(client), pass);
      const pipelined = timesOf(spanOf('PIPELINE'));
      for (const times of [transaction, pipelined]) assertTimes(times, { queue: 0, wire: HELD_MS, delay: 0 });
    });

    it('says event loop when the reply comes and nobody reads it', async () => {
      await whileStopped(server, () => client.get('k'), block);
      assertTimes(timesOf(spanOf('GET')), { queue: 0, wire: HELD_MS, delay: HELD_MS - TIMER_MS });
    });

    it('says event loop when the caller goes on and does not let it be sent', async () => {
      const called = client.get('k');
      block();
      await called;
      // Until 4, and by ioredis, a command is handed to the socket at once, which is held up itself.
      const isSent = major(version) < 5 || isIoredis(version);
      const where = isSent ? { queue: 0, wire: HELD_MS } : { queue: HELD_MS, wire: 0 };
      assertTimes(timesOf(spanOf('GET')), { ...where, delay: HELD_MS - TIMER_MS });
    });

    it('says queue while there is no connection', async () => {
      const { host, port } = server;
      const name = heldLookup();
      const socket = connectsItself ? { host, port } : { host: 'localhost', port, lookup: name.lookup };
      const early = loadRedis(version).createClient({ socket });
      early.on('error', () => {});
      try {
        if (connectsItself) {
          await whileStopped(server, () => early.get('k'), pass);
        } else {
          const connected = early.connect();
          const called = early.get('k');
          await pass();
          name.release();
          await called;
          await connected;
        }
        assertTimes(timesOf(spanOf('GET')), { queue: HELD_MS, wire: 0, delay: 0 });
      } finally {
        await end(early);
      }
    });
  });
}

for (const version of VERSIONS) {
  describe(`a slow socket, redis ${version}`, () => {
    let server: RedisServer;
    let client: Client;
    let clock: Clock;
    before(async () => {
      server = await startStandalone();
      // redis 6 gives up after five seconds, which forty megabytes may take.
      client = await connect(loadRedis(version), server, { commandOptions: { timeout: 600_000 } });
    });
    after(async () => {
      await end(client);
      await server.stop();
    });
    beforeEach(() => {
      clock = new Clock();
    });
    afterEach(() => {
      clock.restore();
      assertQuiet();
      resetTracing();
    });

    it('counts accepted data as wire time, and the rest as queue time', async () => {
      resetTracing({ slowMs: 0 });
      // More than the system keeps for a process that does not read.
      const value = 'x'.repeat(1_000_000);
      const writeAll = () => Promise.all(Array.from({ length: 40 }, (_, i) => client.set(`big:${i}`, value)));
      const transaction = () => client.multi().get('a').set('b', 'c').exec();
      await whileStopped(
        server,
        () => Promise.all([writeAll(), transaction()]),
        () => clock.pass(HELD_MS),
      );
      assertTimes(timesOf(spanOf('MULTI')), { queue: HELD_MS, wire: 0, delay: 0 });
      const [first, ...rest] = redisSpans()
        .filter(({ attributes }) => attributes['db.operation.name'] === 'SET')
        .map(timesOf);
      const last = rest[rest.length - 1];
      assert.ok(first !== undefined && last !== undefined && rest.length === 39);
      assertTimes(first, { queue: 0, wire: HELD_MS, delay: 0 });
      assertTimes(last, { queue: HELD_MS, wire: 0, delay: 0 });
      for (let i = 1; i < rest.length; i++) assert.ok((rest[i]?.queue ?? 0) >= (rest[i - 1]?.queue ?? 0), 'first in, first out');
      // It has caught up.
      resetTracing({ slowMs: 0 });
      await client.get('k');
      assertTimes(timesOf(spanOf('GET')), { queue: 0, wire: 0, delay: 0 });
    });
  });
}

describe('which spans have timing attributes', () => {
  let server: RedisServer;
  let client: Client;
  const TIMES = ['db.redis.queue_ms', 'db.redis.wire_ms', 'db.redis.event_loop_delay_ms'];
  const shown = (): string[] => TIMES.filter((name) => redisSpans().some(({ attributes }) => name in attributes));
  sharedClient((shared) => {
    ({ server, client } = shared);
  });
  afterEach(() => {
    assertQuiet();
    resetTracing();
  });

  it('those of operations that take 100 ms or more', async () => {
    resetTracing({ slowMs: undefined, emptyPolls: true });
    await client.blPop('nobody-pushes', 0.11);
    assert.deepEqual(shown(), TIMES);
  });

  it('not those of operations faster than slowMs, and none with slowMs: false', async () => {
    for (const slowMs of [60_000, false] as const) {
      resetTracing({ slowMs, emptyPolls: true });
      await client.blPop('nobody-pushes', 0.11);
      assert.deepEqual(shown(), []);
    }
  });

  it('those of the requested attributes, and only these attributes', async () => {
    for (const name of ['db.redis.queue_ms', 'db.redis.wire_ms', 'db.redis.event_loop_delay_ms'] as const) {
      resetTracing({ slowMs: false, optionalAttributes: [name] });
      await client.get('k');
      await client.multi().get('k').get('l').exec();
      assert.equal(redisSpans().length, 2);
      for (const { attributes } of redisSpans())
        assert.deepEqual(
          TIMES.filter((other) => other in attributes),
          [name],
        );
    }
  });

  it('commands that were never sent have queue time', async () => {
    resetTracing({ slowMs: 0 });
    const name = heldLookup();
    const lost = loadRedis('6.3').createClient({ socket: { host: 'localhost', port: server.port, lookup: name.lookup } });
    lost.on('error', () => {});
    const clock = new Clock();
    try {
      const connected = lost.connect().catch(() => {});
      const called = lost.get('k');
      await clock.pass(HELD_MS);
      lost.destroy();
      await assert.rejects(called);
      name.release();
      await connected;
      assertTimes(timesOf(spanOf('GET')), { queue: HELD_MS, wire: 0, delay: 0 });
    } finally {
      clock.restore();
    }
  });

  it('answers of the client itself have none', async () => {
    const cached = await connect(loadRedis('6.3'), server, { RESP: 3, clientSideCache: { ttl: 0, maxEntries: 0 } });
    try {
      await server.request('SET', 'here', 'v');
      await cached.get('here');
      resetTracing({ slowMs: 0 });
      await cached.get('here');
      assert.equal(spanOf('GET').attributes['db.redis.cache.local'], true);
      assert.deepEqual(shown(), []);
    } finally {
      await end(cached);
    }
  });

  it("no timer runs in the fake clock of an application's test", async () => {
    resetTracing({ slowMs: 0 });
    await client.get('k');
    const callers: string[] = [];
    const { setTimeout: original } = globalThis;
    const counting = (call: () => void, ms: number): NodeJS.Timeout => {
      callers.push(new Error('called').stack ?? '');
      return original(call, ms);
    };
    const stub = sinon.stub(globalThis, 'setTimeout').callsFake(counting as typeof setTimeout);
    try {
      // By the end the event loop is looked at more rarely, with a timer of its own.
      for (const untilMonotonicMs = performance.now() + 250; performance.now() < untilMonotonicMs; ) await turn();
    } finally {
      stub.restore();
    }
    assert.deepEqual(
      callers.filter((stack) => stack.includes('event-loop')),
      [],
    );
  });

  it('commands sent by a cluster node or a script executor have them too', async () => {
    const redis = loadRedis('6.3');
    const script = redis.defineScript({
      SCRIPT: 'return redis.call("GET", KEYS[1])',
      NUMBER_OF_KEYS: 1,
      parseCommand: (parser: { pushKey(key: string): void }, key: string) => parser.pushKey(key),
      transformReply: undefined,
    });
    const scripted = await connect(redis, server, { scripts: { read: script } });
    const clock = new Clock();
    try {
      resetTracing({ slowMs: 0 });
      await whileStopped(
        server,
        () => scripted.read('k'),
        () => clock.pass(HELD_MS),
      );
      assertTimes(timesOf(spanOf('EVALSHA')), { queue: 0, wire: HELD_MS, delay: 0 });
    } finally {
      clock.restore();
      await end(scripted);
    }
  });
});

/** A name that is not found before the test says so. */
function heldLookup() {
  const { done: released, release } = held();
  const found = { address: '127.0.0.1', family: 4 };
  const lookup = (_name: string, { all }: { all?: boolean }, done: (...found: unknown[]) => void): void => {
    void released.then(() => (all ? done(null, [found]) : done(null, found.address, found.family)));
  };
  return { lookup, release };
}

/** Two commands, each answered by itself. */
function pipeline(client: Client): Promise<unknown> {
  return client.multi().get('a').set('b', 'c').execAsPipeline();
}
