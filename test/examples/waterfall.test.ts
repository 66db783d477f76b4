import assert from 'node:assert/strict';
import { createPaint } from '../../examples/demo/paint.mjs';
import { createStore } from '../../examples/demo/store.mjs';
import { renderSummary } from '../../examples/demo/summary.mjs';
import { renderWaterfall } from '../../examples/demo/waterfall.mjs';

type Attributes = Record<string, string | number | boolean>;

interface Sample {
  name: string;
  atMs: number;
  forMs: number;
  trace?: string;
  id?: string;
  parent?: string;
  failed?: boolean;
  attributes?: Attributes;
}

const EPOCH_MS = 1_700_000_000_000;
const paint = createPaint({ isTTY: false }, {});
const step = (title: string, atMs: number) => ({ title, startMs: EPOCH_MS + atMs, calls: [] });

describe('the demo', () => {
  describe('waterfall', () => {
    it('puts each trace into the step during which it began, scaled to the time of that step', () => {
      const lines = draw(
        [step('First', 0), step('Second', 100)],
        [
          { name: 'GET a', atMs: 10, forMs: 10, attributes: { 'cache.hit': false, 'db.query.text': 'GET k' } },
          { name: 'SET a', atMs: 20, forMs: 10 },
          { name: 'GET b', atMs: 110, forMs: 1, attributes: { 'cache.hit': true } },
        ],
      );
      assert.deepEqual(lines, [
        'First  2 spans, 20.0 ms',
        `  GET a ${'█'.repeat(14)}${' '.repeat(14)}    10.00 ms  miss           GET k`,
        `  SET a ${' '.repeat(14)}${'█'.repeat(14)}    10.00 ms`,
        '',
        'Second  1 span, 1.0 ms',
        `  GET b ${'█'.repeat(28)}     1.00 ms  hit`,
        '',
      ]);
    });

    it('indents children under their parent, and treats one whose parent never came as a root', () => {
      const lines = draw(
        [step('Only', 0)],
        [
          { name: 'GET', atMs: 2, forMs: 1, trace: 't', id: 'b', parent: 'a' },
          { name: 'request', atMs: 1, forMs: 5, trace: 't', id: 'a' },
          { name: 'SET', atMs: 4, forMs: 1, trace: 't', id: 'c', parent: 'elsewhere' },
        ],
      );
      assert.deepEqual(
        lines.slice(1, 4).map((line) => line.slice(0, 9)),
        ['  request', '    GET  ', '  SET    '],
      );
    });

    const marks: [string, Partial<Sample>, string][] = [
      ['a partial lookup', { attributes: { 'cache.hit': false, 'cache.hit_count': 2, 'cache.miss_count': 1 } }, '2 of 3 hit'],
      ['an error, before all else', { failed: true, attributes: { 'error.type': 'WRONGTYPE', 'cache.hit': true } }, '✗ WRONGTYPE'],
      ['an error without a type', { failed: true }, '✗ error'],
      ['a lock held by somebody else', { attributes: { 'db.redis.lock.acquired': false } }, 'lock refused'],
    ];
    for (const [what, sample, mark] of marks) {
      it(`marks ${what}`, () => {
        const [, line] = draw([step('Only', 0)], [{ name: 'X', atMs: 1, forMs: 1, ...sample }]);
        assert.equal(line?.split(' ms  ')[1], mark);
      });
    }

    it('shows what came before the first step, steps without spans, and only the first rows of a long one', () => {
      const many = Array.from({ length: 17 }, (_, i) => ({ name: 'GET', atMs: 20 + i, forMs: 1 }));
      const lines = draw([step('Long', 10), step('Silent', 100)], [{ name: 'SET', atMs: 1, forMs: 0 }, ...many]);
      assert.equal(lines[0], 'Before the first step  1 span, 0.0 ms');
      assert.equal(lines.filter((line) => line.startsWith('  GET')).length, 16);
      assert.deepEqual(lines.slice(-4), ['  … and 1 more', '', 'Silent  no spans', '']);
    });

    it('lets no control character of a key reach the terminal', () => {
      const text = 'GET \u001b[31mred\u009b\n';
      const lines = draw([step('Only', 0)], [{ name: text, atMs: 1, forMs: 1, attributes: { 'db.query.text': text } }]);
      assert.doesNotMatch(lines.join(''), /\p{Cc}/u);
    });
  });

  describe('summary', () => {
    it('adds up hits, latencies, span names and metrics', () => {
      const store = storeOf([
        ...[1, 2, 3, 4].map((forMs) => ({ name: 'GET a', atMs: 0, forMs, attributes: command('GET', { 'cache.hit': forMs > 1 }) })),
        { name: 'MGET a', atMs: 0, forMs: 1, attributes: command('MGET', { 'cache.hit_count': 2, 'cache.miss_count': 1 }) },
        { name: 'LRANGE a', atMs: 0, forMs: 1, failed: true, attributes: command('LRANGE', { 'error.type': 'WRONGTYPE' }) },
      ]);
      store.addMetrics(metricsBody());
      assert.deepEqual(renderSummary(store, { paint }), [
        'Hit ratio',
        `  GET              ${'█'.repeat(15)}${'░'.repeat(5)}   75.0 %   3 of 4`,
        `  MGET             ${'█'.repeat(13)}${'░'.repeat(7)}   66.7 %   2 of 3`,
        `  total            ${'█'.repeat(14)}${'░'.repeat(6)}   71.4 %   5 of 7`,
        '',
        'Latency by command',
        '  command           count    p50 ms    p95 ms   errors',
        '  GET                   4      2.00      4.00',
        '  LRANGE                1      1.00      1.00   1 (WRONGTYPE)',
        '  MGET                  1      1.00      1.00',
        '',
        'Spans by name',
        '     4  GET a',
        '     1  LRANGE a',
        '     1  MGET a',
        '',
        'Metrics',
        '  db.client.operation.duration   7 operations',
        '  cache.requests                 5 hit, 2 miss',
        '  db.client.connection.count     not reported',
        '',
      ]);
    });

    it('says so when there was nothing to add up', () => {
      const lines = renderSummary(createStore(), { paint });
      assert.equal(lines[1], '  no lookups');
    });
  });

  it('paints on a terminal only, and not with NO_COLOR', () => {
    assert.equal(createPaint({ isTTY: true }, {}).red('x'), '\u001b[31mx\u001b[0m');
    assert.equal(createPaint({ isTTY: true }, { NO_COLOR: '1' }).red('x'), 'x');
    assert.equal(createPaint({}, {}).red('x'), 'x');
  });

  it('keeps the latest and the highest value of a metric', () => {
    const store = createStore();
    for (const asInt of ['3', 5, 1]) {
      const dataPoints = [{ attributes: attributesOf({ state: 'used' }), asInt }];
      store.addMetrics({ resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', sum: { dataPoints } }] }] }] });
    }
    assert.deepEqual(store.series('m'), [{ attributes: { state: 'used' }, value: 1, peak: 5 }]);
  });
});

function draw(steps: ReturnType<typeof step>[], samples: Sample[]): string[] {
  return renderWaterfall(steps, storeOf(samples).spans, { paint, columns: 120 });
}

function storeOf(samples: Sample[]) {
  const store = createStore();
  store.addTraces({ resourceSpans: [{ scopeSpans: [{ scope: { name: 'test' }, spans: samples.map(toOtlp) }] }] });
  return store;
}

function toOtlp({ name, atMs, forMs, trace, id, parent, failed, attributes }: Sample, index: number) {
  const nanos = (ms: number) => `${BigInt(EPOCH_MS + ms) * 1_000_000n}`;
  return {
    traceId: trace ?? `trace-${index}`,
    spanId: id ?? `span-${index}`,
    parentSpanId: parent,
    name,
    startTimeUnixNano: nanos(atMs),
    endTimeUnixNano: nanos(atMs + forMs),
    status: { code: failed ? 2 : 0 },
    attributes: attributesOf(attributes ?? {}),
  };
}

function attributesOf(attributes: Attributes) {
  const types = { string: 'stringValue', number: 'intValue', boolean: 'boolValue' } as const;
  return Object.entries(attributes).map(([key, value]) => {
    return { key, value: { [types[typeof value as keyof typeof types]]: value } };
  });
}

function command(name: string, attributes: Attributes): Attributes {
  return { 'db.system.name': 'redis', 'db.operation.name': name, ...attributes };
}

function metricsBody() {
  const results = [
    { result: 'hit', asInt: '5' },
    { result: 'miss', asInt: 2 },
  ];
  const requests = results.map(({ result, asInt }) => ({ attributes: attributesOf({ 'cache.result': result }), asInt }));
  const durations = [
    { attributes: [], count: '6', sum: 0.1 },
    { attributes: attributesOf({ 'error.type': 'X' }), count: 1 },
  ];
  const metrics = [
    { name: 'cache.requests', sum: { dataPoints: requests } },
    { name: 'db.client.operation.duration', histogram: { dataPoints: durations } },
  ];
  return { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] };
}
