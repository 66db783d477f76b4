import assert from 'node:assert/strict';
import { readSpans } from '../../src/view/otlp/message';
import { overviewOf } from '../../src/view/overview/overview';
import { TraceLists } from '../../src/view/overview/traces';
import { AttentionList } from '../../src/view/store/attention';
import { Durations } from '../../src/view/store/durations';
import { attentionOf } from '../../src/view/store/reading';
import { Series } from '../../src/view/store/series';
import { Slowest } from '../../src/view/store/slowest';
import { Telemetry } from '../../src/view/store/telemetry';
import { Traces } from '../../src/view/store/traces';
import { Ring, STEPS, Table } from '../../src/view/store/window';
import { command, EPOCH_MS, metricsBody, type SampleSpan, tracesBody } from './otlp';

const spans = (samples: readonly SampleSpan[]) => readSpans(tracesBody(samples));

describe('the data that the view keeps', () => {
  describe('of traces', () => {
    const limits = { spans: 10, spansPerTrace: 4, kept: 2 };
    const filled = (samples: readonly SampleSpan[]) => {
      const traces = new Traces((span) => attentionOf(span) !== undefined, limits);
      for (const span of spans(samples)) traces.add(span);
      return traces;
    };
    const idsOf = (traces: Traces) => [...traces.all()].map(({ traceId }) => traceId);

    it('is the latest', () => {
      const traces = filled(Array.from({ length: 25 }, (_, index) => ({ trace: `t${index}` })));
      assert.deepEqual(idsOf(traces), ['t15', 't16', 't17', 't18', 't19', 't20', 't21', 't22', 't23', 't24']);
      assert.equal(traces.get('t14'), undefined);
    });

    it('is less where spans carry a lot of text', () => {
      const traces = filled(Array.from({ length: 10 }, (_, index) => ({ trace: `t${index}`, attributes: { text: 'x'.repeat(2_048) } })));
      assert.deepEqual(idsOf(traces), ['t5', 't6', 't7', 't8', 't9']);
    });

    it('is less where spans have many links: readers of streams', () => {
      const links = Array.from({ length: 16 }, () => ({ traceId: 'f'.repeat(32), spanId: 'f'.repeat(16) }));
      const traces = filled(Array.from({ length: 10 }, (_, index) => ({ trace: `t${index}`, links })));
      assert.deepEqual(idsOf(traces), ['t5', 't6', 't7', 't8', 't9']);
    });

    it('is a limited part of one trace, and the number of omitted spans', () => {
      const traces = filled(Array.from({ length: 7 }, () => ({ trace: 'long' })));
      assert.deepEqual({ spans: traces.get('long')?.spans.length, omitted: traces.get('long')?.omitted }, { spans: 4, omitted: 3 });
    });

    it('includes traces that need attention for longer, up to a number', () => {
      const failed = Array.from({ length: 6 }, (_, index) => ({ trace: `bad${index}`, failed: true }));
      const traces = filled([...failed, ...Array.from({ length: 20 }, (_, index) => ({ trace: `good${index}` }))]);
      const ids = idsOf(traces);
      assert.equal(ids.length, 10);
      assert.deepEqual(ids.slice(0, 3), ['bad4', 'bad5', 'good12']);
      assert.equal(ids.at(-1), 'good19');
    });

    it('is limited if everything needs attention', () => {
      const traces = filled(Array.from({ length: 1_000 }, (_, index) => ({ trace: `bad${index}`, failed: true })));
      assert.ok(idsOf(traces).length <= 10);
      assert.equal(idsOf(traces).at(-1), 'bad999');
    });
  });

  it('of one span is limited: texts, attributes, links', () => {
    const attributes = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`a${index}`, 'x'.repeat(10_000)]));
    const links = Array.from({ length: 200 }, () => ({ traceId: 'f'.repeat(100), spanId: 'f'.repeat(16) }));
    const [span] = spans([{ attributes, links, name: 'n'.repeat(10_000) }]);
    assert.equal(Object.keys(span?.attributes ?? {}).length, 64);
    assert.deepEqual([span?.attributes.a0?.toString().length, span?.links.length, span?.name.length], [2_048, 128, 2_048]);
    assert.deepEqual(span?.links[0], { traceId: 'f'.repeat(32), spanId: 'f'.repeat(16) });
  });

  it('of series is the latest', () => {
    const series = new Series(3);
    for (const metric of ['a', 'b', 'a', 'c', 'd']) {
      series.add({ metric, source: '', scope: '', attributes: {}, value: 1, sum: undefined, type: 'state', startNanos: '' }, 0);
    }
    assert.deepEqual(
      ['a', 'b', 'c', 'd'].map((metric) => series.of(metric).length),
      [1, 0, 1, 1],
    );
  });

  it('of numbers over time is the window', () => {
    const ring = new Ring();
    ring.add(5, 1_000);
    ring.add(2, 1_000 + STEPS - 1);
    assert.equal(ring.sum(1_000 + STEPS - 1), 7);
    assert.equal(ring.sum(1_000 + STEPS), 2);
    assert.deepEqual(ring.read(1_000 + STEPS, 3), [0, 2, 0]);
    ring.add(1, 1_000);
    assert.equal(ring.sum(1_000 + STEPS), 2, 'what is too late for the window changes nothing');
    ring.add(1, 90_000);
    assert.equal(ring.sum(90_000), 1);
  });

  it('of names is limited; idle ones make room, and further ones are _other', () => {
    const table = new Table(['calls'], 2);
    for (const name of ['a', 'b', 'c', 'd']) table.row(name, 0).calls.add(1, 0);
    const counted = (step: number) => Object.fromEntries(table.all(step).map(({ name, sums }) => [name, sums.calls]));
    assert.deepEqual(counted(0), { a: 1, b: 1, _other: 2 });
    table.row('b', STEPS).calls.add(1, STEPS);
    table.row('e', STEPS).calls.add(1, STEPS);
    assert.deepEqual(counted(STEPS), { b: 1, e: 1 });
  });

  it('of what needs attention is the latest, with repeated ones merged', () => {
    const attention = new AttentionList(2);
    for (const [index, text] of ['a', 'b', 'a', 'c'].entries()) {
      attention.note({ kind: 'stampede', text, lastMs: index, callers: 5 - index, traceId: `t${index}` });
    }
    assert.deepEqual(attention.newestFirst(), [
      { kind: 'stampede', text: 'c', count: 1, callers: 2, lastMs: 3, traceId: 't3' },
      { kind: 'stampede', text: 'a', count: 2, callers: 5, lastMs: 2, traceId: 't2' },
    ]);
  });

  it('of slow commands is three per family, within the window', () => {
    const slowest = new Slowest();
    const slow = (durationMs: number, atMs = 0) => ({ durationMs, text: `GET ${durationMs % 10}`, traceId: 't', atMs });
    for (const durationMs of [1, 12, 3, 2, 4, 11]) slowest.add('f', slow(durationMs));
    assert.deepEqual(
      slowest.all(0).map((entry) => entry.slow.map(({ durationMs }) => durationMs)),
      [[12, 11, 4]],
    );
    assert.deepEqual(slowest.all(300_000), []);
    for (let index = 0; index < 1_000; index++) slowest.add(`f${index}`, slow(1));
    assert.ok(slowest.all(0).length <= 201);
  });

  it('of durations is a limited number per command, of a limited number of commands', () => {
    const durations = new Durations(2);
    for (let index = 0; index < 2_000; index++) durations.add('GET', index < 1_000 ? 1_000 : 1, false, 0);
    assert.deepEqual(durations.of('GET'), { p50: 1, p95: 1, p99: 1 });
    for (const name of ['SET', 'DEL']) durations.add(name, 1, false, 0);
    assert.deepEqual([durations.of('SET') !== undefined, durations.of('DEL')], [true, undefined]);
  });

  it('does not grow with traffic', () => {
    let nowMs = EPOCH_MS;
    const telemetry = new Telemetry(() => nowMs);
    const lists = new TraceLists(telemetry.records.traces);
    const hours = (number: number) => {
      for (let hour = 0; hour < 8; hour++) {
        nowMs += 3_600_000;
        const names = Array.from({ length: 250 }, (_, index) => `${number}-${hour}-${index}`);
        telemetry.addTraces(
          tracesBody(
            names.map((name) => ({
              failed: true,
              attributes: command(name, { 'db.redis.key_family': name, 'cache.hit': true, 'error.type': name }),
            })),
          ),
        );
        const attributes = names.map((name) => ({
          'db.operation.name': name,
          'error.type': name,
          'db.redis.key_family': name,
          'cache.result': 'hit',
        }));
        const metrics = ['db.client.operation.duration', 'cache.requests', 'cache.unfilled_misses', 'messaging.client.sent.messages'];
        telemetry.addMetrics(
          metricsBody(
            metrics.flatMap((metric) => attributes.map((each) => ({ metric, value: 1, attributes: each }))),
            `${hour}`,
          ),
        );
      }
      return JSON.stringify(overviewOf(telemetry, lists)).length;
    };
    const sizes = Array.from({ length: 4 }, (_, number) => hours(number));
    assert.ok(telemetry.spans().length <= 20_000);
    assert.ok((sizes[3] ?? 0) < (sizes[0] ?? 0) * 1.1, sizes.join(', '));
  });
});
