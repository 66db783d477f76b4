import assert from 'node:assert/strict';
import { KeyFamilies } from '../../src/catalog';
import type { Miss } from '../../src/core/facts';
import { LOAD_WINDOW_MS, MAX_CALLERS, MAX_OPEN_KEYS, MAX_OPEN_MISSES, OpenMisses } from '../../src/insights/cache-aside';
import { identityOf, Scopes } from '../../src/insights/identity';
import { Counts } from '../../src/insights/tally';
import { MAX_WRITTEN_KEYS, MEMORY_MS, WrittenKeys } from '../../src/insights/written';

const miss = (): Miss => ({ span: undefined });
const caller = (span: string, trace = span) => ({ traceId: trace, spanId: span });

describe('memory of misses', () => {
  let misses: OpenMisses;
  let counts: Counts;
  beforeEach(() => {
    misses = new OpenMisses();
    counts = new Counts(new KeyFamilies<Counts>().of('user:7'));
  });

  const filledBy = (who: ReturnType<typeof caller> | undefined, mark: number, key = 1) => misses.fill(key, () => who, mark);

  it('joins a write with the miss of the same span, and tells how long loading took', () => {
    const handle = miss();
    misses.add(1, counts, caller('a'), 100, miss());
    misses.add(1, counts, caller('b'), 110, handle);
    assert.deepEqual(filledBy(caller('b'), 150), { family: 'user:{}', loadMs: 40, miss: handle, stampedeWidth: 2 });
    assert.equal(filledBy(caller('b'), 160), undefined);
    assert.equal(filledBy(caller('c'), 160), undefined);
  });

  it('joins a write in a child span with the miss of its trace', () => {
    misses.add(1, counts, caller('request', 't'), 100, miss());
    assert.equal(filledBy(caller('loader', 't'), 125)?.loadMs, 25);
  });

  it('counts a stampede once, and every load', () => {
    for (const name of ['a', 'b', 'c']) misses.add(1, counts, caller(name), 100, miss());
    assert.deepEqual(
      ['b', 'a', 'c'].map((name) => filledBy(caller(name), 200)?.stampedeWidth),
      [3, undefined, undefined],
    );
    assert.equal(misses.size, 0);
  });

  it('counts a caller that misses again once, and loads from its last look', () => {
    misses.add(1, counts, caller('a'), 100, miss());
    misses.add(1, counts, caller('b'), 110, miss());
    for (let mark = 120; mark < 200; mark += 10) misses.add(1, counts, caller('b'), mark, miss());
    const fill = filledBy(caller('b'), 200);
    assert.deepEqual([fill?.stampedeWidth, fill?.loadMs], [2, 10]);
  });

  it('begins a new stampede after a fill, and leaves out who has given up', () => {
    misses.add(1, counts, caller('gone'), 100, miss());
    misses.add(1, counts, caller('a'), 5_000, miss());
    assert.equal(filledBy(caller('a'), 5_010)?.stampedeWidth, 1);
    misses.add(1, counts, caller('b'), 6_000, miss());
    assert.equal(filledBy(caller('b'), 6_010)?.stampedeWidth, 1);
  });

  it('takes no write for a fill that was called before the miss was known, or by somebody else', () => {
    misses.add(1, counts, caller('a'), 100, miss());
    assert.equal(filledBy(caller('a'), 99), undefined);
    assert.equal(filledBy(caller('b'), 101), undefined);
    misses.expire(LOAD_WINDOW_MS + 101);
    assert.equal(counts.unfilled, 0, 'somebody filled it all the same');
  });

  it('without a trace, joins a write with the latest miss of its key', () => {
    misses.add(1, counts, undefined, 100, miss());
    misses.add(1, counts, undefined, 120, miss());
    assert.deepEqual([filledBy(undefined, 150)?.loadMs, filledBy(undefined, 150)?.loadMs, filledBy(undefined, 150)], [30, 50, undefined]);
  });

  it('counts misses that nobody fills in time, each once', () => {
    for (let i = 0; i < 3; i++) misses.add(1, counts, caller('a'), 100 + i, miss());
    misses.add(2, counts, caller('a'), 100, miss());
    misses.expire(100 + LOAD_WINDOW_MS - 1);
    assert.equal(counts.unfilled, 0);
    misses.expire(102 + LOAD_WINDOW_MS);
    assert.deepEqual([counts.unfilled, misses.size], [4, 0]);
  });

  it('keeps a caller that missed late when the window of an early one ends', () => {
    misses.add(1, counts, caller('early'), 0, miss());
    misses.add(1, counts, caller('late'), LOAD_WINDOW_MS - 10, miss());
    misses.expire(LOAD_WINDOW_MS + 5);
    assert.equal(counts.unfilled, 1);
    assert.equal(filledBy(caller('late'), LOAD_WINDOW_MS + 10)?.loadMs, 20);
  });

  it('follows so many keys, misses and callers, and no more', () => {
    for (let key = 0; key < 3 * MAX_OPEN_KEYS; key++) misses.add(key, counts, caller('a'), 1, miss());
    assert.ok(misses.size <= MAX_OPEN_KEYS && misses.size >= 0.9 * MAX_OPEN_KEYS, `${misses.size}`);
    assert.equal(misses.size + counts.unfilled, 3 * MAX_OPEN_KEYS);
    for (let i = 0; i < 3 * MAX_CALLERS; i++) misses.add(-1, counts, caller(`${i}`), 2, miss());
    assert.equal(filledBy(caller('7'), 3, -1)?.stampedeWidth, 3 * MAX_CALLERS);
    for (let key = 0; key < 100; key++) for (let i = 0; i < MAX_CALLERS; i++) misses.add(key, counts, caller(`${i}`), 2, miss());
    assert.ok(misses.size <= MAX_OPEN_MISSES, `${misses.size}`);
  });
});

describe('memory of writes', () => {
  it('tells why a key is not there', () => {
    const written = new WrittenKeys();
    written.wrote(1, 1_000, 0);
    written.wrote(2, undefined, 0);
    written.wrote(3, 1_000, 0);
    written.deleted(3, 10);
    assert.deepEqual(
      [1, 2, 3, 4].map((key) => written.reason(key, 999)),
      ['unknown', 'unknown', 'deleted', 'unknown'],
    );
    assert.deepEqual(
      [1, 2, 3, 4].map((key) => written.reason(key, 1_000)),
      ['expired', 'unknown', 'deleted', 'unknown'],
    );
  });

  it('keeps the end of a key that is written in part', () => {
    const written = new WrittenKeys();
    written.wrote(1, 1_000, 0);
    written.wroteWithin(1, 500);
    assert.equal(written.reason(1, 1_000), 'expired');
    written.wroteWithin(1, 1_500);
    assert.equal(written.reason(1, 3_000), 'unknown');
  });

  it('forgets', () => {
    const written = new WrittenKeys();
    written.wrote(1, 1_000, 0);
    assert.equal(written.reason(1, 1_000 + MEMORY_MS - 1), 'expired');
    assert.equal(written.reason(1, 1_000 + MEMORY_MS), 'unknown');
  });

  it('follows a sample when there are too many keys, and says nothing of the others', () => {
    const written = new WrittenKeys();
    const scope = 7;
    const keys = Array.from({ length: 20 * MAX_WRITTEN_KEYS }, (_, i) => identityOf(`user:${i}`, scope));
    for (const key of keys) written.wrote(key, 1_000, 0);
    assert.ok(written.size <= MAX_WRITTEN_KEYS && written.size > MAX_WRITTEN_KEYS / 4, `${written.size}`);
    const reasons = keys.map((key) => written.reason(key, 2_000));
    assert.equal(reasons.filter((reason) => reason === 'expired').length, written.size);
    assert.equal(reasons.filter((reason) => reason === 'unknown').length, 0);
  });
});

describe('identity of keys', () => {
  it('is the same for text and bytes, and another in another database', () => {
    const facts = { serverAddress: 'a', serverPort: 6379, peerAddress: undefined, peerPort: undefined, namespace: '0' };
    const scopes = new Scopes();
    const scope = scopes.of(facts);
    assert.equal(identityOf('k', scope), identityOf(Buffer.from('k'), scope));
    assert.equal(scopes.of({ ...facts }), scope);
    assert.notEqual(identityOf('k', scopes.of({ ...facts, namespace: '1' })), identityOf('k', scope));
  });

  it('does not collide among a million keys', () => {
    const seen = new Set<number>();
    for (let i = 0; i < 1e6; i++) seen.add(identityOf(`user:${i}:cart`, 1));
    assert.equal(seen.size, 1e6);
  });
});
