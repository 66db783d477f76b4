import assert from 'node:assert/strict';
import { readBudgets } from '../../src/view/budget';
import { type Overview, overviewOf } from '../../src/view/overview/overview';
import { TraceLists } from '../../src/view/overview/traces';
import { Telemetry } from '../../src/view/store/telemetry';
import { createPaint } from '../../src/view/terminal/paint';
import { renderSummary } from '../../src/view/terminal/summary';
import { command, EPOCH_MS, type SampleSpan, tracesBody } from './otlp';

const NAMES = { 'db.redis.key_family': 'user:{}:name' };
const FEED = { 'http.request.method': 'GET', 'http.route': '/feed/:id', 'url.path': '/feed/7' };

describe('repeated calls, in the view', () => {
  let telemetry: Telemetry;
  beforeEach(() => {
    telemetry = new Telemetry(() => EPOCH_MS);
  });
  const overview = (): Overview => overviewOf(telemetry, new TraceLists(telemetry.records.traces));

  /** A request with a loop of so many calls, 2 ms each, as spans of their own. */
  function looped(trace: string, count: number): SampleSpan[] {
    const calls = Array.from({ length: count }, (_, index) => ({
      trace,
      parent: 'b'.repeat(16),
      atMs: index * 2,
      forMs: 2,
      attributes: command('GET', { ...NAMES, ...(index < 9 ? {} : { 'db.redis.repeated_calls': index + 1 }) }),
    }));
    const handler = { trace, id: 'b'.repeat(16), parent: 'a'.repeat(16), name: 'handler', kind: 1 };
    // The request ends last.
    return [...calls, handler, { trace, id: 'a'.repeat(16), name: 'GET /feed/:id', kind: 2, forMs: 500, attributes: FEED }];
  }

  it('are one line for all requests with that loop, about the longest, and are shown at the trace', () => {
    telemetry.addTraces(tracesBody(looped('1'.repeat(32), 12)));
    telemetry.addTraces(tracesBody(looped('2'.repeat(32), 42)));
    telemetry.addTraces(tracesBody(looped('3'.repeat(32), 9)));
    const { attention, traces } = overview();
    const text =
      'GET user:{}:name, 42 times one after another in GET /feed/:id, 84 ms: one MGET (in a cluster: of keys of one slot), or a pipeline';
    assert.deepEqual(attention, [{ kind: 'repeated', text, count: 2, callers: undefined, lastMs: EPOCH_MS, traceId: '2'.repeat(32) }]);
    assert.deepEqual(
      traces.attention.map(({ marks }) => marks),
      [['repeated'], ['repeated']],
    );
    const summary = renderSummary(overview(), createPaint({ isTTY: false }, {}));
    assert.ok(summary.includes(`     2 × ${text}`), summary.join('\n'));
  });

  it('are read from one composite span, of which every command is counted', () => {
    const composite = {
      ...command('GET', NAMES),
      'db.query.text': 'GET user:{}:name',
      'db.redis.repeated_calls': 200,
      'db.redis.composite.count': 200,
      'db.redis.composite.sum_ms': 84.4,
      'db.redis.composite.max_ms': 3,
      'cache.hit': false,
      'cache.hit_count': 150,
      'cache.miss_count': 50,
    };
    telemetry.addTraces(tracesBody([{ attributes: composite, forMs: 100 }]));
    const { attention, commands, families, slowest, totals, traces } = overview();
    assert.deepEqual(
      attention.map(({ text }) => text.slice(0, 52)),
      ['GET user:{}:name, 200 times one after another, 84 ms'],
    );
    assert.deepEqual(
      commands.map(({ calls, p50 }) => [calls, p50]),
      [[200, 84.4 / 200]],
    );
    assert.deepEqual([families[0]?.hits, families[0]?.misses, totals.calls], [150, 50, 200]);
    assert.equal(slowest[0]?.slow[0]?.durationMs, 3);
    assert.equal(traces.recent[0]?.title, 'GET user:{}:name × 200');
  });

  it('suggest a replacement for each command, and can be limited by a budget', () => {
    const lines: [string, string][] = [
      ['HGET', 'one HMGET if it is one hash, or a pipeline'],
      ['sismember', 'one SMISMEMBER if it is one set, or a pipeline'],
      ['INCR', 'a pipeline'],
    ];
    for (const [name, advice] of lines) {
      telemetry = new Telemetry(() => EPOCH_MS);
      const calls = looped('1'.repeat(32), 10).map((span, index) => {
        if (index > 9) return span;
        return { ...span, attributes: command(name, index === 9 ? { 'db.redis.repeated_calls': 10 } : {}) };
      });
      telemetry.addTraces(tracesBody(calls));
      const [line] = overview().attention;
      assert.equal(line?.text, `${name.toUpperCase()}, 10 times one after another in GET /feed/:id, 20 ms: ${advice}`);
    }
    const [check] = readBudgets('repeated-calls>9');
    assert.equal(check?.(overview()).broken, true);
  });
});
