import assert from 'node:assert/strict';
import { overviewOf } from '../../src/view/overview/overview';
import { TraceLists } from '../../src/view/overview/traces';
import { Telemetry } from '../../src/view/store/telemetry';
import { createPaint } from '../../src/view/terminal/paint';
import { renderSummary } from '../../src/view/terminal/summary';
import { renderWaterfall, type Step } from '../../src/view/terminal/waterfall';
import { command, EPOCH_MS, metricsBody, type SampleSpan, tracesBody } from './otlp';

const paint = createPaint({ isTTY: false }, {});
const step = (title: string, atMs: number): Step => ({ title, startMs: EPOCH_MS + atMs, about: '' });

function telemetryOf(spans: readonly SampleSpan[]): Telemetry {
  const telemetry = new Telemetry(() => EPOCH_MS);
  telemetry.addTraces(tracesBody(spans));
  return telemetry;
}

function draw(steps: readonly Step[], spans: readonly SampleSpan[]): string[] {
  return renderWaterfall(steps, telemetryOf(spans).spans(), { paint, columns: 120 });
}

function summarize(telemetry: Telemetry): string[] {
  return renderSummary(overviewOf(telemetry, new TraceLists(telemetry.records.traces)), paint);
}

describe('the view in a terminal', () => {
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

    const marks: [string, SampleSpan, string][] = [
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

    it('shows spans before the first step, steps without spans, and only the first rows of a long one', () => {
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
    it('adds up hits, latencies, errors, locks, pools and messages', () => {
      const family = { 'db.redis.key_family': 'user:{}' };
      const telemetry = telemetryOf([
        ...[1, 2, 3, 4].map((forMs) => ({
          forMs,
          attributes: command('GET', { ...family, 'cache.hit': forMs > 1, 'db.query.text': `GET user:${forMs}` }),
        })),
        {
          name: 'MGET a',
          attributes: command('MGET', {
            ...family,
            'cache.hit_count': 2,
            'cache.miss_count': 1,
            'db.query.text': 'MGET user:1 user:2 user:3',
          }),
        },
        { name: 'LRANGE a', failed: true, attributes: command('LRANGE', { 'error.type': 'WRONGTYPE' }) },
        {
          name: 'SET a',
          attributes: command('SET', { 'db.redis.lock.key': 'lock:7', 'db.redis.lock.acquired': true, 'db.query.text': 'SET lock:7 ? NX' }),
        },
      ]);
      const pool = { 'db.client.connection.pool.name': 'a:6379/0' };
      telemetry.addMetrics(
        metricsBody([
          { metric: 'db.client.connection.count', type: 'upDown', value: 2, attributes: { ...pool, 'db.client.connection.state': 'used' } },
          { metric: 'db.client.connection.limit', type: 'upDown', value: 4, attributes: pool },
          { metric: 'messaging.client.sent.messages', value: 5, attributes: { 'messaging.destination.template': 'news' } },
        ]),
      );
      assert.deepEqual(summarize(telemetry), [
        'Hit ratio by family, last 5 minutes',
        `  user:{}                  ${'█'.repeat(14)}${'░'.repeat(6)}   71.4 %   5 of 7`,
        `  all                      ${'█'.repeat(14)}${'░'.repeat(6)}   71.4 %   5 of 7`,
        '',
        'Latency by command',
        '  command                    calls    p50 ms    p95 ms    p99 ms   errors',
        '  GET                            4      2.00      4.00      4.00',
        '  MGET                           1      1.00      1.00      1.00',
        '  LRANGE                         1      1.00      1.00      1.00   1',
        '  SET                            1      1.00      1.00      1.00',
        '',
        'Errors',
        '     1 × WRONGTYPE',
        '',
        'Slowest by family',
        '  user:{}                      4.00 ms   GET user:4',
        '  lock:{}                      1.00 ms   SET lock:7 ? NX',
        '',
        'Locks',
        '  lock:{}                  1 acquired, 0 refused, 0 lost',
        '',
        'Pools',
        '  a:6379/0                 up to 2 of 4 used, 0 timeouts',
        '',
        'Messages',
        '  news                     5 sent, 0 received',
        '',
        'Worth a look',
        '     1 × LRANGE failed: WRONGTYPE',
        '',
      ]);
    });

    it('reports that there was no data', () => {
      assert.deepEqual(summarize(telemetryOf([])), ['Hit ratio by family, last 5 minutes', '  no lookups', '']);
    });
  });

  it('uses colours only on a terminal, and not with NO_COLOR', () => {
    assert.equal(createPaint({ isTTY: true }, {}).red('x'), '\u001b[31mx\u001b[0m');
    assert.equal(createPaint({ isTTY: true }, { NO_COLOR: '1' }).red('x'), 'x');
    assert.equal(createPaint({}, {}).red('x'), 'x');
  });
});
