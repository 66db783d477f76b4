import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NumberMap } from '../../src/core/number-map';

/** Few enough to meet again, of which many have the same lowest bits. */
const key = fc.oneof(
  fc.integer({ min: 0, max: 40 }),
  fc.integer({ min: 0, max: 40 }).map((high) => high * 2 ** 40 + 7),
);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant('set' as const), key) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('take' as const), key) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('takeOldest' as const), key) },
);

describe('a map of numbers', () => {
  it('does what a Map does, in the same order', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
        const map = new NumberMap<object>();
        const model = new Map<number, object>();
        for (const [name, number] of steps) {
          if (name === 'set') {
            const value = {};
            map.set(number, value);
            model.set(number, value);
          } else {
            const [oldest] = model.keys();
            assert.equal(map.oldest(), oldest);
            const taken = name === 'take' ? number : (oldest ?? -1);
            assert.equal(name === 'take' ? map.take(number) : map.takeOldest(), model.get(taken));
            model.delete(taken);
          }
          assert.equal(map.get(number), model.get(number));
          assert.equal(map.has(number), model.has(number));
        }
        assert.deepEqual([...map], [...model]);
        assert.equal(map.size, model.size);
      }),
      { seed: 20_261_130 },
    );
  });

  it('may lose entries while it is read, and is empty once it is cleared', () => {
    const map = new NumberMap<number>();
    for (let key = 0; key < 1_000; key++) map.set(key, key);
    for (const [key] of map) if (key % 2 === 0) map.delete(key);
    assert.deepEqual([...map].map(([key]) => key).slice(0, 3), [1, 3, 5]);
    map.clear();
    assert.deepEqual([[...map], map.size, map.get(1), map.oldest(), map.takeOldest()], [[], 0, undefined, undefined, undefined]);
    map.set(1, 2);
    assert.deepEqual([...map], [[1, 2]]);
  });

  it('takes no more room, however many entries come and go', () => {
    const map = new NumberMap<number>();
    for (let key = 0; key < 100_000; key++) {
      map.set(key, key);
      if (map.size > 100) map.takeOldest();
    }
    const { keys } = map as unknown as { keys: Float64Array };
    assert.ok(keys.length <= 256, `${keys.length} places for ${map.size} entries`);
  });
});
