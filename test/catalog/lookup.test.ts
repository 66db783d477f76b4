import assert from 'node:assert/strict';
import { COMMANDS } from '../../src/catalog/commands';
import { lookup } from '../../src/catalog/lookup';

describe('finding a command', () => {
  const cases: readonly [args: readonly unknown[], operation: string, canonical: string, known: boolean, from: number][] = [
    [['GET', 'k'], 'GET', 'GET', true, 1],
    [['get', 'k'], 'get', 'GET', true, 1],
    [[Buffer.from('GeT'), 'k'], 'GeT', 'GET', true, 1],
    [['CONFIG', 'GET', 'x'], 'CONFIG GET', 'CONFIG GET', true, 2],
    [['config', 'Get', 'x'], 'config Get', 'CONFIG GET', true, 2],
    [[Buffer.from('config'), Buffer.from('get'), 'x'], 'config get', 'CONFIG GET', true, 2],
    [['CONFIG', 'STEAL', 'x'], 'CONFIG', 'CONFIG', false, 1],
    [['CONFIG'], 'CONFIG', 'CONFIG', false, 1],
    [['CONFIG', { toString: () => 'GET' }], 'CONFIG', 'CONFIG', false, 1],
    [['COMMAND'], 'COMMAND', 'COMMAND', true, 1],
    [['COMMAND', 'DOCS', 'get'], 'COMMAND DOCS', 'COMMAND DOCS', true, 2],
    [['COMMAND', 'secret'], 'COMMAND', 'COMMAND', true, 1],
    [['FT.CONFIG', 'SET', 'a', 'b'], 'FT.CONFIG SET', 'FT.CONFIG SET', true, 2],
    [['FT._LIST'], 'FT._LIST', 'FT._LIST', true, 1],
    [['MY.COMMAND', 'x'], 'MY.COMMAND', 'MY.COMMAND', false, 1],
    [['constructor'], 'constructor', 'CONSTRUCTOR', false, 1],
    [['__proto__'], '__proto__', '__PROTO__', false, 1],
    [['GET secret'], '_OTHER', '_OTHER', false, 1],
    [['x'.repeat(40)], 'x'.repeat(40), 'X'.repeat(40), false, 1],
    [['x'.repeat(41)], '_OTHER', '_OTHER', false, 1],
    [[''], '_OTHER', '_OTHER', false, 1],
    [[undefined], '_OTHER', '_OTHER', false, 1],
    [[42], '_OTHER', '_OTHER', false, 1],
    [[['GET']], '_OTHER', '_OTHER', false, 1],
    [[], '_OTHER', '_OTHER', false, 1],
  ];
  for (const [args, operation, canonical, known, from] of cases) {
    it(`reads ${JSON.stringify(args.map(String)).slice(0, 60)} as ${operation.slice(0, 20)}`, () => {
      for (const _ of ['first', 'remembered']) {
        const entry = lookup(args);
        const isUsual = operation === '_OTHER' || (known && [canonical, canonical.toLowerCase()].includes(operation));
        assert.deepEqual({ ...entry, rule: entry.rule !== undefined }, { operation, canonical, rule: known, from, isUsual });
      }
    });
  }

  it('stays correct with more spellings than it remembers', () => {
    for (let index = 0; index < 5_000; index++) {
      const spelling = [...'getrangegetrange'].map((char, bit) => ((index >> bit) & 1 ? char.toUpperCase() : char)).join('');
      assert.equal(lookup([spelling]).rule, undefined);
      const known = [...'zrevrangebyscore'].map((char, bit) => ((index >> bit) & 1 ? char.toUpperCase() : char)).join('');
      assert.equal(lookup([known, 'k']).operation, known);
      assert.notEqual(lookup([known, 'k']).rule, undefined);
    }
    assert.equal(lookup(['cLiEnT', 'LiSt']).canonical, 'CLIENT LIST');
  });

  it('knows which commands start with a key, and which write', () => {
    const facts = (...args: string[]) => ({ key: lookup(args).rule?.startsWithKey, writes: lookup(args).rule?.writes });
    assert.deepEqual(facts('GET'), { key: true, writes: false });
    assert.deepEqual(facts('SET'), { key: true, writes: true });
    assert.deepEqual(facts('MSET'), { key: true, writes: false });
    assert.deepEqual(facts('MSETEX'), { key: false, writes: true });
    assert.deepEqual(facts('EXPIRE'), { key: true, writes: true });
    assert.deepEqual(facts('BITOP'), { key: false, writes: false });
    assert.deepEqual(facts('OBJECT', 'FREQ'), { key: true, writes: false });
  });

  it('can read every row of the table', () => {
    for (const name of Object.keys(COMMANDS)) {
      assert.match(name, /^[A-Z][A-Z0-9._-]*(?: [A-Z-]+)?$/);
      assert.notEqual(lookup(name.split(' ')).rule, undefined, name);
    }
  });
});
