import assert from 'node:assert/strict';
import type { Meter } from '@opentelemetry/api';
import type { LockFacts } from '../../src/core/facts';
import { CacheMetrics } from '../../src/recorders/cache-metrics';
import { counter, observedUpDownCounter } from '../../src/recorders/instruments';
import { Meters } from '../../src/recorders/meters';
import { Measuring } from '../support/metrics';

describe('the instruments of the current meter', () => {
  let measuring: Measuring;
  let meter: Meter | undefined;
  let reported: string[];
  let meters: Meters;
  beforeEach(() => {
    measuring = new Measuring();
    meter = measuring.provider.getMeter('own');
    reported = [];
    meters = new Meters(
      () => meter,
      (message) => reported.push(message),
    );
  });
  afterEach(() => measuring.provider.shutdown());

  /** One observed up-down counter, and how often it was read. */
  function hold(name: string, value: number, more: { isWanted?: () => boolean } = {}) {
    const held = { reads: 0, moves: 0 };
    meters.hold(
      { total: observedUpDownCounter(name, '{thing}', 'Things.'), calls: counter(`${name}.calls`, '{call}', 'Calls.') },
      {
        observe: (result, { total }) => {
          held.reads += 1;
          if (value < 0) throw new Error('broken');
          result.observe(total, value);
        },
        moved: () => {
          held.moves += 1;
        },
        ...more,
      },
    );
    return held;
  }

  const collected = async (): Promise<Record<string, number>> => {
    const points = await measuring.collectScope('own');
    return Object.fromEntries(Object.entries(points).map(([name, [point]]) => [name, point?.value ?? 0]));
  };

  it('are read once for each recorder, in one callback, whatever another does', async () => {
    const [first, broken, last] = [hold('first', 1), hold('broken', -1), hold('last', 3)];
    assert.equal(meters.refresh(), true);
    assert.deepEqual(await collected(), { first: 1, last: 3 });
    assert.deepEqual([first.reads, broken.reads, last.reads], [1, 1, 1]);
    assert.deepEqual(reported, ['a meter could not be used']);
  });

  it('move to the next meter, and leave the one before', async () => {
    const held = hold('first', 1);
    meters.refresh();
    const next = new Measuring();
    meter = next.provider.getMeter('own');
    meters.refresh();
    assert.deepEqual(await collected(), {});
    assert.deepEqual(Object.keys(await next.collectScope('own')), ['first']);
    meter = undefined;
    assert.equal(meters.refresh(), false);
    assert.deepEqual([held.reads, held.moves], [1, 3]);
    await next.provider.shutdown();
  });

  it('are made and dropped as they are wanted, and others stay as they are', async () => {
    let isWanted = false;
    const [always, sometimes] = [hold('always', 1), hold('sometimes', 2, { isWanted: () => isWanted })];
    meters.refresh();
    assert.deepEqual(await collected(), { always: 1 });
    isWanted = true;
    meters.reconfigure();
    assert.deepEqual(await collected(), { always: 1, sometimes: 2 });
    isWanted = false;
    meters.reconfigure();
    await collected();
    assert.deepEqual([always.reads, always.moves, sometimes.reads, sometimes.moves], [3, 1, 1, 2]);
  });

  it('do nothing while somebody else records their metric, also on a meter that comes later', async () => {
    const calls = meters.hold({ calls: counter('calls', '{call}', 'Calls.') });
    const held = hold('mine', 1);
    meters.refresh();
    calls.current?.calls.add(1);
    meters.omit(new Set(['mine', 'calls']));
    calls.current?.calls.add(2);
    await collected();
    meters.omit(new Set());
    calls.current?.calls.add(4);
    assert.deepEqual(await collected(), { calls: 5, mine: 1 });
    assert.equal(held.moves, 1);
    meters.omit(new Set(['mine']));
    const next = new Measuring();
    meter = next.provider.getMeter('own');
    meters.refresh();
    assert.deepEqual(Object.keys(await next.collectScope('own')), []);
    await next.provider.shutdown();
  });

  it('record values that wait for the name of their family before another meter counts', async () => {
    const cache = new CacheMetrics(meters);
    meters.refresh();
    const family = { name: 'lock:{}' };
    cache.recordLock({ family, waitMs: 1_000 } as LockFacts);
    const next = new Measuring();
    meter = next.provider.getMeter('own');
    meters.refresh();
    const [wait] = (await measuring.collectScope('own'))['redis.lock.wait.duration'] ?? [];
    assert.deepEqual([wait?.attributes, wait?.value], [{ 'db.redis.key_family': 'lock:{}' }, 1]);
    assert.deepEqual(await next.collectScope('own'), {});
    await next.provider.shutdown();
  });
});
