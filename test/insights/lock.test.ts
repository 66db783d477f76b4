import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import type { Arguments, Batch, ClientRef, Command } from '../../src/core/events';
import type { Facts, InsightSettings, LockFacts } from '../../src/core/facts';
import { CommandInsights } from '../../src/insights';
import { MAX_LOCKS } from '../../src/insights/expiring';
import { entriesIn } from '../support/entries';
import { CLIENT, SETTINGS } from './settings';

const RELEASE = 'if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("del", KEYS[1]) else return 0 end';
const EXTEND = 'if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("pexpire", KEYS[1], ARGV[2]) else return 0 end';
const CONSTANT = EXTEND.replace('ARGV[2]', '30000');
const TAKE = 'if redis.call("exists", KEYS[1]) == 1 then return 0 end redis.call("set", KEYS[1], ARGV[1], "PX", ARGV[2]) return 1';
const shaOf = (body: string) => createHash('sha1').update(body).digest('hex');

/** Tokens as libraries make them. */
const [A, B, C] = ['0.8273648123', 'b9c1f7d2-3c1e-4d52-8a54-0c6f5b7a1e02', '9f86d081884c7d659a2f'];

type Shown = Partial<Omit<LockFacts, 'family'> & { family: string | undefined }> | undefined;

describe('locks', () => {
  let insights: CommandInsights;
  beforeEach(() => use({}));

  function use(settings: Partial<InsightSettings>): void {
    insights = new CommandInsights({ ...SETTINGS, ...settings }, () => {});
  }

  function read(startMonotonicMs: number, args: Arguments, reply: unknown, traceId?: string, more: Partial<Command> = {}): Facts {
    const caller = { traceId: traceId ?? '', spanId: '1'.repeat(16), traceFlags: TraceFlags.NONE };
    const context = traceId === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, caller);
    const command: Command = { args, client: CLIENT, context, traced: true, startTimeMs: startMonotonicMs, startMonotonicMs, ...more };
    return insights.command(command, { durationMs: 1, failed: false, reply, error: undefined, isLocal: false });
  }

  /** Runs a command that takes one millisecond. */
  const run = (startMonotonicMs: number, args: Arguments, reply: unknown, traceId?: string, more?: Partial<Command>): Shown =>
    shown(read(startMonotonicMs, args, reply, traceId, more).lock);

  const take = (monotonicMs: number, key: string, token: string, reply: unknown, traceId?: string) =>
    run(monotonicMs, ['SET', key, token, 'NX', 'PX', '1000'], reply, traceId);
  const acquire = (monotonicMs: number, token: string, reply: unknown, traceId?: string) =>
    take(monotonicMs, 'lock:1', token, reply, traceId);
  const release = (monotonicMs: number, token: string, reply: unknown, key = 'lock:1') =>
    run(monotonicMs, ['EVAL', RELEASE, '1', key, token], reply);
  const lost = (): number => [...insights.counts(0)].reduce((sum, { lostLocks }) => sum + lostLocks, 0);

  const facts = { key: 'lock:1', family: 'lock:{}' };
  const taken = { ...facts, ttlSeconds: 1, acquired: true };

  describe('are known', () => {
    it('by their name', () => {
      const names =
        'lock:1 order:7:lock locks/7 lock.job @simple-redis-mutex:lock-7 my_lock user-lock:7 Lock:7 mutex:a semaphore:a leader x:leader lease:7';
      for (const key of names.split(' ')) {
        use({});
        assert.equal(take(0, key, A, 'OK')?.acquired, true, key);
      }
      for (const key of 'block:7 clock:7 unlock:7 leader-board:7 lease_contract:7 blocks:7 padlock:7 otp:7 rl:7'.split(' ')) {
        assert.equal(take(0, key, A, 'OK'), undefined, key);
      }
    });

    for (const [title, body, reply] of [
      ['released', RELEASE, 1],
      ['renewed', EXTEND, 1],
      ['renewed by a constant', CONSTANT, 1],
    ] as const) {
      it(`by one that was ${title} by a script, which compares the token, and by all of its family from then on`, () => {
        assert.equal(take(0, 'job:1', A, 'OK'), undefined, 'that alone is no lock');
        const args = ['EVAL', body, '1', 'job:1', A, ...(body === EXTEND ? ['5000'] : [])];
        assert.equal(run(50, args, reply)?.family, 'job:{}');
        assert.equal(take(60, 'job:2', B, 'OK')?.acquired, true);
        assert.equal(take(70, 'job:3', C, null)?.key, 'job:3');
      });
    }

    it('by an unknown script that names the key and the token', () => {
      take(0, 'job:1', A, 'OK');
      const key = { key: 'job:1', family: 'job:{}' };
      assert.deepEqual(run(50, ['EVALSHA', 'f'.repeat(40), '1', 'job:1', A, '5000'], 1), { ...key, renewed: true });
      assert.deepEqual(run(100, ['EVALSHA', 'e'.repeat(40), '1', 'job:1', A], 1), { ...key, released: true, holdMs: 100 });
      take(200, 'job:2', B, 'OK');
      assert.equal(run(250, ['FCALL', 'unlock', '1', 'job:2', B], 1)?.released, true);
      // node-redis-warlock gives the token as a key.
      take(300, 'job:3', C, 'OK');
      assert.equal(run(350, ['EVALSHA', 'd'.repeat(40), '3', 'job:3', '5000', C], 'OK')?.renewed, true);
    });

    it('by DELEX and DELIFEQ, which compare', () => {
      take(0, 'job:1', A, 'OK');
      assert.equal(run(50, ['DELEX', 'job:1', 'IFEQ', A], 1)?.holdMs, 50);
      take(60, 'task:1', A, 'OK');
      assert.equal(run(70, ['DELIFEQ', 'task:1', A], 0)?.lost, true);
    });

    it('by WATCH, a read that finds the token, and a delete in the transaction', () => {
      const client: ClientRef = { ...CLIENT };
      const exec = (monotonicMs: number, replies: unknown[], who = client) => {
        const batch: Batch = {
          kind: 'MULTI',
          commands: [['DEL', 'job:1']],
          client: who,
          context: ROOT_CONTEXT,
          traced: true,
          startTimeMs: monotonicMs,
          startMonotonicMs: monotonicMs,
        };
        const { locks } = insights.batch(batch, { durationMs: 1, failed: false, replies, error: undefined, aborted: false }, true);
        return locks.map(shown);
      };
      const watch = (monotonicMs: number, value: string | null) => {
        take(monotonicMs, 'job:1', A, 'OK');
        run(monotonicMs, ['WATCH', 'job:1'], 'OK', undefined, { client });
        run(monotonicMs, ['GET', 'job:1'], value, undefined, { client });
      };
      watch(0, B);
      assert.deepEqual(exec(10, [1]), []);
      watch(20, A);
      assert.deepEqual(exec(30, [1], CLIENT), [], 'another connection');
      watch(40, A);
      assert.deepEqual(exec(50, [1]), [{ key: 'job:1', family: 'job:{}', released: true, holdMs: 10 }]);
    });

    it('by the application, which then decides alone', () => {
      use({ isLockKey: (key) => key.startsWith('guard:') });
      assert.equal(acquire(0, A, 'OK'), undefined);
      assert.equal(take(0, 'guard:1', 'locked', 'OK')?.acquired, true);
      assert.equal(run(0, ['SETNX', 'guard:2', '1'], 1)?.acquired, true);
      use({ locks: false });
      assert.equal(acquire(0, A, 'OK'), undefined);
    });

    it('not by SET NX, SETNX, EXPIRE and DEL, nor by a script that does something else', () => {
      const silent: readonly [Arguments, unknown][] = [
        // A rate limit, a cooldown, a dedupe key, an OTP
        [['SET', 'rl:1', '0', 'PX', '60000', 'NX'], 'OK'],
        [['INCR', 'rl:1'], 1],
        [['PEXPIRE', 'rl:1', '60000'], 1],
        [['SETNX', 'rl:2', '1'], 1],
        [['PEXPIRE', 'rl:2', '60000'], 1],
        [['SETNX', 'rl:2', '1'], 0],
        [['SET', 'otp:1', '482913', 'EX', '300', 'NX'], 'OK'],
        [['DEL', 'otp:1'], 1],
        [['SET', 'seen:1', A, 'EX', '300', 'NX'], 'OK'],
        [['SET', 'seen:1', B, 'EX', '300', 'NX'], null],
        [['DEL', 'seen:1'], 1],
        // It only looks.
        [['SET', 'job:1', A, 'PX', '1000', 'NX'], 'OK'],
        [['EVAL', 'return redis.call("get", KEYS[1]) == ARGV[1]', '1', 'job:1', A], 1],
        [['EVALSHA_RO', 'f'.repeat(40), '1', 'job:1', A], 1],
        // Another key, another token, and a token that is anybody's
        [['EVAL', RELEASE, '1', 'job:2', A], 1],
        [['EVAL', RELEASE, '1', 'job:1', B], 0],
        [['SET', 'job:3', '1', 'PX', '1000', 'NX'], 'OK'],
        [['EVALSHA', 'f'.repeat(40), '1', 'job:3', '1'], 1],
        // An idempotency key: what is compared is set to what comes next.
        [['SET', 'idem:1', A, 'EX', '60', 'NX'], 'OK'],
        [
          [
            'EVAL',
            'if redis.call("get",KEYS[1]) == ARGV[1] then return redis.call("set",KEYS[1],ARGV[2],"EX",60) end',
            '1',
            'idem:1',
            A,
            '{"ok":1}',
          ],
          'OK',
        ],
      ];
      for (const [index, [args, reply]] of silent.entries()) assert.equal(run(index, args, reply), undefined, args.join(' '));
      assert.equal(lost(), 0);
    });
  });

  describe('are lost only if the server says so', () => {
    it('and not one that never gave the lock: independent masters are asked with one token', () => {
      const at = (serverPort: number) => ({ client: { facts: { ...CLIENT.facts, serverPort } } }) as Partial<Command>;
      const [first, second, third] = [1, 2, 3].map(at);
      const takeAt = (reply: unknown, more?: Partial<Command>) =>
        run(0, ['SET', 'lock:1', A, 'NX', 'PX', '1000'], reply, undefined, more)?.acquired;
      assert.deepEqual([takeAt('OK', first), takeAt('OK', second), takeAt(null, third)], [true, true, undefined]);
      assert.equal(run(5, ['EVAL', EXTEND, '1', 'lock:1', A, '1000'], 0, undefined, third), undefined);
      assert.equal(run(10, ['EVAL', RELEASE, '1', 'lock:1', A], 0, undefined, third), undefined);
      assert.equal(run(20, ['EVAL', RELEASE, '1', 'lock:1', A], 1, undefined, first)?.holdMs, 20);
      assert.equal(lost(), 0);
    });

    it('by a release that answers 0; one that answers 1 was held, however late it comes', () => {
      assert.deepEqual(acquire(0, A, 'OK'), taken);
      assert.deepEqual(release(500_000, A, 1), { ...facts, released: true, holdMs: 500_000 });
      acquire(1_000_000, A, 'OK');
      assert.deepEqual(release(1_000_010, A, 0), { ...facts, lost: true });
      assert.equal(release(1_000_020, A, 0), undefined, 'nobody loses what he has not');
      assert.equal(lost(), 1);
    });

    it('by the previous holder, while another one in this process holds the key', () => {
      acquire(0, A, 'OK');
      acquire(1_500, B, 'OK');
      assert.deepEqual(release(1_600, A, 0), { ...facts, lost: true });
      assert.deepEqual(release(1_700, B, 1), { ...facts, released: true, holdMs: 200 });
    });

    it('by a renewal that answers 0, and once', () => {
      acquire(0, A, 'OK');
      const extend = (monotonicMs: number, reply: unknown) => run(monotonicMs, ['EVAL', EXTEND, '1', 'lock:1', A, '5000'], reply);
      assert.deepEqual(extend(900, 1), { ...facts, ttlSeconds: 5, renewed: true });
      assert.deepEqual(extend(1_000, 0), { ...facts, ttlSeconds: 5, lost: true });
      assert.deepEqual(extend(1_050, 0), { ...facts, ttlSeconds: 5 });
      assert.deepEqual(release(1_100, A, 0), facts, 'nor was it held all that time');
      assert.equal(lost(), 1);
    });

    it('not by a script without an answer', () => {
      const silent = 'if redis.call("get", KEYS[1]) == ARGV[1] then redis.call("del", KEYS[1]) redis.call("publish", KEYS[2], "") end';
      acquire(0, A, 'OK');
      assert.deepEqual(run(5_000, ['EVAL', silent, '2', 'lock:1', 'channel', A], null), { ...facts, holdMs: 5_000 });
      assert.equal(lost(), 0);
    });

    it('by a list that begins with a failure', () => {
      const extend = EXTEND.replace('return redis.call', 'return {1, redis.call')
        .replace('ARGV[2])', 'ARGV[2])}')
        .replace('return 0', 'return {-1}');
      acquire(0, A, 'OK');
      assert.equal(run(10, ['EVAL', extend, '1', 'lock:1', A, '5000'], [1, 1])?.renewed, true);
      assert.equal(run(20, ['EVAL', extend, '1', 'lock:1', A, '5000'], [-1])?.lost, true);
    });

    it('by a delete that finds nothing, and by one that deletes what another trace has taken over', () => {
      acquire(0, 'me', 'OK', 't');
      assert.deepEqual(run(50, ['DEL', 'lock:1'], 1, 't'), { ...facts, released: true, holdMs: 50 });
      acquire(100, 'me', 'OK', 't');
      assert.equal(run(150, ['DEL', 'lock:1'], 0, 't')?.lost, true);
      acquire(200, 'me', 'OK', 't');
      acquire(1_500, 'other', 'OK', 'u');
      assert.equal(run(1_600, ['DEL', 'lock:1'], 1, 't')?.lost, true);
      assert.equal(lost(), 2);
    });
  });

  it('are extended by every command that extends a key, and never lost by that', () => {
    const renewals: readonly [Arguments, unknown, number | undefined][] = [
      [['SET', 'lock:1', A, 'XX', 'PX', '5000'], 'OK', 5],
      [['SET', 'lock:1', A, 'PX', '5000'], 'OK', 5],
      [['EXPIRE', 'lock:1', '5'], 1, 5],
      [['PEXPIRE', 'lock:1', '5000'], 1, 5],
      [['PEXPIREAT', 'lock:1', '5100'], 1, 5],
      [['EXPIREAT', 'lock:1', '10'], 1, 9.9],
      [['GETEX', 'lock:1', 'PX', '5000'], A, 5],
      [['GETEX', 'lock:1', 'PERSIST'], A, undefined],
      [['PERSIST', 'lock:1'], 1, undefined],
      [['EVAL', CONSTANT, '1', 'lock:1', A], 1, undefined],
    ];
    for (const [args, reply, ttlSeconds] of renewals) {
      acquire(0, A, 'OK');
      const ttl = ttlSeconds === undefined ? {} : { ttlSeconds };
      assert.deepEqual(run(100, args, reply), { ...facts, ...ttl, renewed: true }, args.join(' '));
      assert.deepEqual(release(4_000, A, 1), { ...facts, released: true, holdMs: 4_000 });
    }
    acquire(0, A, 'OK');
    assert.equal(run(10, ['EXPIRE', 'lock:1', '5', 'GT'], 0), undefined, 'a longer end was kept');
    assert.equal(run(20, ['PERSIST', 'lock:1'], 0), undefined);
    assert.equal(lost(), 0);
    assert.equal(run(30, ['PEXPIRE', 'lock:1', '5000'], 0)?.lost, true, 'it is not there');
  });

  describe('are waited for', () => {
    it('from the first refused attempt in a trace', () => {
      acquire(0, A, 'OK', 'x');
      acquire(10, B, null, 't');
      acquire(20, C, null, 'other');
      assert.equal(acquire(30, '0.99999999', 'OK', 't')?.waitMs, 21);
    });

    it('from the first with this token, where it is unique', () => {
      acquire(0, A, 'OK');
      for (const monotonicMs of [10, 20, 30]) assert.equal(acquire(monotonicMs, B, null)?.waitMs, undefined);
      assert.equal(acquire(40, B, 'OK')?.waitMs, 31);
      assert.equal(acquire(50, C, 'OK')?.waitMs, undefined);
    });

    for (const constant of ['1', 'locked', 'worker-7', A]) {
      it(`by each caller separately if the token is constant: ${constant}`, () => {
        acquire(0, constant, 'OK', 't1');
        acquire(10, constant, null, 't2');
        assert.equal(acquire(1_000, constant, 'OK', 't3')?.waitMs, undefined);
        acquire(1_010, constant, null);
        assert.equal(acquire(60_000, constant, 'OK')?.waitMs, undefined);
      });
    }

    it('and the wait is reported with the release, if only that shows that it is a lock', () => {
      take(0, 'job:1', A, null, 't');
      take(10, 'job:1', A, 'OK', 't');
      assert.deepEqual(release(20, A, 1, 'job:1'), { key: 'job:1', family: 'job:{}', released: true, holdMs: 10, waitMs: 11 });
    });
  });

  it('are released by sha once the body was seen: run, loaded or defined', () => {
    for (const see of [
      () => run(1, ['SCRIPT', 'LOAD', EXTEND], shaOf(EXTEND)),
      () => run(1, ['EVAL', EXTEND, '1', 'other', 'x', '1'], 0),
      () => run(1, ['EVALSHA', shaOf(EXTEND), '1', 'other', 'x', '1'], 0, undefined, { script: EXTEND }),
    ]) {
      use({});
      see();
      acquire(2, A, 'OK');
      // With the body it is known what the number is.
      assert.equal(run(3, ['EVALSHA', shaOf(EXTEND).toUpperCase(), '1', 'lock:1', A, '7000'], 1)?.ttlSeconds, 7);
    }
  });

  describe('that this process did not acquire', () => {
    it('are released by compare and delete that answers 1; if it answers 0, whether one was lost cannot be known', () => {
      assert.deepEqual(release(0, A, 1), { ...facts, released: true });
      assert.equal(release(10, A, 0), undefined);
      assert.deepEqual(run(20, ['EVALSHA', shaOf(RELEASE), '1', 'lock:1', A], 1), { ...facts, released: true });
      assert.deepEqual(run(30, ['DELEX', 'lock:1', 'IFEQ', A], 1), { ...facts, released: true });
      assert.equal(run(40, ['DELIFEQ', 'lock:1', A], 0), undefined);
      acquire(50, B, 'OK');
      assert.equal(release(60, A, 0), undefined);
      assert.deepEqual(release(70, B, 1), { ...facts, released: true, holdMs: 20 });
      assert.equal(lost(), 0);
    });

    it('are not known to be released where nothing is compared, or the reply is of something else', () => {
      const noisy = RELEASE.replace('return redis.call("del", KEYS[1])', 'redis.call("del", KEYS[1]) return 1');
      const blind = 'return redis.call("del", KEYS[1])';
      const other = RELEASE.replace('redis.call("del", KEYS[1])', 'redis.call("del", KEYS[2])');
      for (const body of [noisy, blind, other]) assert.equal(run(0, ['EVAL', body, '1', 'lock:1', A], 1), undefined, body);
      assert.equal(run(0, ['EVAL', RELEASE, '2', 'lock:1', 'lock:2', A], 1), undefined);
      assert.equal(run(0, ['EVAL', RELEASE, '1', 'lock:1', A], 'OK'), undefined);
      assert.equal(run(0, ['EVALSHA', 'f'.repeat(40), '1', 'lock:1', A], 1), undefined);
      assert.equal(run(0, ['DEL', 'lock:1'], 1), undefined);
      assert.equal(run(0, ['DELEX', 'lock:1'], 1), undefined);
    });

    it('are none if nothing but the script says so: a password that is used once is compared and deleted too', () => {
      assert.equal(release(0, A, 1, 'otp:1'), undefined);
      assert.equal(run(10, ['DELIFEQ', 'otp:1', A], 1), undefined);
    });
  });

  it('are acquired by a script too, with one or several keys', () => {
    const body = 'for i, key in ipairs(KEYS) do if redis.call("get", key) == ARGV[1] then redis.call("del", key) end end return #KEYS';
    const takeAll =
      'for i, key in ipairs(KEYS) do if redis.call("exists", key) == 1 then return 0 end end for i, key in ipairs(KEYS) do redis.call("set", key, ARGV[1], "PX", ARGV[2]) end return #KEYS';
    assert.deepEqual(run(0, ['EVAL', takeAll, '2', 'lock:1', 'lock:2', A, '500'], 2), { ...facts, ttlSeconds: 0.5, acquired: true });
    assert.equal(run(5, ['EVAL', takeAll, '2', 'lock:1', 'lock:2', B, '500'], 0)?.acquired, undefined);
    assert.deepEqual(run(9, ['EVAL', body, '2', 'lock:1', 'lock:2', A], 1), { ...facts, released: true, lost: true });
    assert.equal(run(10, ['EVAL', body, '2', 'lock:1', 'lock:2', A], 0), undefined);
    assert.equal(run(20, ['EVAL', TAKE, '1', 'job:1', A, '500'], 1), undefined);
    assert.equal(release(30, A, 1, 'job:1')?.holdMs, 10);
  });

  describe('are acquired by a script whose text was not seen', () => {
    const [taker, extender, releaser] = ['1', '2', '3'].map((digit) => digit.repeat(40));
    const call = (monotonicMs: number, sha: string | undefined, token: string, reply: unknown, ttl?: string, key = 'lock:1') =>
      run(monotonicMs, ['EVALSHA', sha, '1', key, token, ...(ttl === undefined ? [] : [ttl])], reply);

    it('if it gets a new token and a number, and answers yes', () => {
      assert.equal(call(0, taker, A, 0, '500'), undefined, 'refused, or renewed too late');
      assert.deepEqual(call(10, taker, A, 1, '500'), { ...facts, acquired: true });
      assert.deepEqual(call(20, taker, B, 0, '500'), facts, 'refused');
      assert.deepEqual(call(30, extender, A, 1, '900'), { ...facts, renewed: true });
      assert.deepEqual(call(40, taker, A, null, '500'), facts, 'it is refused to its holder too, who has not lost it');
      assert.deepEqual(call(50, releaser, A, 1), { ...facts, released: true, holdMs: 40 });
      assert.deepEqual(call(60, taker, B, 'OK', '500'), { ...facts, acquired: true, waitMs: 41 });
      assert.equal(call(70, extender, B, 0, '900')?.lost, true);
      assert.deepEqual(call(80, releaser, B, 0), facts, 'it was lost already');
      assert.equal(call(90, releaser, B, 0), undefined);
      assert.deepEqual(run(100, ['FCALL', 'take', '2', 'lock:1', 'lock:2', C, '500'], 2), { ...facts, acquired: true });
      assert.equal(lost(), 1);
    });

    it('and it is not a lock without a name that says so, a token that is unique, or an answer that is one', () => {
      const silent: readonly [Arguments, unknown][] = [
        [['order:1', A, '500'], 1],
        [['lock:1', 'worker-7', '500'], 1],
        [['lock:1', A], 1],
        [['lock:1', A, '0'], 1],
        [['lock:1', A, B], 1],
        [['lock:1', A, '500', '3'], 1],
        // Redisson answers with the milliseconds for which another holds it.
        [['lock:1', A, '500'], 431],
        [['lock:1', A, '500'], null],
        [['lock:1', A, '500'], 'value'],
      ];
      for (const [index, [args, reply]] of silent.entries())
        assert.equal(run(index, ['EVALSHA', taker, '1', ...args], reply), undefined, args.join(' '));
      assert.equal(run(0, ['EVALSHA', taker, '2', 'lock:1', 'order:1', A, '500'], 2), undefined);
      use({ isLockKey: (key) => key.startsWith('order:') });
      assert.equal(call(0, taker, A, 1, '500'), undefined);
      assert.equal(call(0, taker, A, 1, '500', 'order:1')?.acquired, true);
    });
  });

  it('are not lost by a script that refuses them to their holder', () => {
    const again = (monotonicMs: number, reply: unknown) => run(monotonicMs, ['EVAL', TAKE, '1', 'lock:1', A, '500'], reply);
    assert.deepEqual([again(0, 1)?.acquired, again(10, 0)?.lost, lost()], [true, undefined, 0]);
    assert.deepEqual(release(20, A, 1), { ...facts, released: true, holdMs: 20 });
  });

  it('do not count as cache: no look-up, no fill, no write, no size, no miss', () => {
    const cacheOf = ({ lookup, cache }: Facts) => [lookup, cache];
    for (const [args, reply] of [
      [['GET', 'lock:1'], null],
      [['SET', 'lock:1', A, 'NX', 'PX', '1000'], 'OK'],
      [['GET', 'lock:1'], A],
      [
        ['MGET', 'lock:1', 'lock:2'],
        [A, null],
      ],
      [['GETEX', 'lock:1', 'PX', '5000'], A],
      [['SET', 'lock:1', A, 'XX', 'PX', '1000'], 'OK'],
      [['GETDEL', 'lock:1'], A],
    ] as const) {
      assert.deepEqual(cacheOf(read(0, args, reply, 't')), [undefined, undefined], args.join(' '));
    }
    assert.deepEqual([...insights.counts(90_000)], []);
    // What was seen to be one is none from then on.
    take(0, 'job:1', A, 'OK');
    release(1, A, 1, 'job:1');
    assert.deepEqual(cacheOf(read(2, ['GET', 'job:2'], null, 't')), [undefined, undefined]);
    const mixed = read(3, ['MGET', 'lock:1', 'page:1'], [A, 'v'], 't');
    assert.deepEqual([mixed.cache?.family, mixed.lookup?.hits, mixed.lookup?.misses], ['page:{}', 1, 0]);
    assert.equal(cacheOf(read(4, ['SET', 'page:1', 'v', 'NX', 'EX', '5'], 'OK', 't'))[1] !== undefined, true);
  });

  it('are cache whatever they are called, if they are written without asking or have fields', () => {
    assert.equal(read(0, ['HGET', 'h:lock:7', 'price'], 'v', 't').lookup?.hits, 1);
    assert.equal(read(1, ['SET', 'lease:42', '{}', 'EX', '60'], 'OK', 't').cache?.family, 'lease:{}');
    assert.equal(read(2, ['GET', 'lease:42'], '{}', 't').lookup?.hits, 1);
    // By now it takes more than a name.
    assert.equal(take(3, 'lease:43', A, 'OK'), undefined);
    release(4, A, 1, 'lease:43');
    assert.equal(read(5, ['SET', 'lease:42', '{}', 'EX', '60'], 'OK', 't').cache, undefined);
    // The holder of a lock may write it.
    acquire(6, A, 'OK');
    read(7, ['SET', 'lock:1', A, 'PX', '1000'], 'OK', 't');
    assert.deepEqual(read(8, ['GET', 'lock:1'], A, 't').lookup, undefined);
  });

  it('are found by their keys if families are off', () => {
    use({ families: false });
    assert.equal(acquire(0, A, 'OK')?.acquired, true);
    take(0, 'job:1', B, 'OK');
    release(1, B, 1, 'job:1');
    assert.equal(take(2, 'job:1', C, 'OK')?.acquired, true);
    assert.equal(take(3, 'page:1', C, 'OK'), undefined, 'one key says nothing of all others');
    assert.equal(read(4, ['GET', 'page:1'], 'v').lookup?.hits, 1);
  });

  it('are followed up to a cap', () => {
    for (let i = 0; i < 3 * MAX_LOCKS; i++) take(i, `lock:${i}`, `0.12345${i}`, 'OK');
    for (let i = 0; i < 3 * MAX_LOCKS; i++) take(i, `lock:${i}`, `0.98765${i}`, null, `t${i}`);
    assert.equal(run(0, ['DEL', 'lock:0'], 1), undefined, 'forgotten');
    assert.equal(run(0, ['DEL', `lock:${3 * MAX_LOCKS - 1}`], 1)?.released, true);
    const entries = entriesIn((insights as unknown as { locks: object }).locks);
    assert.ok(entries > MAX_LOCKS && entries <= 5 * MAX_LOCKS, `${entries}`);
  });
});

function shown(lock: LockFacts | undefined): Shown {
  if (lock === undefined) return undefined;
  const told = Object.entries({ ...lock, family: lock.family.name });
  return Object.fromEntries(told.filter(([, value]) => value !== undefined && value !== false));
}
