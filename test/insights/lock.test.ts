import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import type { Arguments, Command } from '../../src/core/events';
import type { InsightSettings, LockFacts } from '../../src/core/facts';
import { CommandInsights } from '../../src/insights';
import { MAX_LOCKS } from '../../src/insights/lock';
import { CLIENT, SETTINGS } from './settings';

const RELEASE = 'if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("del", KEYS[1]) else return 0 end';
const EXTEND = 'if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("pexpire", KEYS[1], ARGV[2]) else return 0 end';
const RELEASE_SHA = createHash('sha1').update(RELEASE).digest('hex');

describe('locks', () => {
  let insights: CommandInsights;
  beforeEach(() => use({}));

  function use(settings: Partial<InsightSettings>): void {
    insights = new CommandInsights({ ...SETTINGS, ...settings }, () => {});
  }

  /** Runs a command that takes one millisecond. */
  function run(startMark: number, args: Arguments, reply: unknown, traceId?: string, script?: string): Partial<LockFacts> | undefined {
    const caller = { traceId: traceId ?? '', spanId: '1'.repeat(16), traceFlags: TraceFlags.NONE };
    const context = traceId === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, caller);
    const command: Command = {
      args,
      client: CLIENT,
      context,
      traced: true,
      startTimeMs: startMark,
      startMark,
      ...(script ? { script } : {}),
    };
    const { lock } = insights.command(command, { durationMs: 1, failed: false, reply, error: undefined, isLocal: false });
    return lock && Object.fromEntries(Object.entries(lock).filter(([, value]) => value !== undefined && value !== false));
  }

  const acquire = (mark: number, token: string, reply: unknown, traceId?: string) =>
    run(mark, ['SET', 'lock:1', token, 'NX', 'PX', '1000'], reply, traceId);
  const release = (mark: number, token: string, reply: unknown) => run(mark, ['EVAL', RELEASE, '1', 'lock:1', token], reply);
  const lost = (): number => [...insights.counts(0)].reduce((sum, { lostLocks }) => sum + lostLocks, 0);

  const facts = { key: 'lock:1', family: 'lock:{}' };

  it('are taken by SET with NX and an expiry, and held until they are given back', () => {
    assert.deepEqual(acquire(0, 'a', 'OK'), { ...facts, ttlSeconds: 1, acquired: true });
    assert.deepEqual(release(100, 'a', 1), { ...facts, released: true, holdMs: 100 });
    assert.equal(lost(), 0);
  });

  it('are waited for from the first attempt that was refused, by token', () => {
    acquire(0, 'a', 'OK');
    for (const mark of [10, 20, 30]) assert.equal(acquire(mark, 'b', null)?.waitMs, undefined);
    assert.equal(acquire(40, 'b', 'OK')?.waitMs, 31);
    assert.equal(acquire(50, 'b', 'OK')?.waitMs, undefined);
  });

  it('are waited for by trace, where every attempt makes a token of its own', () => {
    acquire(0, 'a', 'OK');
    acquire(10, 'b', null, 't');
    acquire(20, 'c', null, 'other');
    assert.equal(acquire(30, 'd', 'OK', 't')?.waitMs, 21);
  });

  it('are lost when a release finds nothing, or comes too late; nobody loses what he never had', () => {
    acquire(0, 'a', 'OK');
    assert.equal(release(10, 'a', 0)?.lost, true);
    acquire(20, 'b', 'OK');
    assert.equal(release(1_100, 'b', 1)?.lost, true);
    assert.deepEqual(release(1_200, 'c', 0), facts);
    assert.equal(lost(), 2);
  });

  it('are lost by the one who had them, while another holds them', () => {
    acquire(0, 'a', 'OK');
    acquire(1_500, 'b', 'OK');
    assert.deepEqual(release(1_600, 'a', 0), { ...facts, holdMs: 1_600, lost: true });
    assert.deepEqual(release(1_700, 'b', 1), { ...facts, released: true, holdMs: 200 });
  });

  it('are kept by a script that compares and expires, and lost once when it finds nothing', () => {
    acquire(0, 'a', 'OK');
    assert.deepEqual(run(900, ['EVAL', EXTEND, '1', 'lock:1', 'a', '5000'], 1), { ...facts, ttlSeconds: 5, acquired: true });
    assert.equal(release(3_000, 'a', 1)?.lost, undefined);
    acquire(4_000, 'b', 'OK');
    assert.equal(run(6_000, ['EVAL', EXTEND, '1', 'lock:1', 'b', '5000'], 0)?.lost, true);
    assert.equal(release(6_100, 'b', 0)?.lost, undefined);
    assert.equal(lost(), 1);
  });

  it('are given back by sha once the body was seen: run, loaded or defined', () => {
    const bySha = ['EVALSHA', RELEASE_SHA, '1', 'lock:1', 'a'];
    assert.equal(run(0, bySha, 1), undefined);
    run(1, ['SCRIPT', 'LOAD', RELEASE], RELEASE_SHA);
    assert.deepEqual(run(2, bySha, 1), { ...facts, released: true });
    use({});
    assert.deepEqual(run(3, bySha, 0, undefined, RELEASE), facts);
    assert.deepEqual(run(4, bySha, 1), { ...facts, released: true });
  });

  it('are given back by a script that answers nothing: it is believed, unless it comes too late', () => {
    const silent =
      'local mine = ARGV[1] if redis.call("get", KEYS[1]) == mine then redis.call("del", KEYS[1]) redis.call("publish", KEYS[2], "") end';
    const giveBack = (mark: number) => run(mark, ['EVAL', silent, '2', 'lock:1', 'channel', 'a'], null);
    acquire(0, 'a', 'OK');
    assert.deepEqual(giveBack(100), { ...facts, holdMs: 100 });
    acquire(200, 'a', 'OK');
    assert.deepEqual(giveBack(1_300), { ...facts, holdMs: 1_100, lost: true });
  });

  it('are not kept by a script whose answer begins with a failure', () => {
    const extend = EXTEND.replace('return redis.call', 'return {1, redis.call')
      .replace('ARGV[2])', 'ARGV[2])}')
      .replace('return 0', 'return {-1}');
    acquire(0, 'a', 'OK');
    assert.equal(run(10, ['EVAL', extend, '1', 'lock:1', 'a', '5000'], [1, 1])?.acquired, true);
    assert.equal(run(20, ['EVAL', extend, '1', 'lock:1', 'a', '5000'], [-1])?.lost, true);
  });

  it('are taken by SETNX, which the EXPIRE behind it tells', () => {
    assert.equal(run(0, ['SETNX', 'lock:1', 'a'], 1), undefined);
    assert.deepEqual(run(1, ['EXPIRE', 'lock:1', '10'], 1), { ...facts, ttlSeconds: 10, acquired: true });
    assert.deepEqual(run(2, ['SETNX', 'lock:1', 'b'], 0), facts, 'known to be one now: refused');
    assert.deepEqual(run(50, ['DEL', 'lock:1'], 1), { ...facts, released: true, holdMs: 50 });
    run(60, ['SETNX', 'lock:1', 'b'], 1);
    assert.equal(run(70, ['PEXPIRE', 'lock:1', '500'], 1)?.waitMs, 59);
    assert.equal(run(80, ['EXPIRE', 'lock:1', '10'], 1)?.waitMs, undefined);
  });

  it('are not every SETNX, EXPIRE and DEL', () => {
    assert.equal(run(0, ['SETNX', 'counter', '0'], 1), undefined);
    assert.equal(run(1, ['DEL', 'counter'], 1), undefined);
    assert.equal(run(2, ['EXPIRE', 'counter', '5'], 1), undefined);
    assert.equal(run(3, ['SET', 'k', 'v', 'NX'], 'OK'), undefined);
    assert.equal(run(4, ['SET', 'k', 'v', 'NX', 'GET', 'EX', '5'], null), undefined);
    assert.equal(run(5, ['SET', 'k', 'v', 'EX', '5'], 'OK'), undefined);
  });

  it('of several keys are one', () => {
    const body = 'for i, key in ipairs(KEYS) do if redis.call("get", key) == ARGV[1] then redis.call("del", key) end end return #KEYS';
    const take =
      'for i, key in ipairs(KEYS) do if redis.call("exists", key) == 1 then return 0 end end redis.call("set", KEYS[1], ARGV[1], "PX", ARGV[2]) return #KEYS';
    assert.deepEqual(run(0, ['EVAL', take, '2', 'lock:1', 'lock:2', 'a', '500'], 2), { ...facts, ttlSeconds: 0.5, acquired: true });
    assert.deepEqual(run(9, ['EVAL', body, '2', 'lock:1', 'lock:2', 'a'], 1), { ...facts, released: true, holdMs: 9, lost: true });
    assert.deepEqual(run(10, ['EVAL', body, '2', 'lock:1', 'lock:2', 'a'], 0), facts);
  });

  it('are narrowed by a pattern, and can be switched off', () => {
    use({ isLockKey: (key) => key.startsWith('mutex:') });
    assert.equal(acquire(0, 'a', 'OK'), undefined);
    assert.equal(run(0, ['SET', 'mutex:1', 'a', 'NX', 'EX', '1'], 'OK')?.acquired, true);
    assert.equal(run(0, ['SETNX', 'mutex:2', 'a'], 1)?.acquired, true, 'whoever names the pattern knows');
    use({ locks: false });
    assert.equal(acquire(0, 'a', 'OK'), undefined);
  });

  it('are no cache writes, unless they fill what the same caller missed', () => {
    acquire(0, 'a', 'OK', 't');
    run(10, ['GET', 'page:1'], null, 't');
    const writes = () => [...insights.counts(0)].map(({ family, writesWithTtl }) => [family, writesWithTtl]);
    assert.deepEqual(writes(), [['page:{}', 0]]);
    run(20, ['SET', 'page:1', 'v', 'EX', '5', 'NX'], 'OK', 't');
    assert.deepEqual(writes(), [['page:{}', 1]]);
  });

  it('are followed up to a cap', () => {
    for (let i = 0; i < 3 * MAX_LOCKS; i++) run(i, ['SET', `lock:${i}`, 'a', 'NX', 'PX', '1000'], 'OK');
    for (let i = 0; i < 3 * MAX_LOCKS; i++) run(i, ['SET', `lock:${i}`, 'b', 'NX', 'PX', '1000'], null);
    assert.equal(run(0, ['DEL', 'lock:0'], 1), undefined, 'forgotten');
    assert.equal(run(0, ['DEL', `lock:${3 * MAX_LOCKS - 1}`], 1)?.released, true);
    const { size } = (insights as unknown as { locks: { size: number } }).locks;
    assert.ok(size <= 4 * MAX_LOCKS, `${size}`);
  });
});
