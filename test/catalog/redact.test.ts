import assert from 'node:assert/strict';
import { keyMask } from '../../src/catalog/keys';
import { lookup } from '../../src/catalog/lookup';
import { batchText, procedureName, queryText } from '../../src/catalog/redact';

const safe = keyMask('safe', assert.fail);
const textOf = (args: readonly unknown[], maxLength = 1_024) => queryText(lookup(args), args, safe, maxLength);

/** Command lines split at spaces; what a value is, is called v, and secrets s. */
const TEXTS: readonly [line: string, text: string][] = [
  ['GET user:7', 'GET user:7'],
  ['get user:7', 'get user:7'],
  ['HGETALL user:7', 'HGETALL user:7'],
  ['MGET a b', 'MGET a b'],
  ['TTL k', 'TTL k'],
  ['SET k v', 'SET k ?'],
  ['SET k v nx px 100 get', 'SET k ? nx px ? get'],
  ['set k NX GET eX 5', 'set k ? GET eX ?'],
  ['SET k v IFEQ old EX 5', 'SET k ? IFEQ ? EX ?'],
  ['SET k v s1 s2', 'SET k ? ? ?'],
  ['SETEX k 5 v', 'SETEX k ? ?'],
  ['GETSET k v', 'GETSET k ?'],
  ['MSET a 1 b 2', 'MSET a ? b ?'],
  ['MSETEX 2 a 1 b 2 NX EX 5', 'MSETEX 2 a ? b ? NX EX ?'],
  ['INCRBY k 5', 'INCRBY k ?'],
  ['GETRANGE k 0 -1', 'GETRANGE k 0 -1'],
  ['EXPIRE k 5 NX', 'EXPIRE k ? NX'],
  ['SCAN 0 MATCH user:* COUNT 100', 'SCAN 0 MATCH user:* COUNT 100'],
  ['SORT k BY w_* LIMIT 0 5 GET # GET o_* DESC STORE dst', 'SORT k BY w_* LIMIT 0 5 GET # GET o_* DESC STORE dst'],
  ['MIGRATE h 6379 k 0 1000 COPY AUTH2 u s', 'MIGRATE h 6379 k 0 1000 COPY AUTH2 ? ?'],
  ['MIGRATE h 6379 "" 0 1000 auth s keys a b', 'MIGRATE h 6379 "" 0 1000 auth ? keys a b'],
  ['RESTORE k 0 v REPLACE', 'RESTORE k ? ? REPLACE'],
  ['HSET h f v g w', 'HSET h f ? g ?'],
  ['HGET h f', 'HGET h f'],
  ['HEXPIRE h 5 NX FIELDS 2 f g', 'HEXPIRE h ? NX FIELDS 2 f g'],
  ['HSETEX h FNX EX 5 FIELDS 1 f v', 'HSETEX h FNX EX ? FIELDS 1 f ?'],
  ['HGETEX h PERSIST FIELDS 1 f', 'HGETEX h PERSIST FIELDS 1 f'],
  ['LPUSH l v w', 'LPUSH l ? ?'],
  ['LREM l 0 v', 'LREM l 0 ?'],
  ['LINSERT l before v w', 'LINSERT l before ? ?'],
  ['BLPOP a b 5', 'BLPOP a b 5'],
  ['BLMPOP 0.5 2 a b LEFT COUNT 3', 'BLMPOP 0.5 2 a b LEFT COUNT 3'],
  ['SREM s v', 'SREM s ?'],
  ['ZADD z NX CH 1 m', 'ZADD z NX CH ? ?'],
  ['ZRANGE z 0 9 REV WITHSCORES', 'ZRANGE z 0 9 REV WITHSCORES'],
  ['ZRANGE z 10 20 BYSCORE LIMIT 0 5', 'ZRANGE z ? ? BYSCORE LIMIT 0 5'],
  ['ZRANGE z [a [b bylex', 'ZRANGE z ? ? bylex'],
  ['ZRANGE z 10 20 WITHSCORES BYSCORE', 'ZRANGE z ? ? WITHSCORES BYSCORE'],
  ['ZUNION 2 a b WEIGHTS 1 2 AGGREGATE MAX WITHSCORES', 'ZUNION 2 a b WEIGHTS 1 2 AGGREGATE MAX WITHSCORES'],
  ['ZUNIONSTORE d 2 a b weights 1 2', 'ZUNIONSTORE d 2 a b weights 1 2'],
  ['BITFIELD k SET u8 #0 255 GET i16 8 OVERFLOW sat', 'BITFIELD k SET u8 #0 ? GET i16 8 OVERFLOW sat'],
  ['BITOP AND d a b', 'BITOP AND d a b'],
  ['BITOP FUTURE d a b', 'BITOP ? ? ? ?'],
  ['GEOADD g NX 1.5 2.5 m', 'GEOADD g NX ? ? ?'],
  ['GEOSEARCH g FROMMEMBER m BYRADIUS 5 km ASC COUNT 3 ANY', 'GEOSEARCH g FROMMEMBER ? BYRADIUS ? km ASC COUNT 3 ANY'],
  ['GEORADIUS g 1 2 3 m STORE d', 'GEORADIUS g ? ? ? m STORE d'],
  ['XADD s * f v', 'XADD s * f ?'],
  ['XADD s NOMKSTREAM MAXLEN ~ 1000 LIMIT 10 1-* f v g w', 'XADD s NOMKSTREAM MAXLEN ~ 1000 LIMIT 10 1-* f ? g ?'],
  ['XADD s f v', 'XADD s ? ?'],
  ['XREAD COUNT 2 block 0 streams a b 0 $', 'XREAD COUNT 2 block 0 streams a b 0 $'],
  ['XREADGROUP GROUP g c NOACK STREAMS a >', 'XREADGROUP GROUP g c NOACK STREAMS a >'],
  ['XREADGROUP FUTURE v STREAMS a >', 'XREADGROUP ? ? ? ? ?'],
  ['XCLAIM s g c 10 1-1 2-2 IDLE 5 FORCE', 'XCLAIM s g c 10 1-1 2-2 IDLE 5 FORCE'],
  ['PUBLISH ch v', 'PUBLISH ch ?'],
  ['EVAL script 1 k arg', 'EVAL ? 1 k ?'],
  ['EVAL script 0 arg', 'EVAL ? 0 ?'],
  ['EVAL script 9 k arg', 'EVAL ? ? ? ?'],
  ['EVALSHA c664a3bf70bd1d45c4284ffebb65a6f2299bfc9f 1 k arg', 'EVALSHA c664a3bf70bd1d45c4284ffebb65a6f2299bfc9f 1 k ?'],
  ['EVALSHA notasha 1 k arg', 'EVALSHA ? 1 k ?'],
  ['FCALL fn 1 k arg', 'FCALL fn 1 k ?'],
  ['SCRIPT LOAD body', 'SCRIPT LOAD ?'],
  ['FUNCTION LOAD REPLACE body', 'FUNCTION LOAD REPLACE ?'],
  ['AUTH s', 'AUTH ?'],
  ['AUTH u s', 'AUTH ? ?'],
  ['HELLO 3 AUTH u s SETNAME app', 'HELLO 3 AUTH ? ? SETNAME app'],
  ['CONFIG SET requirepass s maxmemory 1', 'CONFIG SET requirepass ? maxmemory ?'],
  ['ACL SETUSER alice >s', 'ACL SETUSER ? ?'],
  ['ACL FUTURE alice s', 'ACL'],
  ['CLIENT KILL 127.0.0.1:6379', 'CLIENT KILL ?'],
  ['CLIENT KILL id 5 user alice', 'CLIENT KILL id 5 user ?'],
  ['PING', 'PING'],
  ['PING v', 'PING ?'],
  ['JSON.SET doc $ v NX', 'JSON.SET doc $ ? NX'],
  ['JSON.GET doc $.a.b .c', 'JSON.GET doc $.a.b .c'],
  ['JSON.GET doc $.a[?(@.email=="a@b.c")]', 'JSON.GET doc ?'],
  ['JSON.MGET a b $.x', 'JSON.MGET a b $.x'],
  ['JSON.STRAPPEND doc "v"', 'JSON.STRAPPEND doc ?'],
  ['JSON.STRAPPEND doc $.a "v"', 'JSON.STRAPPEND doc $.a ?'],
  ['FT.SEARCH idx query', 'FT.SEARCH idx ?'],
  ['FT.SEARCH idx query PARAMS 2 name v LIMIT 0 10 DIALECT 2', 'FT.SEARCH idx ? PARAMS 2 ? ? LIMIT 0 10 DIALECT 2'],
  [
    'FT.AGGREGATE idx query LOAD * GROUPBY 1 @city REDUCE COUNT 0 AS n SORTBY 2 @n DESC',
    'FT.AGGREGATE idx ? LOAD * GROUPBY 1 @city REDUCE COUNT 0 AS n SORTBY 2 @n DESC',
  ],
  ['TS.ADD t * 5 LABELS city v', 'TS.ADD t ? ? LABELS city ?'],
  ['TS.MRANGE - + FILTER city=v', 'TS.MRANGE ? ? FILTER ?'],
  ['BF.INSERT b CAPACITY 100 ITEMS v w', 'BF.INSERT b CAPACITY 100 ITEMS ? ?'],
  ['CMS.MERGE d 2 a b WEIGHTS 1 2', 'CMS.MERGE d 2 a b WEIGHTS 1 2'],
  ['VADD vs VALUES 2 0.1 0.2 elem SETATTR v', 'VADD vs VALUES 2 ? ? ? SETATTR ?'],
  ['VSIM vs ELE elem COUNT 5 FILTER v', 'VSIM vs ELE ? COUNT 5 FILTER ?'],
  ['MY.COMMAND secret', 'MY.COMMAND'],
];

describe('the text of a command', () => {
  for (const [line, text] of TEXTS) {
    it(`writes ${line} as ${text}`, () => {
      const args = line.split(' ').map((word) => (word === '""' ? '' : word));
      assert.equal(textOf(args), text);
      assert.equal(textOf([args[0], ...args.slice(1).map((arg) => Buffer.from(arg))]), text, 'the same as bytes');
    });
  }

  it('writes numbers as it writes text', () => {
    assert.equal(textOf(['SET', 7, 42, 'EX', 5]), 'SET 7 ? EX ?');
    assert.equal(textOf(['LRANGE', 'l', 0, -1]), 'LRANGE l 0 -1');
    assert.equal(textOf(['EVAL', 's', 1n, 'k', 5]), 'EVAL ? 1 k ?');
    assert.equal(textOf(['BLPOP', 'l', 0.5]), 'BLPOP l 0.5');
  });

  it('never decodes binary', () => {
    assert.equal(textOf(['GET', Buffer.from([0xff, 0x00, 0x41])]), 'GET ?');
    assert.equal(textOf(['GET', new Uint8Array([0x80])]), 'GET ?');
    assert.equal(textOf(['HSET', 'h', Buffer.from([1]), Buffer.from('x')]), 'HSET h ? ?');
    assert.equal(textOf(['GET', 'a\u0000b']), 'GET ?');
    assert.equal(textOf(['GET', 'line\nbreak']), 'GET ?');
  });

  it('survives arguments that Redis would refuse', () => {
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    const hostile = { toString: () => assert.fail('ran code of the application'), toJSON: () => assert.fail() };
    for (const arg of [
      undefined,
      null,
      new Date(0),
      ['a', ['b']],
      {},
      hostile,
      revoked.proxy,
      Symbol('s'),
      () => 'f',
      Number.NaN,
      true,
      new DataView(new ArrayBuffer(4)),
    ]) {
      for (const name of ['GET', 'SET', 'EXPIRE', 'EVAL', 'XREAD', 'ZRANGE', 'HSET', 'FT.SEARCH', 'CONFIG', 'NOSUCH']) {
        for (const args of [
          [name, arg],
          [name, 'a', arg],
          [name, arg, arg, arg, arg],
          [arg, name],
        ])
          assert.doesNotThrow(() => textOf(args));
      }
    }
    assert.equal(textOf(['GET', undefined]), 'GET ?');
    assert.equal(textOf(['SET', ['a', 'secret'], new Date(0)]), 'SET ? ?');
    assert.equal(textOf(['LRANGE', 'l', Number.NaN, new Date(0)]), 'LRANGE l ? ?');
  });

  it('shows structure only if it looks like structure', () => {
    assert.equal(textOf(['LRANGE', 'l', 'secret', '0x10']), 'LRANGE l ? ?');
    assert.equal(textOf(['SCAN', 'secret']), 'SCAN ?');
    assert.equal(textOf(['BITFIELD', 'k', 'GET', 'secret', 'secret']), 'BITFIELD k GET ? ?');
    assert.equal(textOf(['XDEL', 's', 'secret', '1-1']), 'XDEL s ? 1-1');
  });
});

describe('the length of a text', () => {
  it('cuts at an argument, and only when the next does not fit', () => {
    assert.equal(textOf(['MGET', 'aaaa', 'bbbb', 'cc'], 17), 'MGET aaaa bbbb cc');
    assert.equal(textOf(['MGET', 'aaaa', 'bbbb', 'cc'], 16), 'MGET aaaa bbbb …');
    assert.equal(textOf(['MGET', 'aaaa', 'bbbb', 'cc', 'd'], 19), 'MGET aaaa bbbb cc d');
    assert.equal(textOf(['MGET', 'aaaa', 'bbbb', 'cc', 'd'], 18), 'MGET aaaa bbbb …');
    assert.equal(textOf(['GET', 'user:profile:settings'], 16), 'GET …');
    assert.equal(textOf(['NOSUCH.COMMAND.WITH.A.LONG.NAME', 'x'], 16), 'NOSUCH.COMMAND.…');
    assert.equal(textOf(['CLUSTER', 'COUNT-FAILURE-REPORTS', 'x'], 16), 'CLUSTER COUNT-F…');
  });

  it('never exceeds any limit from 16 on', () => {
    const long = ['DEL', ...Array.from({ length: 200 }, (_, index) => `user:${index}:profile`)];
    const commands = TEXTS.map(([line]) => line.split(' '));
    for (let maxLength = 16; maxLength < 200; maxLength++) {
      for (const args of [long, ...commands]) assert.ok(textOf(args, maxLength).length <= maxLength, `${args[0]} ${maxLength}`);
      for (let from = 0; from < 40; from += 7) {
        const text = batchText(commands.slice(from, from + (maxLength % 9)), lookup, safe, maxLength);
        assert.ok(text.length <= maxLength, `${maxLength}: ${text}`);
      }
    }
  });

  it('cuts a key of any length', () => {
    assert.equal(textOf(['GET', 'ab-'.repeat(1_000_000)]), `GET ${'ab-'.repeat(1_000).slice(0, 256)}…`);
    assert.equal(textOf(['GET', `${'ab-'.repeat(85)}\u{1f600}`]), `GET ${'ab-'.repeat(85)}…`, 'not within a character');
  });

  it('reads no more of a list than the text can hold', () => {
    let reads = 0;
    const args = new Proxy(['DEL', ...new Array(100_000).fill('k')], {
      get: (target, property, receiver) => {
        if (typeof property === 'string' && /^\d+$/.test(property)) reads++;
        return Reflect.get(target, property, receiver);
      },
    });
    const text = textOf(args);
    assert.equal(text.length, 1_023);
    assert.ok(reads < 1_100, `${reads} arguments read`);
  });
});

describe('the text of a batch', () => {
  const commands = [
    ['GET', 'a'],
    ['SET', 'b', 'v'],
    ['MY.COMMAND', 's'],
  ];

  it('joins commands as the semantic conventions ask', () => {
    assert.equal(batchText(commands, lookup, safe, 1_024), 'GET a; SET b ?; MY.COMMAND');
    assert.equal(batchText([], lookup, safe, 1_024), '');
    assert.equal(batchText([['GET', 'a']], lookup, safe, 1_024), 'GET a');
  });

  it('marks a cut, and leaves nothing out if all commands fit', () => {
    assert.equal(batchText(commands, lookup, safe, 26), 'GET a; SET b ?; MY.COMMAND');
    assert.equal(batchText(commands, lookup, safe, 25), 'GET a; SET b ?; MY.COMMA…');
    assert.equal(batchText(commands, lookup, safe, 20), 'GET a; SET b ?; …');
  });

  it('looks up no more commands than fit', () => {
    let lookups = 0;
    const many = new Array(100_000).fill(['GET', 'k']);
    const countedLookup: typeof lookup = (args) => {
      lookups++;
      return lookup(args);
    };
    const text = batchText(many, countedLookup, safe, 1_024);
    assert.ok(text.endsWith('; …') && text.length <= 1_024);
    assert.ok(lookups < 200, `${lookups}`);
  });
});

describe('the name of a procedure', () => {
  const sha = 'c664a3bf70bd1d45c4284ffebb65a6f2299bfc9f';
  const cases: readonly [args: readonly unknown[], name: string | undefined][] = [
    [['EVALSHA', sha, '0'], sha],
    [['evalsha_ro', sha.toUpperCase(), '0'], sha.toUpperCase()],
    [['EVALSHA', sha.slice(1), '0'], undefined],
    [['EVALSHA', 'hunter2', '0'], undefined],
    [['EVALSHA', 'return 1', '0'], undefined],
    [['FCALL', 'my_lib.fn', '0'], 'my_lib.fn'],
    [['FCALL', 'return 1', '0'], undefined],
    [['FCALL', 'f'.repeat(65), '0'], undefined],
    [['FCALL'], undefined],
    [['EVAL', 'f', '0'], undefined],
  ];
  for (const [args, name] of cases) {
    it(`is ${name ?? 'none'} in ${args.join(' ')}`, () => assert.equal(procedureName(lookup(args), args, safe), name));
  }

  it('is masked like any other name, except a sha', () => {
    const hidden = keyMask('hidden', assert.fail);
    for (const [args, name] of cases) assert.equal(procedureName(lookup(args), args, hidden), name?.length === 40 ? name : undefined);
  });
});
