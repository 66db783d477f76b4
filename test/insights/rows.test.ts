import assert from 'node:assert/strict';
import { lookup } from '../../src/catalog';
import { rowsOf } from '../../src/insights/rows';

describe('rows of replies', () => {
  const cases: readonly [title: string, args: readonly unknown[], reply: unknown, rows: number | undefined][] = [
    ['a list', ['LRANGE', 'k', '0', '-1'], ['a', 'b', 'c'], 3],
    ['a set of the newer protocol', ['SMEMBERS', 'k'], new Set(['a', 'b']), 2],
    ['a hash, flat', ['HGETALL', 'k'], ['f', '1', 'g', '2'], 2],
    ['a hash, as a map', ['HGETALL', 'k'], new Map([['f', '1']]), 1],
    ['a hash, as an object', ['hgetall', 'k'], { f: '1', g: '2', h: '3' }, 3],
    ['scores, flat', ['ZRANGE', 'k', '0', '-1', 'WITHSCORES'], ['a', '1', 'b', '2'], 2],
    [
      'scores, nested',
      ['ZRANGE', 'k', '0', '-1', 'WITHSCORES'],
      [
        ['a', 1],
        ['b', 2],
        ['c', 3],
      ],
      3,
    ],
    ['members without scores', ['ZRANGE', 'k', '0', '-1'], ['a', 'b'], 2],
    ['a page of keys', ['SCAN', '0'], ['17', ['a', 'b']], 2],
    ['a page of a hash', ['HSCAN', 'k', '0'], ['0', ['f', '1']], 1],
    ['a page of fields alone', ['HSCAN', 'k', '0', 'NOVALUES'], ['0', ['f', 'g', 'h']], 3],
    [
      'entries of several streams',
      ['XREAD', 'STREAMS', 'a', 'b', '0', '0'],
      [
        [
          'a',
          [
            ['1-0', []],
            ['2-0', []],
          ],
        ],
        ['b', [['3-0', []]]],
      ],
      3,
    ],
    ['nothing', ['LRANGE', 'k', '0', '-1'], [], 0],
    ['one element that was taken', ['LPOP', 'k'], 'a', undefined],
    ['a value', ['GET', 'k'], 'a', undefined],
    ['a buffer where a list is expected', ['LRANGE', 'k', '0', '-1'], Buffer.from('a'), undefined],
    ['an answer of another shape', ['SCAN', '0'], { cursor: 0 }, undefined],
    ['a command nobody knows', ['NOPE', 'k'], ['a'], undefined],
  ];
  for (const [title, args, reply, rows] of cases) {
    it(`${title}: ${rows}`, () => assert.equal(rowsOf(lookup(args), args, reply), rows));
  }
});
