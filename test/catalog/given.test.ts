import assert from 'node:assert/strict';
import { hasPlace, templatesMatcher } from '../../src/catalog/given';

describe('templates of the application', () => {
  const cases: readonly [template: string, ours: readonly string[], others: readonly string[]][] = [
    ['user:{}:cart', ['user:7:cart', 'user:a/b-c.d:cart'], ['user::cart', 'user:7:8:cart', 'user:7:cart:x', 'x:user:7:cart']],
    ['session:{}', ['session:x', 'session:a@b.c'], ['session:', 'session:x:y', 'session']],
    ['{}:inbox', ['alice:inbox'], [':inbox', 'a:b:inbox']],
    ['order-{}-items', ['order-7-items', 'order-550e8400-e29b-41d4-a716-446655440000-items'], ['order--items', 'order-7-item']],
    ['{}', ['anything:at:all'], ['']],
    ['page:{}?ref={}', ['page:about?ref=x'], ['page:about?ref=', 'page:about']],
    ['a{}b{}c', ['a1b2c', 'abbbc'], ['abc', 'abbc']],
    ['config', ['config'], ['config:a', 'a:config', '']],
    ['{user:{}}:cart', ['{user:7}:cart'], ['{user:}:cart', 'user:7:cart']],
  ];
  for (const [template, ours, others] of cases) {
    it(`knows the keys of ${template}`, () => {
      const familyOf = templatesMatcher([template]);
      for (const key of ours) assert.equal(familyOf(key), template, key);
      for (const key of others) assert.equal(familyOf(key), undefined, key);
    });
  }

  it('takes the first template that matches', () => {
    const familyOf = templatesMatcher(['user:{}:cart', 'user:{}:{}', 'user:{}']);
    assert.deepEqual(['user:7:cart', 'user:7:x', 'user:7', 'other'].map(familyOf), ['user:{}:cart', 'user:{}:{}', 'user:{}', undefined]);
  });

  it('tell whether they stand for one key or for many', () => {
    assert.deepEqual(['user:{}', 'user', 'true', ''].map(hasPlace), [true, false, false, false]);
  });

  it('needs time linear in the length of the key', () => {
    const familyOf = templatesMatcher(['a{}'.repeat(30)]);
    const fastest = (length: number): number => {
      const key = 'a'.repeat(length);
      const times = Array.from({ length: 20 }, () => {
        const started = performance.now();
        for (let time = 0; time < 50; time++) familyOf(key);
        return performance.now() - started;
      });
      return Math.min(...times);
    };
    fastest(64);
    // Eight times as long a key. By backtracking it would take 64 times as long, or would never end.
    const [short, long] = [fastest(64), fastest(512)];
    assert.ok(long < 32 * short, `${short} ms and ${long} ms`);
  });
});
