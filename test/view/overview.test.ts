import assert from 'node:assert/strict';
import { type Overview, overviewOf } from '../../src/view/overview/overview';
import { TraceLists, traceDetail } from '../../src/view/overview/traces';
import { Telemetry } from '../../src/view/store/telemetry';
import { STEP_MS } from '../../src/view/store/window';
import { command, EPOCH_MS, metricsBody, type SamplePoint, type SampleSpan, tracesBody } from './otlp';

const MINUTE_MS = 60_000;
const USERS = { 'db.redis.key_family': 'user:{}' };

describe('how the view reads telemetry', () => {
  let nowMs: number;
  let telemetry: Telemetry;
  beforeEach(() => {
    nowMs = EPOCH_MS;
    telemetry = new Telemetry(() => nowMs);
  });

  const spans = (samples: readonly SampleSpan[], service?: string) => telemetry.addTraces(tracesBody(samples, service));
  const points = (samples: readonly SamplePoint[], service?: string) => telemetry.addMetrics(metricsBody(samples, service));
  const overview = (): Overview => overviewOf(telemetry, new TraceLists(telemetry.records.traces));
  const lookups = (result: 'hit' | 'miss', value: number, more: Partial<SamplePoint> = {}): SamplePoint => {
    return { metric: 'cache.requests', value, attributes: { ...USERS, 'cache.result': result }, ...more };
  };
  const counted = () => overview().families.map(({ family, hits, misses }) => ({ family, hits, misses }));

  describe('of counters', () => {
    it('adds the increase since the last export', () => {
      points([lookups('hit', 5), lookups('miss', 5)]);
      points([lookups('hit', 12), lookups('miss', 6)]);
      assert.deepEqual(counted(), [{ family: 'user:{}', hits: 12, misses: 6 }]);
    });

    it('adds processes', () => {
      points([lookups('hit', 5)], 'one');
      points([lookups('hit', 3)], 'other');
      points([lookups('hit', 6)], 'one');
      assert.deepEqual(counted(), [{ family: 'user:{}', hits: 9, misses: 0 }]);
    });

    it('continues when a process was restarted', () => {
      points([lookups('hit', 5)]);
      points([lookups('hit', 3)]);
      points([lookups('hit', 9, { startedAt: 1 })]);
      assert.deepEqual(counted(), [{ family: 'user:{}', hits: 17, misses: 0 }]);
    });

    it('adds increases unchanged', () => {
      points([lookups('hit', 5, { delta: true })]);
      points([lookups('hit', 5, { delta: true })]);
      assert.deepEqual(counted(), [{ family: 'user:{}', hits: 10, misses: 0 }]);
    });

    it('forgets what is older than the window', () => {
      points([lookups('hit', 5)]);
      nowMs += 4 * MINUTE_MS;
      points([lookups('hit', 6), lookups('miss', 1)]);
      assert.deepEqual(counted(), [{ family: 'user:{}', hits: 6, misses: 1 }]);
      nowMs += 2 * MINUTE_MS;
      assert.deepEqual(counted(), [{ family: 'user:{}', hits: 1, misses: 1 }]);
    });
  });

  it('takes hits from metrics if there are any, and otherwise from spans', () => {
    spans([
      { attributes: command('GET', { ...USERS, 'cache.hit': true }) },
      { attributes: command('MGET', { ...USERS, 'cache.hit_count': 1, 'cache.miss_count': 2 }) },
    ]);
    assert.deepEqual(counted(), [{ family: 'user:{}', hits: 2, misses: 2 }]);
    points([lookups('hit', 40), lookups('miss', 10)]);
    const { totals } = overview();
    assert.deepEqual({ hits: totals.hits, misses: totals.misses, hitRatio: totals.hitRatio }, { hits: 40, misses: 10, hitRatio: 0.8 });
  });

  it('counts spans as the metrics count commands', () => {
    spans([
      { attributes: command('HMGET', { ...USERS, 'cache.hit_count': 1, 'cache.miss_count': 2 }) },
      { attributes: command('HMGET', { ...USERS, 'cache.hit_count': 0, 'cache.miss_count': 3 }) },
      {
        attributes: command('HMGET', { ...USERS, 'db.redis.composite.count': 5, 'cache.hit_count': 4, 'cache.miss_count': 1 }),
      },
      { attributes: command('PIPELINE HMGET', { ...USERS, 'cache.hit_count': 2, 'cache.miss_count': 1 }) },
      { attributes: command('EXISTS', { 'cache.hit_count': 1, 'cache.miss_count': 1 }) },
      // A request with its totals.
      { attributes: { 'cache.hit_count': 7, 'cache.miss_count': 6 } },
    ]);
    assert.deepEqual(counted(), [{ family: 'user:{}', hits: 7, misses: 3 }]);
    const { hits, misses } = overview().totals;
    assert.deepEqual([hits, misses], [7, 3]);
  });

  it('shows the hit ratio over time, with a gap where there were no look-ups', () => {
    points([lookups('miss', 1)]);
    nowMs += 40 * STEP_MS;
    points([lookups('miss', 1), lookups('hit', 1)]);
    const course = overview().families[0]?.hitRatioCourse ?? [];
    assert.equal(course.length, 42);
    assert.deepEqual([course[1], course[8], course[9], course.at(-2), course.at(-1)], [0, 0, undefined, undefined, 1]);
  });

  it('shows the cost of a family: loads, stampedes, unfilled misses, writes that never expire', () => {
    const fill = (loadMs: number) => ({ ...USERS, 'cache.fill': true, 'cache.load.duration_ms': loadMs });
    spans([
      { attributes: command('SET', fill(30)) },
      { attributes: command('SET', { ...fill(40), 'cache.stampede_width': 2 }) },
      { attributes: command('SET', { ...fill(20), 'cache.stampede_width': 3 }) },
    ]);
    points([
      lookups('miss', 6),
      { metric: 'cache.unfilled_misses', value: 2, attributes: USERS },
      { metric: 'cache.writes', value: 3, attributes: { ...USERS, 'cache.ttl': 'no' } },
      { metric: 'cache.writes', value: 9, attributes: { ...USERS, 'cache.ttl': 'yes' } },
    ]);
    const { families, attention, totals } = overview();
    const [{ hitRatioCourse, ...family } = { hitRatioCourse: [] }] = families;
    assert.equal(hitRatioCourse.at(-1), 0);
    assert.deepEqual(family, {
      family: 'user:{}',
      hits: 0,
      misses: 6,
      hitRatio: 0,
      fills: 3,
      meanLoadMs: 30,
      stampedes: 1,
      unfilled: 2,
      immortal: 3,
    });
    assert.equal(totals.stampedes, 1);
    assert.deepEqual(
      attention.map(({ text, count, callers }) => ({ text, count, callers })),
      [
        { text: 'Misses of user:{} not filled by this process', count: 2, callers: undefined },
        { text: 'A key of user:{} was loaded while others loaded it', count: 2, callers: 3 },
      ],
    );
  });

  it('excludes blocking commands from the latency of all commands', () => {
    spans([
      ...[1, 2, 3].map((forMs) => ({ forMs, attributes: command('GET') })),
      { forMs: 900, attributes: command('BLPOP') },
      { forMs: 800, attributes: command('XREAD', { 'db.query.text': 'XREAD BLOCK 800 STREAMS s $' }) },
      { forMs: 4, attributes: command('XREAD', { 'db.query.text': 'XREAD STREAMS s 0' }) },
    ]);
    const { totals, commands } = overview();
    assert.deepEqual(totals.latency, { p50: 2, p95: 4, p99: 4 });
    assert.equal(commands.find(({ command: name }) => name === 'BLPOP')?.p95, 900);
  });

  it('counts no failure where a client rejects because the program closed it', () => {
    const attributes = command('BZPOPMIN', { 'error.type': 'ConnectionClosedError' });
    const failures = (): unknown[] => [overview().totals.errors, overview().errorTypes, overview().attention];
    spans([{ failed: true, attributes }]);
    assert.deepEqual([overview().totals.calls, ...failures()], [1, 0, [], []]);
    points([{ metric: 'db.client.operation.duration', type: 'histogram', value: 4, sum: 1, attributes }]);
    assert.deepEqual([overview().totals.calls, ...failures()], [4, 0, [], []]);
  });

  it('counts calls and errors from metrics', () => {
    const operation = (name: string, value: number, more = {}): SamplePoint => {
      return {
        metric: 'db.client.operation.duration',
        type: 'histogram',
        value,
        sum: 1,
        attributes: { 'db.operation.name': name, ...more },
      };
    };
    spans([{ attributes: command('GET') }]);
    points([operation('GET', 90), operation('GET', 10, { 'error.type': 'LOADING' }), operation('SET', 5)]);
    const { commands, errorTypes } = overview();
    assert.deepEqual(
      commands.map(({ command: name, calls, errors }) => ({ name, calls, errors })),
      [
        { name: 'GET', calls: 100, errors: 10 },
        { name: 'SET', calls: 5, errors: 0 },
      ],
    );
    assert.deepEqual(errorTypes, [{ type: 'LOADING', errors: 10 }]);
  });

  it('excludes other databases and brokers, whose metrics have the same names', () => {
    const others = metricsBody(
      [
        { metric: 'db.client.operation.duration', type: 'histogram', value: 9, sum: 1, attributes: { 'db.system.name': 'postgresql' } },
        { metric: 'messaging.client.sent.messages', value: 9, attributes: { 'messaging.system.name': 'kafka' } },
        { metric: 'db.client.connection.count', type: 'upDown', value: 9, attributes: { 'db.client.connection.pool.name': 'pg' } },
      ],
      'shop',
      'another',
    );
    telemetry.addMetrics(others);
    const { commands, channels, pools } = overview();
    assert.deepEqual({ commands, channels, pools }, { commands: [], channels: [], pools: [] });
    const native = { metric: 'db.client.operation.duration', type: 'histogram', value: 2, sum: 1 } as const;
    telemetry.addMetrics(
      metricsBody([{ ...native, attributes: { 'db.system.name': 'redis', 'db.operation.name': 'GET' } }], 'shop', 'another'),
    );
    assert.equal(overview().totals.calls, 2);
  });

  it('adds up the pools and connections of all processes, and forgets those of silent ones', () => {
    const pool = { 'db.client.connection.pool.name': 'a:6379/0' };
    const server = { 'server.address': 'a' };
    const process = (used: number): SamplePoint[] => [
      { metric: 'db.client.connection.count', type: 'upDown', value: used, attributes: { ...pool, 'db.client.connection.state': 'used' } },
      { metric: 'db.client.connection.count', type: 'upDown', value: 1, attributes: { ...pool, 'db.client.connection.state': 'idle' } },
      { metric: 'db.client.connection.limit', type: 'upDown', value: 4, attributes: pool },
      { metric: 'redis.client.connection.count', type: 'upDown', value: 2, attributes: server },
    ];
    points(process(3), 'one');
    points(process(1), 'one');
    points(
      [...process(2), { metric: 'db.client.connection.wait_time', type: 'histogram', value: 2, sum: 0.01, attributes: pool }],
      'other',
    );
    const [{ usedCourse, ...view } = { usedCourse: [] }] = overview().pools;
    assert.equal(usedCourse.at(-1), 3);
    assert.deepEqual(view, { pool: 'a:6379/0', used: 3, idle: 2, limit: 8, waiting: 0, timeouts: 0, meanWaitMs: 5 });
    assert.deepEqual(overview().servers, [{ server: 'a', connections: 4, queued: 0 }]);
    nowMs += 3 * MINUTE_MS;
    points(process(0), 'one');
    assert.deepEqual(
      overview().pools.map(({ used, idle, limit }) => ({ used, idle, limit })),
      [{ used: 0, idle: 1, limit: 4 }],
    );
  });

  it('reads locks and messages', () => {
    const lock = (more: Record<string, boolean>) => ({ attributes: command('SET', { 'db.redis.lock.key': 'lock:7', ...more }) });
    spans([
      lock({ 'db.redis.lock.acquired': true }),
      lock({ 'db.redis.lock.acquired': false }),
      lock({ 'db.redis.lock.renewed': true }),
      lock({ 'db.redis.lock.renewed': false, 'db.redis.lock.lost': true }),
      lock({ 'db.redis.lock.released': false }),
    ]);
    const family = { 'db.redis.key_family': 'lock:{}' };
    const channel = { 'messaging.destination.template': 'news' };
    points([
      { metric: 'redis.lock.hold.duration', type: 'histogram', value: 2, sum: 0.05, attributes: family },
      { metric: 'messaging.client.sent.messages', value: 2, attributes: channel },
      { metric: 'messaging.client.consumed.messages', value: 4, attributes: channel },
      { metric: 'messaging.process.duration', type: 'histogram', value: 4, sum: 0.002, attributes: channel },
    ]);
    const { locks, channels, attention } = overview();
    assert.deepEqual(locks, [
      { family: 'lock:{}', acquired: 1, refused: 1, renewed: 1, released: 0, lost: 1, meanHeldMs: 25, meanWaitedMs: undefined },
    ]);
    assert.deepEqual(channels, [{ channel: 'news', sent: 2, consumed: 4, meanProcessMs: 0.5 }]);
    assert.deepEqual(
      attention.map(({ text }) => text),
      ['A lock of lock:{} was gone before it was given back'],
    );
  });

  describe('of traces', () => {
    it('names a request by its method and path, and a command by its text', () => {
      spans([
        { name: 'GET', kind: 2, trace: 't1', id: 'a', attributes: { 'http.request.method': 'GET', 'url.path': '/users/7' } },
        { trace: 't1', parent: 'a', atMs: 1, attributes: command('GET', { 'db.query.text': 'GET user:7', 'cache.hit': true }) },
        { name: 'GET localhost', trace: 't2', atMs: 2, attributes: command('GET', { 'db.query.text': 'GET user:8', 'cache.hit': false }) },
        { name: 'not of Redis', trace: 't3' },
      ]);
      assert.deepEqual(
        overview().traces.recent.map(({ title, hits, misses, spans: size }) => ({ title, hits, misses, size })),
        [
          { title: 'GET user:8', hits: 0, misses: 1, size: 1 },
          { title: 'GET /users/7', hits: 1, misses: 0, size: 2 },
        ],
      );
    });

    it('lists the slowest, and those that need attention', () => {
      spans([
        { trace: 'slow', forMs: 50, attributes: command('GET') },
        { trace: 'failed', forMs: 1, failed: true, attributes: command('GET') },
        { trace: 'plain', forMs: 2, attributes: command('GET') },
      ]);
      const { slowest, attention } = overview().traces;
      assert.deepEqual(
        [slowest, attention].map((list) => list.map(({ traceId }) => traceId)),
        [['slow', 'plain', 'failed'], ['failed']],
      );
    });

    it('shows a consumer of another trace below, on the same scale, by its link', () => {
      spans([{ name: 'publish news', kind: 4, trace: 't1', id: 'p', atMs: 10, forMs: 5, attributes: command('PUBLISH') }], 'shop');
      const consumer = {
        name: 'process news',
        kind: 5,
        trace: 't2',
        id: 'c',
        atMs: 20,
        forMs: 10,
        attributes: { 'messaging.system.name': 'redis' },
      };
      spans([{ ...consumer, links: [{ traceId: 't1', spanId: 'p' }] }], 'warehouse');
      const detail = traceDetail(telemetry.records.traces, 't1');
      assert.deepEqual(
        detail?.rows.map(({ title, service, depth, linkedFrom }) => ({ title, service, depth, linkedFrom })),
        [
          { title: 'publish news', service: 'shop', depth: 0, linkedFrom: undefined },
          { title: 'process news', service: 'warehouse', depth: 0, linkedFrom: 'p' },
        ],
      );
      assert.deepEqual({ startMs: detail?.startMs, durationMs: detail?.durationMs }, { startMs: EPOCH_MS + 10, durationMs: 20 });
    });

    it('survives spans that are their own ancestors, or arrive twice', () => {
      spans([
        { trace: 't', id: 'a', parent: 'b' },
        { trace: 't', id: 'b', parent: 'a' },
        { trace: 't', id: 'c' },
        { trace: 't', id: 'c' },
        { trace: 't', id: 'd', parent: 'c' },
      ]);
      assert.deepEqual(
        traceDetail(telemetry.records.traces, 't')?.rows.map(({ spanId }) => spanId),
        ['c', 'd', 'c'],
      );
    });
  });
});
