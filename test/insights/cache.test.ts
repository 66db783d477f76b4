import assert from 'node:assert/strict';
import { lookup } from '../../src/catalog';
import { lengthOf, readData, readLookup } from '../../src/insights/cache';

describe('cache insight', () => {
  const hit = { hits: 1, misses: 0, several: false, fields: undefined };
  const miss = { hits: 0, misses: 1, several: false, fields: undefined };
  const several = (hits: number, misses: number) => ({ hits, misses, several: true, fields: undefined });
  const record = (hits: number, misses: number) => ({ ...(hits > 0 ? hit : miss), fields: { hits, misses } });

  const lookups: readonly [args: readonly unknown[], reply: unknown, expected: unknown][] = [
    [['GET', 'k'], 'v', hit],
    [['GET', 'k'], '', hit],
    [['GET', 'k'], Buffer.alloc(0), hit],
    [['GET', 'k'], null, miss],
    [['GET', 'k'], undefined, miss],
    [['MGET', 'a', 'b'], ['1', null], several(1, 1)],
    [['MGET', 'a'], ['1'], several(1, 0)],
    [['HGET', 'k', 'f'], '', hit],
    [['HGET', 'k', 'f'], null, miss],
    [['HMGET', 'k', 'f', 'g'], ['', null], record(1, 1)],
    [['HMGET', 'k', 'f', 'g'], [null, null], record(0, 2)],
    [['HMGET', 'k', 'f'], ['v'], record(1, 0)],
    [['HGETEX', 'k', 'FIELDS', '2', 'f', 'g'], ['v', null], record(1, 1)],
    [['HGETALL', 'k'], [], miss],
    [['HGETALL', 'k'], {}, miss],
    [['HGETALL', 'k'], new Map(), miss],
    [['HGETALL', 'k'], null, miss],
    [['HGETALL', 'k'], ['f', 'v'], hit],
    [['HGETALL', 'k'], { f: 'v' }, hit],
    [['HGETALL', 'k'], new Map([['f', 'v']]), hit],
    // Tests of being, membership and score read nothing that was cached.
    [['EXISTS', 'a'], 0, undefined],
    [['EXISTS', 'a', 'b'], 1, undefined],
    [['HEXISTS', 'k', 'f'], true, undefined],
    [['SISMEMBER', 'k', 'm'], '1', undefined],
    [['SMISMEMBER', 'k', 'm', 'n'], [1, 0], undefined],
    [['ZSCORE', 'k', 'm'], null, undefined],
    [['ZMSCORE', 'k', 'm', 'n'], [null, 1], undefined],
    [['ZRANK', 'k', 'm'], null, undefined],
    [['GEOPOS', 'k', 'm'], [null], undefined],
    [['GEOHASH', 'k', 'm'], [null], undefined],
    [['GETBIT', 'k', '7'], 0, undefined],
    [['VISMEMBER', 'k', 'm'], 0, undefined],
    [['SET', 'k', 'v', 'GET'], null, undefined],
    [['GETSET', 'k', 'v'], null, undefined],
    [['STRLEN', 'k'], 0, undefined],
    [['LRANGE', 'k', '0', '1'], [], undefined],
    [['SMEMBERS', 'k'], [], undefined],
    [['SCAN', '0'], ['0', []], undefined],
    [['NOSUCH', 'k'], null, undefined],
  ];
  for (const [args, reply, expected] of lookups) {
    it(`${args.join(' ')} answered with ${JSON.stringify(reply)}`, () => assert.deepEqual(readLookup(lookup(args), reply), expected));
  }

  const NOW = 1_700_000_000_000;
  const none = { valueLength: undefined, ttlSeconds: undefined, keysDeleted: undefined, keyExists: undefined, keysExisting: undefined };
  const data: readonly [args: readonly unknown[], reply: unknown, expected: object][] = [
    [['SET', 'k', 'héllo', 'EX', '60'], 'OK', { valueLength: 6, ttlSeconds: 60 }],
    [['set', 'k', 'v', 'nx', 'px', '1500', 'get'], null, { valueLength: 1, ttlSeconds: 1.5 }],
    [['SET', 'k', 'v', 'EXAT', '1700000060'], 'OK', { valueLength: 1, ttlSeconds: 60 }],
    [['SET', 'k', 'v', 'PXAT', '1700000001500'], 'OK', { valueLength: 1, ttlSeconds: 1.5 }],
    [['SET', 'k', 'EX', 'KEEPTTL'], 'OK', { valueLength: 2 }],
    [['SET', 'k', 12345], 'OK', { valueLength: 5 }],
    [['SETEX', 'k', 30, Buffer.alloc(9)], 'OK', { valueLength: 9, ttlSeconds: 30 }],
    [['PSETEX', 'k', '2500', 'v'], 'OK', { valueLength: 1, ttlSeconds: 2.5 }],
    [['GETEX', 'k', 'EX', '5'], 'abc', { valueLength: 3, ttlSeconds: 5 }],
    [['PEXPIRE', 'k', '250'], 1, { ttlSeconds: 0.25 }],
    [['EXPIRE', 'k', 'soon'], 1, {}],
    [['DEL', 'a', 'b'], 1, { keysDeleted: 1 }],
    [['UNLINK', 'a'], '1', { keysDeleted: 1 }],
    [['EXISTS', 'a'], 1, { keyExists: true }],
    [['EXISTS', 'a', 'b', 'a'], 2, { keysExisting: { hits: 2, misses: 1 } }],
    [['GET', 'k'], null, {}],
    [['HGET', 'k', 'f'], 'abc', { valueLength: 3 }],
    [['LPUSH', 'k', 'v'], 1, {}],
  ];
  for (const [args, reply, expected] of data) {
    it(`reads the data of ${args.join(' ')}`, () => assert.deepEqual(readData(lookup(args), args, reply, NOW), { ...none, ...expected }));
  }

  it('measures text and bytes that are sent, and nothing else', () => {
    assert.deepEqual(
      [lengthOf('é'), lengthOf(Buffer.alloc(3)), lengthOf(12), lengthOf({}), lengthOf(undefined)],
      [2, 3, 2, undefined, undefined],
    );
  });
});
