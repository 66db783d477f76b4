import assert from 'node:assert/strict';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import fc from 'fast-check';
import type { Arguments } from '../../src/core/events';
import { CommandInsights } from '../../src/insights';
import { apportion, MAX_KEYS, sampleIndex } from '../../src/insights/apportion';
import { CLIENT, SETTINGS, totalsOf } from './settings';

describe('dividing a total', () => {
  it('gives whole shares that add up and are off by less than one', () => {
    const weights = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.nat(1_000_000), weights, (total, given) => {
        const shares = apportion(total, given);
        const sum = given.reduce((all, weight) => all + weight, 0);
        assert.equal(
          shares.reduce((all, share) => all + share, 0),
          total,
        );
        for (const [index, share] of shares.entries()) {
          const exact = sum === 0 ? total / given.length : (total * (given[index] ?? 0)) / sum;
          assert.ok(Number.isInteger(share) && Math.abs(share - exact) <= 1, `${share} of ${exact}`);
        }
      }),
    );
  });

  it('takes its sample from all parts of the keys', () => {
    for (const keys of [MAX_KEYS + 1, 1_000, 50_000]) {
      const indexes = Array.from({ length: MAX_KEYS }, (_, n) => sampleIndex(n, keys)).sort((a, b) => a - b);
      assert.ok(indexes.every((index) => Number.isInteger(index) && index >= 0 && index < keys));
      const gaps = indexes.map((index, at) => index - (indexes[at - 1] ?? 0));
      assert.ok(Math.max(...gaps) < (3 * keys) / MAX_KEYS + 1, `${Math.max(...gaps)} of ${keys}`);
    }
  });
});

describe('a command with very many keys', () => {
  const KEYS = 50_000;
  // Two families, three to one; of the first every second key is there, of the other none.
  const keys = Array.from({ length: KEYS }, (_, index) => (index % 4 === 3 ? `cart:${index}` : `user:${index}`));
  const isThere = (index: number): boolean => index % 4 !== 3 && Math.floor(index / 4) % 2 === 0;
  let insights: CommandInsights;
  let totals: ReturnType<typeof totalsOf>;
  beforeEach(() => {
    insights = new CommandInsights(SETTINGS, () => {});
    totals = totalsOf(insights);
  });
  const run = (startMonotonicMs: number, args: Arguments, reply: unknown) =>
    insights.command(
      { args, client: CLIENT, context: ROOT_CONTEXT, traced: true, startTimeMs: startMonotonicMs, startMonotonicMs },
      { durationMs: 1, failed: false, reply, error: undefined, isLocal: false },
    );
  const countsOf = (family: string) => totals(60_000).find((counts) => counts.family === family) ?? assert.fail(family);

  it('counts hits and misses exactly, and their families by a sample', () => {
    const replies = keys.map((_, index) => (isThere(index) ? 'v' : null));
    const { lookup } = run(0, ['MGET', ...keys], replies);
    const hits = replies.filter((reply) => reply !== null).length;
    assert.deepEqual(lookup, { hits, misses: KEYS - hits, several: true, fields: undefined });
    const [user, cart] = [countsOf('user:{}'), countsOf('cart:{}')];
    assert.deepEqual([user.hits + cart.hits, user.misses + cart.misses], [hits, KEYS - hits]);
    assert.equal(cart.hits, 0);
    assert.ok(Math.abs(cart.misses - KEYS / 4) < KEYS / 10, `${cart.misses}`);
  });

  it('counts all writes, and claims nothing about keys outside the sample', () => {
    const last = keys.at(-1) as string;
    run(0, ['SET', last, 'v', 'PX', '5'], 'OK');
    run(10, ['GET', 'user:missed'], null);
    const { cache } = run(20, ['MSET', ...keys.flatMap((key) => [key, 'v'])], 'OK');
    assert.equal(countsOf('user:{}').writesWithoutTtl + countsOf('cart:{}').writesWithoutTtl, KEYS);
    assert.ok((cache?.sizes.length ?? 0) <= MAX_KEYS && (cache?.fills.length ?? 1) === 0);
    // It was written to stay in the meantime: that it has expired would be wrong.
    assert.equal(run(30, ['GET', last], null).cache?.missReason, 'unknown');
    assert.equal(
      totals(60_000).reduce((sum, { unfilled }) => sum + unfilled, 0),
      1,
      'only the latest miss',
    );
  });
});
