import assert from 'node:assert/strict';
import { keyIndexOf, keysOf, lookup, mayWait } from '../../src/catalog';

const words = (line: string): string[] => line.split(' ');

describe('commands that may wait for others', () => {
  const waiting = ['BLPOP a 0', 'blpop a 0', 'BLMOVE a b LEFT LEFT 0', 'BZPOPMIN a 0', 'WAIT 1 0', 'WAITAOF 1 0 0'];
  const options = [
    'XREAD BLOCK 0 STREAMS s $',
    'xread count 1 block 0 streams s $',
    'XREADGROUP GROUP g c COUNT 1 BLOCK 5 NOACK STREAMS s >',
  ];
  for (const line of [...waiting, ...options]) {
    it(`${line} may wait`, () => assert.equal(mayWait(lookup(words(line)), words(line)), true));
  }
  const others = [
    'GET block',
    'XREAD STREAMS BLOCK 0',
    'XREADGROUP GROUP BLOCK BLOCK STREAMS s >',
    'CLIENT ID',
    'CLIENT PAUSE 10',
    'NOSUCH BLOCK 0',
    'XREAD',
  ];
  for (const line of others) {
    it(`${line} does not wait`, () => assert.equal(mayWait(lookup(words(line)), words(line)), false));
  }
});

describe('the keys of a command', () => {
  const cases: readonly [line: string, index: number, keys: readonly string[]][] = [
    ['GET a', 1, ['a']],
    ['MGET a b', 1, ['a', 'b']],
    ['MSET a 1 b 2', 1, ['a', 'b']],
    ['EVALSHA sha 2 a b c', 3, ['a', 'b']],
    ['EVALSHA sha 0 c', -1, []],
    ['XREADGROUP GROUP g c STREAMS s >', 5, ['s']],
    ['BLMPOP 0 2 a b LEFT', 3, ['a', 'b']],
    ['PING', -1, []],
    ['NOSUCH a', -1, []],
    ['GET', -1, []],
  ];
  for (const [line, index, keys] of cases) {
    it(`${line}: ${keys.join(', ') || 'none'}`, () => {
      const args = words(line);
      assert.equal(keyIndexOf(lookup(args), args), index);
      assert.deepEqual(keysOf(lookup(args), args, 64), keys);
    });
  }
});
