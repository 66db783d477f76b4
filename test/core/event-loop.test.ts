import assert from 'node:assert/strict';
import { type SinonFakeTimers, useFakeTimers } from 'sinon';
import type { EventLoop } from '../../src/core/event-loop';

/** The class with the timers that are there now: it keeps those it was loaded with. */
function loadEventLoop(): new () => EventLoop {
  const path = require.resolve('../../src/core/event-loop');
  const known = require.cache[path];
  delete require.cache[path];
  try {
    return (require(path) as { EventLoop: new () => EventLoop }).EventLoop;
  } finally {
    require.cache[path] = known;
  }
}

describe('the watch of the event loop', () => {
  let clock: SinonFakeTimers;
  let loop: EventLoop;
  const now = (): number => performance.now();
  /** Time passes, and nothing runs meanwhile: timers come late, once. */
  const block = (ms: number): void => {
    clock.jump(ms);
  };

  beforeEach(() => {
    clock = useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    loop = new (loadEventLoop())();
    loop.start();
  });
  afterEach(() => {
    loop.stop();
    clock.restore();
  });

  it('finds no delay where timers come when they are due', () => {
    const from = now();
    loop.watch(from);
    clock.tick(200);
    assert.equal(loop.longestDelay(from, now()), 0);
  });

  it('finds how late a timer came, as far as it was late within the operation', () => {
    loop.watch(now());
    const from = now();
    block(80);
    assert.equal(loop.longestDelay(from, now()), 70);
    assert.equal(loop.longestDelay(from + 50, now()), 30);
    clock.tick(50);
    assert.equal(loop.longestDelay(from, now()), 70);
    assert.equal(loop.longestDelay(from + 80, now()), 0);
  });

  it('says the longest of several', () => {
    const from = now();
    loop.watch(from);
    for (const ms of [40, 120, 60]) {
      block(ms);
      clock.tick(20);
    }
    assert.equal(loop.longestDelay(from, now()), 110);
  });

  it('counts a delay that is still going on', () => {
    const from = now();
    loop.watch(from);
    assert.equal(loop.longestDelay(from, from + 60), 50);
  });

  it('says nothing of a time that it has not watched', () => {
    const before = now();
    clock.tick(20);
    loop.watch(now());
    assert.equal(loop.longestDelay(before, now()), undefined);
    loop.stop();
    assert.equal(loop.longestDelay(now(), now()), undefined);
  });

  it('looks less often while no command is called, and not at all after a minute', () => {
    const from = now();
    loop.watch(from);
    let looks = 0;
    while (clock.countTimers() > 0) {
      clock.next();
      looks += 1;
    }
    const idleMs = now() - from;
    assert.ok(idleMs > 60_000 && idleMs < 62_000, `${idleMs} ms`);
    // A timer of 10 ms would have come 6,000 times.
    assert.ok(looks < 200, `${looks} looks`);
    assert.equal(loop.longestDelay(from, now()), undefined);
  });

  it('watches again when a command comes after that', () => {
    loop.watch(now());
    clock.runAll();
    const from = now();
    loop.watch(from);
    block(50);
    assert.equal(loop.longestDelay(from, now()), 40);
  });
});
