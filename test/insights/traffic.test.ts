import assert from 'node:assert/strict';
import { ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import type { Arguments, Command } from '../../src/core/events';
import type { Facts } from '../../src/core/facts';
import { CommandInsights } from '../../src/insights';
import { CLIENT, SETTINGS } from './settings';

describe('what is remembered of hashes', () => {
  let insights: CommandInsights;
  beforeEach(() => {
    insights = new CommandInsights(SETTINGS, () => {});
  });

  /** Runs a command that takes one millisecond, in a trace. */
  function run(startMark: number, args: Arguments, reply: unknown): Facts {
    const caller = { traceId: 't', spanId: '1'.repeat(16), traceFlags: TraceFlags.NONE };
    const context = trace.setSpanContext(ROOT_CONTEXT, caller);
    const command: Command = { args, client: CLIENT, context, traced: true, startTimeMs: startMark, startMark };
    return insights.command(command, { durationMs: 1, failed: false, reply, error: undefined, isLocal: false });
  }
  const loads = (facts: Facts) => facts.cache?.fills.map(({ loadMs }) => loadMs);
  const unfilled = () => [...insights.counts(60_000)].reduce((sum, counts) => sum + counts.unfilled, 0);

  for (const [name, reply] of [
    ['HGETALL', {}],
    ['EXISTS', 0],
  ] as const) {
    it(`a load ends with the fields that are set after ${name} has found nothing`, () => {
      run(0, [name, 'user:1'], reply);
      assert.deepEqual(loads(run(11, ['HSET', 'user:1', 'name', 'Ada', 'born', '1815'], 2)), [10]);
      assert.deepEqual(loads(run(20, ['HSET', 'user:1', 'name', 'Ada'], 0)), []);
      assert.equal(unfilled(), 0);
    });
  }

  it('a load ends field by field where the fields were looked up', () => {
    run(0, ['HMGET', 'user:1', 'name', 'born'], [null, null]);
    assert.deepEqual(loads(run(11, ['HSET', 'user:1', 'name', 'Ada'], 1)), [10]);
    assert.equal(unfilled(), 1);
  });

  it('no load ends with another hash', () => {
    run(0, ['HGETALL', 'user:1'], {});
    assert.deepEqual(loads(run(11, ['HSET', 'user:2', 'name', 'Ada'], 1)), []);
    assert.equal(unfilled(), 1);
  });

  it('it is forgotten that one was deleted when it is set again', () => {
    const reason = (mark: number) => run(mark, ['HGETALL', 'user:1'], {}).cache?.missReason;
    run(0, ['HSET', 'user:1', 'name', 'Ada'], 1);
    run(10, ['DEL', 'user:1'], 1);
    assert.equal(reason(20), 'deleted');
    run(30, ['HSET', 'user:1', 'name', 'Ada'], 1);
    assert.equal(reason(40), 'unknown');
  });
});
