import assert from 'node:assert/strict';
import sinon from 'sinon';
import { QueueWrites } from '../../src/adapters/node-redis/promise/queue-writes';
import type { Observer } from '../../src/adapters/shared/observe';
import type { Write } from '../../src/core/events';

describe('the writes of a queue', () => {
  let nowMonotonicMs: number;
  let writes: QueueWrites;
  beforeEach(() => {
    sinon.stub(performance, 'now').callsFake(() => nowMonotonicMs);
    writes = new QueueWrites();
  });
  afterEach(() => sinon.restore());

  /** The queue begins a write. Returns the observer of its first command. */
  function begin(monotonicMs: number): Observer | undefined {
    nowMonotonicMs = monotonicMs;
    return writes.begin();
  }

  /** The time that an answered command is told. */
  function timeAt(write: Write, first?: Observer): number {
    first?.succeed('OK');
    return write.monotonicMs;
  }

  it('have one time for all waiting commands, and observe none', () => {
    const [one, other] = [writes.next(), writes.next()];
    assert.equal(one.monotonicMs, Number.POSITIVE_INFINITY);
    assert.equal(begin(10), undefined);
    assert.deepEqual([timeAt(one), timeAt(other)], [10, 10]);
    const later = writes.next();
    assert.equal(later.monotonicMs, Number.POSITIVE_INFINITY);
    begin(20);
    assert.deepEqual([timeAt(later), timeAt(one)], [20, 10]);
  });

  it('have a time for the commands that the socket did not accept, from the first one of each write', () => {
    const all = ['a', 'b', 'c', 'd'].map(() => writes.next()) as [Write, Write, Write, Write];
    begin(10);
    writes.leave();
    const second = begin(300);
    writes.leave();
    const third = begin(600);
    assert.deepEqual([timeAt(all[0]), timeAt(all[1], second), timeAt(all[2]), timeAt(all[3], third)], [10, 300, 300, 600]);
    const later = writes.next();
    assert.equal(begin(700), undefined, 'it has caught up');
    assert.equal(timeAt(later), 700);
  });

  it('distinguish commands that an earlier write left from those of the current one', () => {
    writes.next();
    begin(10);
    writes.leave();
    const waited = writes.next();
    const first = begin(300);
    const next = writes.next();
    assert.equal(begin(400), undefined, 'nothing is left');
    assert.deepEqual([timeAt(waited, first), timeAt(next)], [300, 400]);
  });

  it('know the time of a command that was refused, or lost with its connection', () => {
    const lost = writes.next();
    begin(10);
    writes.leave();
    begin(300)?.fail(new Error('Socket closed unexpectedly'));
    assert.equal(lost.monotonicMs, 300);
  });
});
