import assert from 'node:assert/strict';
import fc from 'fast-check';
import { KeyFamilies } from '../../src/catalog';
import type { Miss } from '../../src/core/facts';
import { LOAD_WINDOW_MS, MAX_CALLERS, MAX_OPEN_KEYS, MAX_OPEN_MISSES, OpenMisses } from '../../src/insights/cache-aside';
import { Counts } from '../../src/insights/cache-counts';
import { identityOf, KeyIdentities, type Place } from '../../src/insights/identity';
import { MAX_WRITTEN_KEYS, MEMORY_MS, WIDEN_INTERVAL_MS, WrittenKeys } from '../../src/insights/written';

const miss = (): Miss => ({ span: undefined });
const caller = (span: string, trace = span) => ({ traceId: trace, spanId: span });

describe('memory of misses', () => {
  let misses: OpenMisses;
  let counts: Counts;
  beforeEach(() => {
    misses = new OpenMisses();
    counts = new Counts(new KeyFamilies<Counts>().of('user:7'));
  });

  const filledBy = (who: ReturnType<typeof caller> | undefined, monotonicMs: number, key = 1) => misses.fill(key, who, monotonicMs);

  it('matches a write with the miss of the same span, and measures the load', () => {
    const handle = miss();
    misses.add(1, counts, caller('a'), 100, miss());
    misses.add(1, counts, caller('b'), 110, handle);
    assert.deepEqual(filledBy(caller('b'), 150), { family: counts, loadMs: 40, miss: handle, stampedeWidth: 1 });
    assert.equal(filledBy(caller('b'), 160), undefined);
    assert.equal(filledBy(caller('c'), 160), undefined);
  });

  it('matches a write in a child span with the miss of its trace', () => {
    misses.add(1, counts, caller('request', 't'), 100, miss());
    assert.equal(filledBy(caller('loader', 't'), 125)?.loadMs, 25);
  });

  it('counts a caller that loads with those that loaded while it did', () => {
    for (const name of ['a', 'b', 'c']) misses.add(1, counts, caller(name), 100, miss());
    assert.deepEqual(
      ['b', 'a', 'c'].map((name) => filledBy(caller(name), 200)?.stampedeWidth),
      [1, 2, 3],
    );
    assert.equal(misses.size, 0);
  });

  it('does not count callers that wait for the one that loads, whatever they write later', () => {
    for (const name of ['a', 'b', 'c']) misses.add(1, counts, caller(name), 100, miss());
    assert.equal(filledBy(caller('a'), 200)?.stampedeWidth, 1);
    for (const name of ['a', 'b', 'c']) misses.found(1, caller(name), 210);
    assert.deepEqual([filledBy(caller('b'), 300), misses.size], [undefined, 0]);
  });

  it('begins anew with a caller that misses after the others have loaded', () => {
    misses.add(1, counts, caller('waits'), 100, miss());
    misses.add(1, counts, caller('a'), 100, miss());
    assert.equal(filledBy(caller('a'), 110)?.stampedeWidth, 1);
    misses.add(1, counts, caller('b'), 120, miss());
    assert.equal(filledBy(caller('b'), 130)?.stampedeWidth, 1);
    misses.add(1, counts, caller('waits'), 140, miss());
    assert.equal(filledBy(caller('waits'), 150)?.stampedeWidth, 1);
  });

  it('measures the load of a caller that misses again from its last look-up', () => {
    for (let monotonicMs = 120; monotonicMs < 200; monotonicMs += 10) misses.add(1, counts, caller('b'), monotonicMs, miss());
    assert.equal(filledBy(caller('b'), 200)?.loadMs, 10);
  });

  it('does not count a write as a fill if it was called before the miss was known, or by another caller', () => {
    misses.add(1, counts, caller('a'), 100, miss());
    assert.equal(filledBy(caller('a'), 99), undefined);
    assert.equal(filledBy(caller('b'), 101), undefined);
    misses.expire(LOAD_WINDOW_MS + 101);
    assert.equal(counts.unfilled, 0, 'somebody filled it all the same');
  });

  it('counts traces, not spans: a request that loads twice counts once', () => {
    for (const span of ['one', 'two']) misses.add(1, counts, caller(span, 'request'), 100, miss());
    misses.add(1, counts, caller('other'), 100, miss());
    assert.deepEqual(
      [caller('one', 'request'), caller('two', 'request'), caller('other')].map((who) => filledBy(who, 150)?.stampedeWidth),
      [1, 1, 2],
    );
  });

  it('does not count a write after the window as a fill', () => {
    misses.add(1, counts, caller('a'), 100, miss());
    assert.equal(filledBy(caller('a'), 100 + LOAD_WINDOW_MS), undefined);
    assert.deepEqual([counts.unfilled, misses.size], [1, 0]);
    misses.add(1, counts, caller('a'), 100, miss());
    assert.equal(filledBy(caller('a'), 100 + LOAD_WINDOW_MS - 1)?.loadMs, LOAD_WINDOW_MS - 1);
  });

  it('reports nothing about keys whose write was not seen', () => {
    misses.add(1, counts, caller('a'), 100, miss());
    misses.add(2, counts, caller('a'), 100, miss());
    misses.forget(2);
    misses.forgetAll(110);
    misses.add(3, counts, caller('a'), 120, miss());
    misses.expire(2 * LOAD_WINDOW_MS);
    assert.deepEqual([counts.unfilled, misses.size], [1, 0]);
  });

  it('remembers keys that one look-up missed together as it would remember them one by one', () => {
    const key = fc.integer({ min: 1, max: 6 });
    const who = fc.constantFrom(undefined, caller('a'), caller('b', 'a'), caller('c'));
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ does: fc.constant('miss' as const), keys: fc.array(key, { minLength: 1, maxLength: 5 }), who }) },
      fc.record({ does: fc.constantFrom('fill', 'find', 'forget', 'wait'), keys: fc.array(key, { maxLength: 2 }), who }),
    );
    const play = (steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[], isShared: boolean): unknown[] => {
      const own = new OpenMisses();
      const family = new Counts(new KeyFamilies<Counts>().of('user:7'));
      const seen = steps.map(({ does, keys, who: by }, index) => {
        const handle = miss();
        const monotonicMs = index * 4_000;
        if (does === 'wait') own.expire(monotonicMs);
        return keys.map((one) => {
          if (does === 'miss') own.add(one, family, by, monotonicMs, isShared ? handle : miss());
          else if (does === 'find') own.found(one, by, monotonicMs);
          else if (does === 'forget') own.forget(one);
          else if (does === 'fill') {
            const fill = own.fill(one, by, monotonicMs);
            return [fill?.loadMs, fill?.stampedeWidth, own.size];
          }
          return own.size;
        });
      });
      own.expire(1e9);
      return [seen, own.size, family.unfilled];
    };
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
        assert.deepEqual(play(steps, true), play(steps, false));
      }),
      { numRuns: 1_000, seed: 20_261_130 },
    );
  });

  it('without a trace, matches a write with the latest miss of its key, and reports no stampede', () => {
    misses.add(1, counts, undefined, 100, miss());
    misses.add(1, counts, undefined, 120, miss());
    assert.deepEqual([filledBy(undefined, 150)?.loadMs, filledBy(undefined, 150)?.loadMs, filledBy(undefined, 150)], [30, 50, undefined]);
    misses.add(1, counts, undefined, 200, miss());
    assert.equal(filledBy(undefined, 250)?.stampedeWidth, undefined);
  });

  it('counts misses that are not filled in time, each once', () => {
    for (let i = 0; i < 3; i++) misses.add(1, counts, caller('a'), 100 + i, miss());
    misses.add(2, counts, caller('a'), 100, miss());
    misses.expire(100 + LOAD_WINDOW_MS - 1);
    assert.equal(counts.unfilled, 0);
    misses.expire(102 + LOAD_WINDOW_MS);
    assert.deepEqual([counts.unfilled, misses.size], [4, 0]);
  });

  it('keeps a late caller when the window of an early one ends', () => {
    misses.add(1, counts, caller('early'), 0, miss());
    misses.add(1, counts, caller('late'), LOAD_WINDOW_MS - 10, miss());
    misses.expire(LOAD_WINDOW_MS + 5);
    assert.equal(counts.unfilled, 1);
    assert.equal(filledBy(caller('late'), LOAD_WINDOW_MS + 10)?.loadMs, 20);
  });

  it('limits the number of keys, misses and callers', () => {
    for (let key = 0; key < 3 * MAX_OPEN_KEYS; key++) misses.add(key, counts, caller('a'), 1, miss());
    assert.ok(misses.size <= MAX_OPEN_KEYS && misses.size >= 0.9 * MAX_OPEN_KEYS, `${misses.size}`);
    assert.equal(counts.unfilled, 0, 'what had no room may be filled yet');
    for (let i = 0; i < 3 * MAX_CALLERS; i++) misses.add(-1, counts, caller(`${i}`), 2, miss());
    for (let i = 0; i < 3 * MAX_CALLERS; i++) filledBy(caller(`${i}`), 3, -1);
    assert.ok(misses.size <= MAX_OPEN_MISSES, `${misses.size}`);
    for (let key = 0; key < 100; key++) for (let i = 0; i < MAX_CALLERS; i++) misses.add(key, counts, caller(`${i}`), 2, miss());
    assert.ok(misses.size <= MAX_OPEN_MISSES, `${misses.size}`);
  });
});

const PLACE: Place = { server: 'h:1', database: 0 };

describe('memory of writes', () => {
  it('knows why a key is missing', () => {
    const written = new WrittenKeys();
    written.wrote(1, 1_000, 0, PLACE);
    written.wrote(2, undefined, 0, PLACE);
    written.wrote(3, 1_000, 0, PLACE);
    written.deleted(3, 10, PLACE);
    assert.deepEqual(
      [1, 2, 3, 4].map((key) => written.reason(key, 1_000)),
      ['expired', 'unknown', 'deleted', 'unknown'],
    );
  });

  it('knows it no more if the key was gone before its time, or there after it', () => {
    const written = new WrittenKeys();
    for (const key of [1, 2, 3]) written.wrote(key, 1_000, 0, PLACE, 10);
    assert.equal(written.reason(1, 999), 'unknown');
    written.found(2, 1_100);
    // Redis may have got the write as late as the client got the reply.
    written.found(3, 1_010);
    written.deleted(4, 0, PLACE);
    written.found(4, 1);
    assert.deepEqual(
      [1, 2, 3, 4].map((key) => written.reason(key, 2_000)),
      ['unknown', 'unknown', 'expired', 'unknown'],
    );
  });

  it('keeps the expiry of a key that is written in part', () => {
    const written = new WrittenKeys();
    written.wrote(1, 1_000, 0, PLACE);
    written.wroteWithin(1, 500, PLACE);
    assert.equal(written.reason(1, 600, true), 'unknown', 'of a field');
    assert.equal(written.reason(1, 1_000), 'expired');
    written.wroteWithin(1, 1_500, PLACE);
    assert.equal(written.reason(1, 3_000), 'unknown');
  });

  it('forgets', () => {
    const written = new WrittenKeys();
    written.wrote(1, 1_000, 0, PLACE);
    assert.equal(written.reason(1, 1_000 + MEMORY_MS - 1), 'expired');
    assert.equal(written.reason(1, 1_000 + MEMORY_MS), 'unknown');
  });

  it('follows a sample when there are too many keys, and reports nothing about the others', () => {
    const written = new WrittenKeys();
    const scope = 7;
    const keys = Array.from({ length: 20 * MAX_WRITTEN_KEYS }, (_, i) => identityOf(`user:${i}`, scope));
    for (const key of keys) written.wrote(key, 1_000, 0, PLACE);
    assert.ok(written.size <= MAX_WRITTEN_KEYS && written.size > MAX_WRITTEN_KEYS / 4, `${written.size}`);
    const reasons = keys.map((key) => written.reason(key, 2_000));
    assert.equal(reasons.filter((reason) => reason === 'expired').length, written.size);
    assert.equal(reasons.filter((reason) => reason === 'unknown').length, 0);
  });

  it('follows all keys again when there are few', () => {
    const written = new WrittenKeys();
    for (let i = 0; i < 3 * MAX_WRITTEN_KEYS; i++) written.wrote(identityOf(`user:${i}`, 7), 1_000, 0, PLACE);
    const followed = (monotonicMs: number) =>
      Array.from({ length: 1_000 }, (_, i) => written.reason(identityOf(`page:${i}`, 7), monotonicMs)).filter(
        (reason) => reason !== undefined,
      ).length;
    assert.ok(followed(1) < 600, `${followed(1)} before`);
    for (let times = 1; times < 8; times++) written.reason(1, 1_000 + MEMORY_MS + times * WIDEN_INTERVAL_MS);
    assert.equal(followed(1_000 + MEMORY_MS + 8 * WIDEN_INTERVAL_MS), 1_000);
  });

  it('keeps the reason if nothing happened to the key', () => {
    const written = new WrittenKeys();
    for (const key of [1, 2, 3, 4, 5]) written.wrote(key, key === 1 ? 10 : undefined, 0, PLACE);
    written.flushed({ server: 'h:1', database: 1 }, false, 5);
    written.flushed({ server: 'h:2', database: 0 }, true, 5);
    assert.deepEqual([written.reason(1, 20), written.reason(5, 20)], ['expired', 'unknown']);
    // Of two that are deleted one was gone before.
    written.deletedSome([1, 2, 2], 1, 20, PLACE);
    assert.deepEqual([written.reason(1, 21), written.reason(2, 21)], ['expired', 'deleted']);
    // One of them must have been gone, and this process does not know which.
    written.deletedSome([3, 4], 1, 30, PLACE);
    assert.deepEqual([written.reason(3, 31), written.reason(4, 31)], ['unknown', 'unknown']);
    written.wrote(3, 100, 40, PLACE);
    written.flushed(PLACE, false, 50);
    assert.equal(written.reason(3, 51), 'deleted');
  });

  it('treats an expiry now or in the past as a delete, as Redis does', () => {
    const written = new WrittenKeys();
    for (const [key, ttlMs] of [0, -5].entries()) {
      written.wrote(key, undefined, 0, PLACE);
      written.wrote(key, ttlMs, 10, PLACE);
      assert.equal(written.reason(key, 20), 'deleted');
    }
  });
});

describe('identity of keys', () => {
  const facts = { serverAddress: 'a', serverPort: 6379, peerAddress: undefined, peerPort: undefined, namespace: '0' };
  const identities = new KeyIdentities();

  it('is the same for text and bytes, and at every address of the server', () => {
    for (const key of ['k', 'größe:7', '键', 'k'.repeat(2_000)]) {
      assert.equal(identities.of(key, facts), identities.of(Buffer.from(key), { ...facts, serverAddress: 'a-ro' }));
    }
    assert.notEqual(identities.of('Ã¶', facts), identities.of(Buffer.from('ö'), facts));
  });

  it('differs in another database, and for a key that differs only at its end', () => {
    assert.notEqual(identities.of('k', { ...facts, namespace: '1' }), identities.of('k', facts));
    assert.notEqual(identities.of(`${'k'.repeat(5_000)}1`, facts), identities.of(`${'k'.repeat(5_000)}2`, facts));
    const numbered = (last: number) => Buffer.concat([Buffer.alloc(5_000, 'k'), Buffer.from([last])]);
    assert.notEqual(identities.of(numbered(1), facts), identities.of(numbered(2), facts));
  });

  it('includes the prefix of the client', () => {
    const prefixed = { ...facts, keyPrefix: 'app:' };
    assert.notEqual(identities.of('k', prefixed), identities.of('k', facts));
    assert.equal(identities.of('k', prefixed), identities.of('app:k', facts));
    assert.equal(identities.of(Buffer.from('k'), prefixed), identities.of('app:k', facts));
  });

  it('does not collide among a million keys', () => {
    const seen = new Set<number>();
    for (let i = 0; i < 1e6; i++) seen.add(identityOf(`user:${i}:cart`, 1));
    assert.equal(seen.size, 1e6);
  });
});
