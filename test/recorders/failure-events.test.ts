import assert from 'node:assert/strict';
import { context, type Span, TraceFlags, trace } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import type { RedisInstrumentationConfig } from '../../src';
import { type LoggedEvent, Logging } from '../support/logging';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { sharedClient } from '../support/shared-client';
import { assertQuiet, diagnostics, inSpan, instrumentation, redisSpans, resetTracing } from '../support/tracing';
import { type Client, connect, end, IOREDIS_CORE, LEGACY_VERSIONS, loadRedis, titleOf, VERSIONS } from '../support/versions';
import { until } from '../support/waiting';

const WARN = 13;
const EXCEPTION = 'db.client.operation.exception';
const SECRET = 'hunter2-of-the-test';
const COMPARE_AND_DELETE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end";

type Provider = Parameters<typeof instrumentation.setLoggerProvider>[0];

describe('failure events', () => {
  let server: RedisServer;
  let client: Client;
  let logging: Logging;
  sharedClient((shared) => {
    ({ server, client } = shared);
  });
  beforeEach(async () => {
    logging = Logging.start();
    await server.request('FLUSHALL');
    await server.request('SET', 'text', SECRET);
    reset({ failureEvents: true });
  });
  afterEach(async () => {
    await logging.stop();
    resetTracing();
  });

  function reset(config: RedisInstrumentationConfig): void {
    resetTracing(config);
    logging.reset();
  }
  const at = (more: object = {}) => ({
    'db.system.name': 'redis',
    'server.address': server.host,
    'server.port': server.port,
    ...more,
  });
  const only = (events = logging.events()): LoggedEvent => {
    assert.equal(events.length, 1, JSON.stringify(events));
    return events[0] as LoggedEvent;
  };
  const unsampled = (): Span => trace.wrapSpanContext({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: TraceFlags.NONE });
  const within = <T>(span: Span, run: () => T): T => context.with(trace.setSpan(context.active(), span), run);
  const wrongType = {
    'db.response.status_code': 'WRONGTYPE',
    'error.type': 'WRONGTYPE',
    'exception.message': 'WRONGTYPE Operation against a key holding the wrong kind of value',
  };

  it('say which command failed and why, in the span of the command', async () => {
    await assert.rejects(client.lLen('text'));
    const [span] = redisSpans();
    const { body, ...event } = only();
    assert.deepEqual(event, {
      name: EXCEPTION,
      severity: WARN,
      attributes: at({ 'db.operation.name': 'LLEN', 'db.namespace': '0', ...wrongType, 'exception.type': 'SimpleError' }),
      span: span?.spanContext(),
    });
    assert.equal(body, `LLEN: ${wrongType['exception.message']}`);
    assertQuiet();
  });

  it('are not there for what succeeds, and for refusals that are outcomes', async () => {
    await client.get('missing');
    await client.set('text', 'b', { NX: true });
    await client.xGroupCreate('s', 'g', '$', { MKSTREAM: true });
    await assert.rejects(client.xGroupCreate('s', 'g', '$'));
    await assert.rejects(client.evalSha('0'.repeat(40)), /NOSCRIPT/);
    await client.multi().get('text').get('missing').exec();
    assert.deepEqual(logging.events(), []);
  });

  it('tell the failures of a batch once, in its span', async () => {
    await assert.rejects(client.multi().lLen('text').get('text').lLen('text').exec());
    const [span] = redisSpans();
    const { attributes, span: inside } = only();
    assert.deepEqual(attributes, at({ 'db.operation.name': 'MULTI', 'db.namespace': '0', ...wrongType, 'exception.type': 'SimpleError' }));
    assert.equal(inside?.spanId, span?.spanContext().spanId);
  });

  it('are the same with a span for each command of a batch', async () => {
    reset({ failureEvents: true, batchCommands: true });
    await assert.rejects(client.multi().lLen('text').lLen('text').exec());
    const batch = redisSpans().find(({ name }) => name.startsWith('MULTI'));
    assert.equal(only().span?.spanId, batch?.spanContext().spanId);
  });

  it('are in the span of the caller if the command has none', async () => {
    await within(unsampled(), () => assert.rejects(client.lLen('text')));
    assert.deepEqual(redisSpans(), []);
    assert.equal(only().span?.spanId, 'b'.repeat(16));
  });

  it('do not need spans', async () => {
    reset({ failureEvents: true, traces: false, metrics: false });
    await inSpan(async (caller) => {
      await assert.rejects(client.lLen('text'));
      assert.equal(only().span?.spanId, caller.spanContext().spanId);
    });
  });

  it('are not there in a context that is not to be traced', async () => {
    await context.with(suppressTracing(context.active()), () => assert.rejects(client.lLen('text')));
    assert.deepEqual(logging.events(), []);
  });

  it('contain nothing of arguments, replies or stacks', async () => {
    const script = `return redis.error_reply('${SECRET}')`;
    const calls: (() => Promise<unknown>)[] = [
      () => client.sendCommand(['UNHEARD', SECRET]),
      () => client.eval(script, { keys: [], arguments: [SECRET] }),
      () => client.sendCommand(['CONFIG', 'SET', 'requirepas', SECRET]),
      () => client.sendCommand(['SET', 'k', 'v', SECRET]),
      () => client.auth({ username: SECRET, password: SECRET }),
      () => client.multi().set('k', SECRET).lLen('text').exec(),
    ];
    for (const call of calls) await assert.rejects(call());
    assert.equal(logging.events().length, calls.length);
    const written = JSON.stringify(logging.events());
    assert.ok(!written.includes(SECRET), written);
    assert.ok(!written.includes('stack'), written);
  });

  it('are off by default', async () => {
    reset({});
    await assert.rejects(client.lLen('text'));
    assert.deepEqual(logging.events(), []);
  });

  it('are off without a provider, and with one that has gone', async () => {
    await logging.stop();
    await assert.rejects(client.lLen('text'), /WRONGTYPE/);
    assert.deepEqual(logging.events(), []);
    assertQuiet();
  });

  it('do not affect the application when a logger throws: the error is reported', async () => {
    const broken = () => {
      throw new Error('no logs today');
    };
    const logger = { emit: broken, enabled: broken };
    // The base class asks too, without options.
    const providers = [
      { getLogger: (_name: string, _version?: string, options?: object) => (options ? broken() : logger) },
      { getLogger: () => logger },
    ];
    for (const provider of providers) {
      instrumentation.setLoggerProvider(provider as Provider);
      resetTracing({ failureEvents: true, metrics: false });
      assert.equal(await client.get('text'), SECRET);
      await assert.rejects(client.lLen('text'), /WRONGTYPE/);
      await within(unsampled(), () => assert.rejects(client.lLen('text'), /WRONGTYPE/));
      const lines = diagnostics.splice(0);
      assert.ok(lines.length > 0 && lines.every((line) => line.includes('(Error)') && !line.includes('no logs today')), lines.join('\n'));
    }
  });

  describe('of locks', () => {
    const release = (key: string, token: string) => client.eval(COMPARE_AND_DELETE, { keys: [key], arguments: [token] });

    it('tell a lock that was gone when its holder released it, in the span of the release', async () => {
      await client.set('lock:order:7', 'a-token', { NX: true, PX: 60_000 });
      await server.request('DEL', 'lock:order:7');
      assert.equal(await release('lock:order:7', 'a-token'), 0);
      const span = redisSpans().at(-1);
      const attributes = at({
        'db.operation.name': 'EVAL',
        'db.namespace': '0',
        'db.redis.lock.key': 'lock:order:7',
        'db.redis.key_family': 'lock:order:{}',
      });
      assert.deepEqual(only(), {
        name: 'redis.lock.lost',
        severity: WARN,
        body: 'lock lost: lock:order:7',
        attributes,
        span: span?.spanContext(),
      });
    });

    it('are in the span of a transaction that released it', async () => {
      await client.set('lock:order:7', 'a-token', { NX: true, PX: 60_000 });
      await server.request('DEL', 'lock:order:7');
      await client
        .multi()
        .eval(COMPARE_AND_DELETE, { keys: ['lock:order:7'], arguments: ['a-token'] })
        .get('text')
        .exec();
      const span = redisSpans().at(-1);
      assert.equal(only().span?.spanId, span?.spanContext().spanId);
      assert.deepEqual([span?.attributes['db.redis.lock.key'], span?.attributes['db.redis.lock.lost']], ['lock:order:7', true]);
    });

    it('show its key as spans do', async () => {
      reset({ failureEvents: true, keys: 'hidden', keyFamilies: true });
      await client.set('lock:order:7', 'a-token', { NX: true, PX: 60_000 });
      await server.request('DEL', 'lock:order:7');
      await release('lock:order:7', 'a-token');
      const { body, attributes } = only();
      assert.deepEqual(
        [body, attributes],
        ['lock lost: ?', at({ 'db.operation.name': 'EVAL', 'db.namespace': '0', 'db.redis.lock.key': '?' })],
      );
    });

    it('are not there for a lock that is released, or never was held', async () => {
      await client.set('lock:order:7', 'a-token', { NX: true, PX: 60_000 });
      await release('lock:order:7', 'a-token');
      await release('lock:order:7', 'another');
      assert.deepEqual(logging.events(), []);
    });
  });

  describe('of connections', () => {
    let other: RedisServer;
    before(async () => {
      other = await startStandalone();
    });
    after(() => other.stop());

    for (const version of [...LEGACY_VERSIONS, ...VERSIONS, ...IOREDIS_CORE]) {
      it(`tell that one of ${titleOf(version)} was lost, once and in no trace, and not that it was closed`, async () => {
        const options = { socket: { host: other.host, port: other.port, reconnectStrategy: () => 50 } };
        const own = await inSpan(() => connect(loadRedis(version), other, options));
        await own.set('name', 'x');
        await other.request('CLIENT', 'KILL', 'TYPE', 'normal').catch(() => {});
        const lost = () => logging.events().filter(({ name }) => name === 'redis.client.connection.lost');
        await until(() => lost().length > 0);
        await until(async () => (await own.get('name').catch(() => undefined)) === 'x');
        await end(own);
        const { attributes, ...event } = only(lost());
        const error = { 'error.type': 'SocketClosedUnexpectedlyError', 'exception.type': 'SocketClosedUnexpectedlyError' };
        const message = 'exception.message' in attributes && attributes['exception.message'];
        assert.deepEqual(event, {
          name: 'redis.client.connection.lost',
          severity: WARN,
          body: `connection lost: ${message}`,
          span: undefined,
        });
        assert.deepEqual(attributes, {
          ...at(),
          'db.namespace': '0',
          'server.port': other.port,
          ...error,
          'exception.message': message,
        });
      });
    }
  });
});
