import assert from 'node:assert/strict';
import sinon from 'sinon';
import { QueueWrites } from '../../src/adapters/node-redis/promise/flush-times';

describe('the writes of a queue', () => {
  let nowMonotonicMs: number;
  let writes: QueueWrites;
  beforeEach(() => {
    sinon.stub(performance, 'now').callsFake(() => nowMonotonicMs);
    writes = new QueueWrites();
  });
  afterEach(() => sinon.restore());

  /** The queue writes these, and is cut off behind them or not. Returns of how many it was told. */
  function write(monotonicMs: number, commands: readonly (readonly string[])[], isCut = false): number {
    nowMonotonicMs = monotonicMs;
    let told = 0;
    for (let wants = writes.begin(); wants && told < commands.length; told++) wants = writes.add(commands[told] as string[]);
    if (isCut) writes.cut();
    else writes.end();
    return told;
  }

  it('have one time for all waiting commands, and report one command', () => {
    const [first, second] = [
      ['GET', 'a'],
      ['GET', 'b'],
    ];
    const [one, other] = [writes.next(), writes.next()];
    assert.equal(one.monotonicMsOf(first), Number.POSITIVE_INFINITY);
    assert.equal(write(10, [first, second]), 1);
    assert.deepEqual([one.monotonicMsOf(first), other.monotonicMsOf(second)], [10, 10]);
    assert.equal(write(20, [['PING']]), 0, 'nobody waits');
  });

  it('have a time for each command that the socket did not accept, until it has caught up', () => {
    const commands = ['a', 'b', 'c', 'd'].map((key) => ['SET', key]);
    const all = commands.map(() => writes.next());
    write(10, commands.slice(0, 1), true);
    assert.equal(write(300, commands.slice(1, 3), true), 2);
    assert.equal(write(600, commands.slice(3)), 1);
    assert.deepEqual(
      all.map((one, index) => one.monotonicMsOf(commands[index] as string[])),
      [10, 300, 300, 600],
    );
    const later = writes.next();
    assert.equal(
      write(700, [
        ['GET', 'e'],
        ['GET', 'f'],
      ]),
      1,
      'it has',
    );
    assert.equal(later.monotonicMsOf(['GET', 'f']), 700);
  });

  it('do not confuse a list that is sent again with the earlier command', () => {
    const list = ['GET', 'a'];
    writes.next();
    write(10, [['SET', 'x']], true);
    write(300, [list]);
    const again = writes.next();
    assert.equal(again.monotonicMsOf(list), Number.POSITIVE_INFINITY);
    write(500, [list]);
    assert.equal(again.monotonicMsOf(list), 500);
  });

  it('distinguish commands left behind by an earlier write from those of the current one', () => {
    const [early, late] = [
      ['SET', 'early'],
      ['SET', 'late'],
    ];
    writes.next();
    write(10, [['SET', 'x']], true);
    const waited = writes.next();
    write(300, [early]);
    const next = writes.next();
    write(400, [['SET', 'y']], true);
    assert.equal(write(403, [], true), 0);
    assert.equal(write(700, [late]), 1);
    assert.deepEqual([waited.monotonicMsOf(early), next.monotonicMsOf(late)], [300, 700]);
  });
});
