import assert from 'node:assert/strict';
import { COMMANDS, type CommandRow } from '../../src/catalog/commands';
import type { Role } from '../../src/catalog/grammar';
import { type CommandRule, lookup } from '../../src/catalog/lookup';
import { assignRoles } from '../../src/catalog/reader';

/** The commands whose row has this, in the order of the alphabet. */
function withColumn(column: keyof CommandRow, value: unknown): string {
  const names = Object.keys(COMMANDS).filter((name) => {
    const row = COMMANDS[name];
    return typeof row === 'object' && row[column] === value;
  });
  return names.sort().join(' ');
}

describe('the columns of the table', () => {
  it('shows which commands are look-ups, and what counts as a miss', () => {
    assert.equal(withColumn('hit', 'value'), 'ARGET DUMP GET GETDEL GETEX JSON.GET LINDEX VEMB VGETATTR');
    assert.equal(withColumn('hit', 'record'), 'ARMGET HGET HGETDEL HGETEX HMGET');
    assert.equal(withColumn('hit', 'each'), 'JSON.MGET MGET');
    assert.equal(withColumn('hit', 'map'), 'HGETALL');
  });

  it('shows which commands delete, extend and create keys', () => {
    assert.equal(withColumn('ends', true), 'DEL DELEX DELIFEQ GETDEL MOVE RENAME RENAMENX UNLINK');
    const having = (has: (rule: CommandRule) => boolean) =>
      Object.keys(COMMANDS)
        .filter((name) => has(lookup(name.split(' ')).rule as CommandRule))
        .sort()
        .join(' ');
    assert.equal(
      having(({ prolongs }) => prolongs),
      'EXPIRE EXPIREAT GETEX INCREX PERSIST PEXPIRE PEXPIREAT',
    );
    assert.deepEqual(lookup(['COPY']).rule?.made, [{ at: 1, option: undefined, how: 'unlessNone' }]);
    assert.deepEqual(lookup(['SORT']).rule?.made, [{ at: 1, option: 'STORE', how: 'unlessNone' }]);
    assert.deepEqual(lookup(['SADD']).rule?.made, [{ at: 0, option: undefined, how: 'surely' }]);
    assert.deepEqual(lookup(['GET']).rule?.made, []);
  });

  it('shows which replies are counts of keys', () => {
    assert.equal(withColumn('counts', 'deleted'), 'DEL DELEX DELIFEQ UNLINK');
    assert.equal(withColumn('counts', 'existing'), 'EXISTS');
  });

  it('shows which commands call procedures, send messages and block', () => {
    assert.equal(withColumn('procedure', true), 'EVALSHA EVALSHA_RO FCALL FCALL_RO');
    assert.equal(withColumn('sends', true), 'PUBLISH SPUBLISH');
    assert.equal(withColumn('blocks', true), 'BLMOVE BLMOVEM BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN WAIT WAITAOF');
    assert.equal(withColumn('blocks', 'BLOCK'), 'TS.READ XREAD XREADGROUP');
  });

  const writes: readonly [line: string, found: Partial<Record<Role, string>>][] = [
    ['SET k v', { stored: 'v' }],
    ['SET k v EX 5', { stored: 'v', seconds: '5' }],
    ['SET k v get px 5 nx', { stored: 'v', ms: '5' }],
    ['SET k v EXAT 5', { stored: 'v', unix: '5' }],
    ['SET k v PXAT 5', { stored: 'v', unixms: '5' }],
    ['SET k EX EX 5', { stored: 'EX', seconds: '5' }],
    ['SETEX k 5 v', { seconds: '5', stored: 'v' }],
    ['PSETEX k 5 v', { ms: '5', stored: 'v' }],
    ['SETNX k v', { stored: 'v' }],
    ['GETSET k v', { stored: 'v' }],
    ['GETEX k EX 5', { seconds: '5' }],
    ['GETEX k PERSIST', {}],
    ['EXPIRE k 5 NX', { seconds: '5' }],
    ['PEXPIRE k 5', { ms: '5' }],
    ['EXPIREAT k 5', { unix: '5' }],
    ['PEXPIREAT k 5', { unixms: '5' }],
    ['HEXPIRE k 5 FIELDS 1 f', { seconds: '5' }],
    ['HPEXPIREAT k 5 FIELDS 1 f', { unixms: '5' }],
    ['HSETEX k PX 5 FIELDS 1 f v', { ms: '5', item: 'v' }],
    ['MSETEX 1 k v EX 5', { item: 'v', seconds: '5' }],
    ['INCREX k BYINT 2 EX 5 ENX', { seconds: '5' }],
    ['MSET k v', { item: 'v' }],
    ['HSET k f v', { item: 'v' }],
    ['JSON.SET k $ v', { stored: 'v' }],
    ['RESTORE k 5 v ABSTTL', {}],
    ['APPEND k v', {}],
  ];
  for (const [line, expected] of writes) {
    it(`finds the value and the time to live in ${line}`, () => {
      const args = line.split(' ');
      const { rule, from } = lookup(args);
      const roles: Role[] = [];
      assignRoles(rule?.grammar ?? [], args, from, args.length, roles);
      const interesting = ['stored', 'item', 'seconds', 'ms', 'unix', 'unixms'] as const;
      const found = interesting.flatMap((role) => (roles.includes(role) ? [[role, args[roles.indexOf(role)]]] : []));
      assert.deepEqual(Object.fromEntries(found), expected);
    });
  }
});
