import assert from 'node:assert/strict';
import { ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import type { Arguments, ClientRef, Command } from '../../src/core/events';
import type { Facts, FamilyCounts } from '../../src/core/facts';
import { CommandInsights } from '../../src/insights';
import { MAX_OPEN_WRITES } from '../../src/insights/open-expiries';
import { CLIENT, SETTINGS, totalsOf } from './settings';

const LATER = 60_000;

describe('what is remembered of keys', () => {
  let insights: CommandInsights;
  let totals: ReturnType<typeof totalsOf>;
  beforeEach(() => {
    insights = new CommandInsights(SETTINGS, () => {});
    totals = totalsOf(insights);
  });

  const commandOf = (startMonotonicMs: number, args: Arguments, more: Partial<Command>): Command => {
    const caller = { traceId: 't', spanId: '1'.repeat(16), traceFlags: TraceFlags.NONE };
    const context = trace.setSpanContext(ROOT_CONTEXT, caller);
    return { args, client: CLIENT, context, traced: true, startTimeMs: startMonotonicMs, startMonotonicMs, ...more };
  };

  /** Runs a command that takes one millisecond, in a trace. */
  function run(startMonotonicMs: number, args: Arguments, reply: unknown, more: Partial<Command> = {}): Facts {
    return insights.command(commandOf(startMonotonicMs, args, more), {
      durationMs: 1,
      failed: false,
      reply,
      error: undefined,
      isLocal: false,
    });
  }
  const loads = (facts: Facts) => facts.cache?.fills.map(({ loadMs }) => loadMs) ?? [];
  const sum = (name: keyof FamilyCounts) => totals(LATER).reduce((all, counts) => all + Number(counts[name]), 0);
  const unfilled = () => sum('unfilled');
  const reason = (monotonicMs: number, key = 'user:1', more: Partial<Command> = {}) =>
    run(monotonicMs, ['GET', key], null, more).cache?.missReason;
  const at = (facts: Partial<ClientRef['facts']>): Partial<Command> => ({ client: { facts: { ...CLIENT.facts, ...facts } } });

  const fills: readonly [line: string, reply: unknown][] = [
    ['SET user:1 v', 'OK'],
    ['SET user:1 v EX 60', 'OK'],
    ['SET user:1 v NX EX 60', 'OK'],
    ['SETEX user:1 60 v', 'OK'],
    ['PSETEX user:1 60 v', 'OK'],
    ['SETNX user:1 v', 1],
    ['SETNX user:1 v', true],
    ['GETSET user:1 v', null],
    ['SET user:1 v GET', null],
    ['MSET user:2 v user:1 v', 'OK'],
    ['MSETNX user:2 v user:1 v', 1],
    ['MSETEX 1 user:1 v EX 60', 1],
    ['APPEND user:1 v', 1],
    ['INCR user:1', 1],
    ['INCRBY user:1 0', 0],
    ['INCRBYFLOAT user:1 0.5', '0.5'],
    ['DECR user:1', -1],
    ['INCREX user:1 BYINT 2 EX 5', [2, 2]],
    ['SETRANGE user:1 0 v', 1],
    ['SETBIT user:1 7 0', 0],
    ['BITFIELD user:1 SET u8 0 7', [0]],
    ['BITOP OR user:1 a b', 3],
    ['HSET user:1 f v', 1],
    ['HSETNX user:1 f v', 1],
    ['HMSET user:1 f v', 'OK'],
    ['HINCRBY user:1 f 0', 0],
    ['HINCRBYFLOAT user:1 f 0', '0'],
    ['SADD user:1 a', 1],
    ['SADD user:1 a', 0],
    ['SMOVE user:2 user:1 a', 1],
    ['SUNIONSTORE user:1 a b', 2],
    ['ZADD user:1 1 a', 1],
    ['ZADD user:1 1 a', 0],
    ['ZINCRBY user:1 0 a', '0'],
    ['ZRANGESTORE user:1 a 0 -1', 1],
    ['ZUNIONSTORE user:1 2 a b', 1],
    ['GEOADD user:1 1 2 a', 1],
    ['GEOSEARCHSTORE user:1 a FROMMEMBER m BYRADIUS 1 M', 1],
    ['LPUSH user:1 a', 1],
    ['RPUSH user:1 a', 1],
    ['LMOVE user:2 user:1 LEFT LEFT', 'a'],
    ['RPOPLPUSH user:2 user:1', 'a'],
    ['BLMOVE user:2 user:1 LEFT LEFT 0', 'a'],
    ['SORT a STORE user:1', 2],
    ['PFADD user:1 a', 0],
    ['PFMERGE user:1 a', 'OK'],
    ['XADD user:1 * f v', '1-0'],
    ['XGROUP CREATE user:1 g $ MKSTREAM', 'OK'],
    ['COPY user:2 user:1', 1],
    ['RENAME user:2 user:1', 'OK'],
    ['RENAMENX user:2 user:1', 1],
    ['RESTORE user:1 0 payload', 'OK'],
    ['JSON.SET user:1 $ 1', 'OK'],
    ['TS.ADD user:1 1 2', 1],
    ['BF.ADD user:1 a', 1],
    ['VADD user:1 VALUES 1 0.5 a', 1],
  ];
  for (const [line, reply] of fills) {
    it(`a miss is filled by ${line}, answered with ${JSON.stringify(reply)}`, () => {
      run(0, ['GET', 'user:1'], null);
      assert.deepEqual(loads(run(11, line.split(' '), reply)), [10]);
      assert.equal(unfilled(), 0);
    });
  }

  const none: readonly [line: string, reply: unknown][] = [
    ['SET user:1 v XX', null],
    ['SETNX user:1 v', 0],
    ['SET user:2 v', 'OK'],
    ['ZADD user:1 XX 1 a', 0],
    ['ZADD user:1 XX INCR 1 a', null],
    ['XADD user:1 NOMKSTREAM * f v', null],
    ['LPUSHX user:1 a', 0],
    ['COPY user:2 user:1', 0],
    ['RENAMENX user:2 user:1', false],
    ['SINTERSTORE user:1 a b', 0],
    ['LMOVE user:2 user:1 LEFT LEFT', null],
    ['BITFIELD user:1 GET u8 0', [0]],
    ['SORT user:1', []],
    ['DEL user:1', 0],
    ['EXPIRE user:1 5', 0],
    ['SISMEMBER user:1 a', 0],
    ['EVAL_RO body 1 user:1', null],
  ];
  for (const [line, reply] of none) {
    it(`a miss is not filled by ${line}, answered with ${JSON.stringify(reply)}`, () => {
      run(0, ['GET', 'user:1'], null);
      assert.deepEqual(loads(run(11, line.split(' '), reply)), []);
      assert.equal(unfilled(), 1);
    });
  }

  it('nothing is reported about a miss that a script may have filled', () => {
    for (const key of ['user:1', 'user:2', 'user:3']) run(0, ['GET', key], null);
    assert.deepEqual(loads(run(11, ['EVALSHA', 'f'.repeat(40), '2', 'user:1', 'user:2', 'user:3'], null)), []);
    assert.equal(unfilled(), 1);
  });

  it('a miss after the window is not a load, and a dropped miss is neither filled nor unfilled', () => {
    run(0, ['GET', 'user:1'], null);
    assert.deepEqual(loads(run(40_000, ['SET', 'user:1', 'v'], 'OK')), []);
    assert.equal(unfilled(), 1);
    const keys = Array.from({ length: 30_000 }, (_, i) => `item:${i}`);
    run(41_000, ['MGET', ...keys], Array(keys.length).fill(null));
    run(41_010, ['MSET', ...keys.flatMap((key) => [key, 'v'])], 'OK');
    assert.equal(
      totals(200_000).reduce((all, counts) => all + counts.unfilled, 0),
      1,
    );
  });

  it('a key is the same at the address of a reader and of the writer', () => {
    run(0, ['GET', 'user:1'], null, at({ serverAddress: 'reader' }));
    assert.deepEqual(loads(run(11, ['SET', 'user:1', 'v'], 'OK', at({ serverAddress: 'writer' }))), [10]);
    run(20, ['GET', 'user:2'], null);
    assert.deepEqual(loads(run(31, ['SET', 'user:2', 'v'], 'OK', at({ namespace: '1' }))), []);
  });

  it('a prefix that the client adds belongs to the key', () => {
    run(0, ['GET', 'user:1'], null, at({ keyPrefix: 'a:' }));
    assert.deepEqual(loads(run(11, ['SET', 'user:1', 'v'], 'OK', at({ keyPrefix: 'b:' }))), []);
    assert.deepEqual(loads(run(11, ['SET', 'a:user:1', 'v'], 'OK')), [10]);
  });

  it('a key is the same as text and as bytes', () => {
    run(0, ['GET', 'größe'], null);
    assert.deepEqual(loads(run(11, ['SET', Buffer.from('größe'), 'v'], 'OK')), [10]);
  });

  it('a record is found if any of its fields exists, and its fields are counted separately', () => {
    assert.deepEqual(run(0, ['HMGET', 'user:1', 'name', 'nick'], ['Ada', null]).lookup?.fields, { hits: 1, misses: 1 });
    run(1, ['HMGET', 'user:1', 'nick', 'note'], [null, null]);
    run(2, ['HGET', 'user:1', 'name'], 'Ada');
    assert.deepEqual([sum('hits'), sum('misses')], [2, 1]);
  });

  it('a load ends when fields are set after HGETALL found nothing', () => {
    run(0, ['HGETALL', 'user:1'], {});
    assert.deepEqual(loads(run(11, ['HSET', 'user:1', 'name', 'Ada', 'born', '1815'], 2)), [10]);
    assert.deepEqual(loads(run(20, ['HSET', 'user:1', 'name', 'Ada'], 0)), []);
    assert.equal(unfilled(), 0);
  });

  it('a load ends with the record if several fields were read, and with the field if it was one', () => {
    run(0, ['HMGET', 'user:1', 'name', 'born'], [null, null]);
    assert.deepEqual(loads(run(11, ['HSET', 'user:1', 'name', 'Ada'], 1)), [10]);
    run(20, ['HGET', 'pages', '/home'], null);
    assert.deepEqual(loads(run(31, ['HSET', 'pages', '/jobs', 'v'], 1)), []);
    assert.deepEqual(loads(run(31, ['HINCRBY', 'pages', '/home', '1'], 1)), [10]);
    assert.equal(unfilled(), 0);
  });

  it('a write to another hash ends no load', () => {
    run(0, ['HGETALL', 'user:1'], {});
    assert.deepEqual(loads(run(11, ['HSET', 'user:2', 'name', 'Ada'], 1)), []);
    assert.equal(unfilled(), 1);
  });

  it('EXISTS and tests of membership are not look-ups', () => {
    const tests: readonly [Arguments, unknown][] = [
      [['EXISTS', 'user:1'], 0],
      [['EXISTS', 'user:1', 'user:2'], 1],
      [['SISMEMBER', 'user:1', 'a'], 0],
      [['ZSCORE', 'user:1', 'a'], null],
      [['HEXISTS', 'user:1', 'f'], 0],
      [['GEOPOS', 'user:1', 'a'], [null]],
    ];
    for (const [args, reply] of tests) assert.equal(run(0, args, reply).lookup, undefined);
    assert.deepEqual(loads(run(11, ['SET', 'user:1', 'v'], 'OK')), []);
    assert.deepEqual([sum('hits'), sum('misses'), unfilled()], [0, 0, 0]);
  });

  it('QUEUED is not a value inside a transaction of raw commands, but is one outside', () => {
    assert.equal(run(0, ['GET', 'user:1'], 'QUEUED').lookup?.hits, 1);
    run(1, ['MULTI'], 'OK');
    for (const args of [
      ['GET', 'user:1'],
      ['MGET', 'a', 'b'],
      ['SET', 'user:2', 'v'],
    ]) {
      const { lookup, cache } = run(2, args, 'QUEUED');
      assert.deepEqual([lookup, cache], [undefined, undefined]);
    }
    run(3, ['GET', 'user:1'], Buffer.from('QUEUED'));
    assert.equal(run(3, ['GET', 'user:1'], 'QUEUED', at({})).lookup?.hits, 1, 'another connection');
    run(4, ['EXEC'], ['v']);
    assert.equal(run(5, ['GET', 'user:1'], 'QUEUED').lookup?.hits, 1);
    assert.deepEqual([sum('hits'), sum('writesWithoutTtl')], [3, 0]);
  });

  describe('with masked arguments, as in a bundle', () => {
    const masked = { isMasked: true } as const;
    it('a value stored under a visible key fills it', () => {
      run(0, ['GET', 'user:1'], null);
      assert.deepEqual(loads(run(11, ['SET', 'user:1', undefined, undefined, undefined], 'OK', masked)), [10]);
      assert.equal(unfilled(), 0);
    });

    it('a write that may have been refused fills nothing', () => {
      run(0, ['GET', 'user:1'], null);
      assert.deepEqual(loads(run(11, ['SET', 'user:1', undefined, undefined], null, masked)), []);
      assert.equal(unfilled(), 1);
    });

    it('misses before a write that was not seen are not counted as unfilled', () => {
      run(0, ['GET', 'user:1'], null);
      run(11, ['MSET', 'user:7', undefined, undefined, undefined], 'OK', masked);
      run(12, ['GET', 'user:2'], null);
      assert.equal(unfilled(), 1);
    });

    it('nor are misses before a transaction whose commands are not visible', () => {
      run(0, ['GET', 'user:1'], null);
      const { client, context, traced, startTimeMs, startMonotonicMs } = commandOf(11, [], {});
      const ended = { durationMs: 1, failed: false, error: undefined, aborted: false, replies: ['OK', 'OK'] };
      insights.batch({ client, context, traced, startTimeMs, startMonotonicMs, kind: 'MULTI', commands: [], size: 2 }, ended, true);
      assert.equal(unfilled(), 0);
    });
  });

  it('count a write as one with a time to live if an expiry follows before counts are collected', () => {
    const ttl = () => [sum('writesWithTtl'), sum('writesWithoutTtl')];
    run(0, ['SET', 'user:1', 'v'], 'OK');
    run(1, ['EXPIRE', 'user:1', '60'], 1);
    run(2, ['SET', 'user:2', 'v'], 'OK');
    run(3, ['EXPIRE', 'user:2', '60', 'XX'], 0);
    run(4, ['MSET', 'user:3', 'v', 'user:4', 'v'], 'OK');
    run(5, ['GETEX', 'user:3', 'PX', '100'], 'v');
    assert.deepEqual(ttl(), [2, 2]);
    run(6, ['EXPIRE', 'user:4', '60'], 1);
    assert.deepEqual(ttl(), [2, 2], 'what was said is said');
    // Written again before it expired; a script may have set an expiry.
    run(7, ['SET', 'user:5', 'v'], 'OK');
    run(8, ['SET', 'user:5', 'v', 'EX', '60'], 'OK');
    run(9, ['SET', 'user:6', 'v'], 'OK');
    run(10, ['EVAL', 'return 1', '1', 'user:6'], 1);
    // Renamed: it may get one under its new name.
    run(10, ['SET', 'user:7', 'v'], 'OK');
    run(10, ['RENAME', 'user:7', 'user:8'], 'OK');
    assert.deepEqual(ttl(), [3, 3]);
    for (let id = 0; id < 3 * MAX_OPEN_WRITES; id++) run(11, ['SET', `user:${id}`, 'v'], 'OK');
    assert.deepEqual(ttl(), [3, 3 + 3 * MAX_OPEN_WRITES]);
  });

  describe('the reason why a key is missing', () => {
    it('stays the same when a hash is set again', () => {
      const why = (monotonicMs: number) => run(monotonicMs, ['HGETALL', 'user:1'], {}).cache?.missReason;
      run(0, ['HSET', 'user:1', 'name', 'Ada'], 1);
      run(10, ['DEL', 'user:1'], 1);
      assert.equal(why(20), 'deleted');
      run(30, ['HSET', 'user:1', 'name', 'Ada'], 1);
      assert.equal(why(40), 'unknown');
    });

    it('is not its time to live after GETEX or PERSIST removed it', () => {
      for (const [key, args, reply] of [
        ['user:1', ['GETEX', 'user:1', 'PERSIST'], 'v'],
        ['user:2', ['PERSIST', 'user:2'], 1],
      ] as const) {
        run(0, ['SET', key, 'v', 'PX', '100'], 'OK');
        run(10, args, reply);
        assert.equal(reason(200, key), 'unknown');
      }
      run(0, ['SET', 'user:3', 'v', 'PX', '100'], 'OK');
      run(10, ['GETEX', 'user:3'], 'v');
      assert.equal(reason(200, 'user:3'), 'expired');
    });

    it('is the expiry that PEXPIREAT and GETEX set', () => {
      run(0, ['SET', 'user:1', 'v'], 'OK');
      run(0, ['PEXPIREAT', 'user:1', '100'], 1);
      run(0, ['SET', 'user:2', 'v'], 'OK');
      run(0, ['GETEX', 'user:2', 'PX', '100'], 'v');
      assert.deepEqual([reason(200), reason(200, 'user:2')], ['expired', 'expired']);
    });

    it('is unknown if another process has deleted the key before, or changed it', () => {
      for (const key of ['user:1', 'user:2', 'user:3']) run(0, ['SET', key, 'v', 'PX', '100'], 'OK');
      assert.equal(reason(50), 'unknown');
      run(150, ['GET', 'user:2'], 'v');
      run(150, ['MGET', 'user:3'], ['v']);
      assert.deepEqual([reason(200), reason(200, 'user:2'), reason(200, 'user:3')], ['unknown', 'unknown', 'unknown']);
    });

    it('does not change when another database or server is flushed, and is a delete when its own is', () => {
      run(0, ['SET', 'user:1', 'v', 'PX', '100'], 'OK');
      run(10, ['FLUSHDB'], 'OK', at({ namespace: '1' }));
      run(10, ['FLUSHALL'], 'OK', at({ serverAddress: 'other' }));
      assert.equal(reason(200), 'expired');
      run(300, ['SET', 'user:1', 'v', 'PX', '100'], 'OK');
      run(310, ['FLUSHALL'], 'OK', at({ namespace: '1' }));
      assert.equal(reason(320), 'deleted');
    });

    it('is a delete after EXPIRE with 0, after GETDEL and RENAME, and when it is deleted twice', () => {
      for (const [key, args, reply] of [
        ['user:1', ['EXPIRE', 'user:1', '0'], 1],
        ['user:2', ['GETDEL', 'user:2'], 'v'],
        ['user:3', ['RENAME', 'user:3', 'user:4'], 'OK'],
        ['user:5', ['DEL', 'user:5', 'user:5'], 1],
      ] as const) {
        run(0, ['SET', key, 'v', 'EX', '100'], 'OK');
        run(10, args, reply);
        run(20, ['DEL', key], 0);
        assert.equal(reason(30, key), 'deleted', key);
      }
    });

    it('is not a delete after the key was created again', () => {
      for (const [args, reply] of [
        [['INCR', 'user:1'], 1],
        [['SADD', 'user:1', 'a'], 1],
        [['COPY', 'user:2', 'user:1'], 1],
        [['EVAL', 'body', '1', 'user:1'], 1],
      ] as const) {
        run(0, ['DEL', 'user:1'], 1);
        assert.equal(reason(10), 'deleted');
        run(20, args, reply);
        assert.equal(reason(30), 'unknown', args[0]);
      }
    });
  });

  it('survives other settings: nothing is counted again, and open misses stay open', () => {
    run(0, ['GET', 'user:1'], null);
    run(0, ['GET', 'user:2'], null);
    insights.use({ ...SETTINGS, members: true });
    assert.deepEqual(loads(run(11, ['SET', 'user:1', 'v'], 'OK')), [10]);
    assert.deepEqual([sum('misses'), unfilled()], [2, 1]);
    run(20, ['GET', 'user:9'], null);
    insights.use({ ...SETTINGS, families: false });
    run(20, ['GET', 'user:3'], null);
    // What had the name of a family is forgotten with it.
    assert.deepEqual([sum('misses'), unfilled()], [4, 2]);
    run(30, ['GET', 'user:4'], null);
    insights.use({ ...SETTINGS, cache: false });
    insights.use(SETTINGS);
    assert.deepEqual(loads(run(41, ['SET', 'user:4', 'v'], 'OK')), [], 'forgotten where it was switched off');
  });
});
