import assert from 'node:assert/strict';
import { readBudgets } from '../../src/view/budget';
import { type Overview, overviewOf } from '../../src/view/overview/overview';
import { TraceLists } from '../../src/view/overview/traces';
import { answerOf } from '../../src/view/server/api';
import { Telemetry } from '../../src/view/store/telemetry';
import { command, EPOCH_MS, type SampleSpan, tracesBody } from './otlp';

describe('the API of the view', () => {
  const telemetry = new Telemetry(() => EPOCH_MS + 10_000);
  const lists = new TraceLists(telemetry.records.traces);
  const ask = (path: string, query = '') => answerOf(path, new URLSearchParams(query), { telemetry, lists });
  const titles = (query: string) => (ask('/api/traces', query) as { title: string }[]).map(({ title }) => title);

  const spans: SampleSpan[] = [
    { trace: 'a', id: '1', name: 'GET', kind: 2, attributes: { 'http.request.method': 'GET', 'url.path': '/users/7' }, forMs: 40 },
    { trace: 'a', id: '2', parent: '1', attributes: command('GET', { 'db.redis.key_family': 'user:{}', 'cache.hit': true }), atMs: 1 },
    { trace: 'b', attributes: command('LRANGE', { 'db.query.text': 'LRANGE l', 'error.type': 'WRONGTYPE' }), failed: true, atMs: 100 },
    { trace: 'c', attributes: command('XREADGROUP', { 'db.query.text': 'XREADGROUP GROUP g c BLOCK 5000 STREAMS s >' }), forMs: 5_000 },
  ];
  before(() => telemetry.addTraces(tracesBody(spans)));

  it('returns the latest traces, the slowest, those that need attention, and polls separately', () => {
    assert.deepEqual(titles(''), ['LRANGE l', 'GET /users/7']);
    assert.deepEqual(titles('list=slowest'), ['GET /users/7', 'LRANGE l']);
    assert.deepEqual(titles('list=attention'), ['LRANGE l']);
    assert.deepEqual(titles('list=polls'), ['XREADGROUP GROUP g c BLOCK 5000 STREAMS s >']);
  });

  for (const [query, found] of [
    ['q=/USERS', ['GET /users/7']],
    ['q=user:{}', ['GET /users/7']],
    ['q=lrange', ['LRANGE l']],
    ['q=wrongtype', ['LRANGE l']],
    ['failed=1', ['LRANGE l']],
    ['slower=10', ['GET /users/7']],
    ['q=nothing', []],
    ['slower=soon&failed=perhaps', ['LRANGE l', 'GET /users/7']],
  ] as const) {
    it(`finds traces by ${query}`, () => assert.deepEqual(titles(query), found));
  }

  it('returns one trace, families, commands and what needs attention', () => {
    assert.equal((ask('/api/traces/a') as { rows: unknown[] }).rows.length, 2);
    assert.deepEqual((ask('/api/families') as { family: string }[])[0]?.family, 'user:{}');
    assert.deepEqual((ask('/api/commands') as { command: string }[]).map((row) => row.command).sort(), ['GET', 'LRANGE', 'XREADGROUP']);
    assert.deepEqual(
      (ask('/api/attention') as { text: string }[]).map(({ text }) => text),
      ['LRANGE failed: WRONGTYPE'],
    );
    assert.equal((ask('/api/overview') as Overview).totals.errors, 1);
    assert.ok(!('traces' in (ask('/api/overview') as object)));
  });

  it('has nothing else', () => {
    for (const path of ['/api/', '/api/toString', '/api/families/a', '/api/traces/a/b', '/api/traces/none', '/overview']) {
      assert.equal(ask(path), undefined, path);
    }
    assert.equal(ask('/api/traces', 'list=toString'), undefined);
  });

  describe('a budget', () => {
    const overview = () => overviewOf(telemetry, lists);

    it('is broken beyond its limit, and not at it', () => {
      const broken = (text: string) => readBudgets(text).map((check) => check(overview()).broken);
      assert.deepEqual(broken('errors>0, errors>1, calls<4, hit-ratio<0.8, hit-ratio<1'), [true, false, true, false, false]);
    });

    it('is not broken without a measurement', () => {
      const empty = new Telemetry();
      assert.equal(readBudgets('hit-ratio<0.9')[0]?.(overviewOf(empty, new TraceLists(empty.records.traces))).broken, false);
    });

    for (const text of ['', 'errors', 'errors=0', 'toString>0', 'hit-ratio<high', 'errors>0,,calls>1']) {
      it(`is not read from ${JSON.stringify(text)}`, () => assert.throws(() => readBudgets(text), /is no budget\. One of hit-ratio, /));
    }
  });
});
