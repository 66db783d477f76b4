import assert from 'node:assert/strict';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import type { Arguments } from '../../src/core/events';
import { CommandInsights } from '../../src/insights';
import { MAX_KEYS } from '../../src/insights/traffic';
import { CLIENT, SETTINGS, totalsOf } from './settings';

describe('a command with very many keys', () => {
  const KEYS = 50_000;
  const keys = Array.from({ length: KEYS }, (_, index) => `user:${index}`);
  const isThere = (index: number): boolean => index % 3 === 0;
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

  it('counts all hits and misses, the first by their families and the rest as others', () => {
    const replies = keys.map((_, index) => (isThere(index) ? 'v' : null));
    const { lookup, cache } = run(0, ['MGET', ...keys], replies);
    const hits = replies.filter((reply) => reply !== null).length;
    assert.deepEqual(lookup, { hits, misses: KEYS - hits, several: true, fields: undefined });
    const [user, other] = [countsOf('user:{}'), countsOf('_other')];
    const hitsOfUser = Math.ceil(MAX_KEYS / 3);
    assert.deepEqual([user.hits, user.misses], [hitsOfUser, MAX_KEYS - hitsOfUser]);
    assert.deepEqual([other.hits, other.misses], [hits - user.hits, KEYS - hits - user.misses]);
    assert.equal(cache?.family, undefined, 'nobody looked at the others');
    assert.equal(run(0, ['MGET', ...keys.slice(0, MAX_KEYS)], replies.slice(0, MAX_KEYS)).cache?.family, 'user:{}');
  });

  it('counts all writes, and claims nothing about keys that were not read', () => {
    const last = keys.at(-1) as string;
    run(0, ['SET', last, 'v', 'PX', '5'], 'OK');
    run(10, ['GET', 'user:missed'], null);
    const { cache } = run(20, ['MSET', ...keys.flatMap((key) => [key, 'v'])], 'OK');
    assert.deepEqual([countsOf('user:{}').writesWithoutTtl, countsOf('_other').writesWithoutTtl], [MAX_KEYS, KEYS - MAX_KEYS]);
    assert.deepEqual([cache?.sizes.length, cache?.fills.length, cache?.family], [MAX_KEYS, 0, undefined]);
    // It was written to stay in the meantime: that it has expired would be wrong.
    assert.equal(run(30, ['GET', last], null).cache?.missReason, 'unknown');
    const unfilled = totals(60_000).reduce((sum, counts) => sum + counts.unfilled, 0);
    assert.equal(unfilled, 1, 'only the latest miss');
  });
});
