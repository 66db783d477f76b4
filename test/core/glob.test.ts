import assert from 'node:assert/strict';
import { globMatcher } from '../../src/core/glob';

describe('globMatcher', () => {
  const table: readonly [pattern: string, matching: readonly string[], others: readonly string[]][] = [
    ['news', ['news'], ['new', 'newss', 'News', 'a news']],
    ['orders:*', ['orders:', 'orders:1', 'orders:1:2', 'orders:\n'], ['order:1', 'x:orders:1']],
    ['*', ['', 'a', 'a:b'], []],
    ['h?llo', ['hello', 'h?llo'], ['hllo', 'heello']],
    ['h[ae]llo', ['hello', 'hallo'], ['hillo', 'h[ae]llo']],
    ['h[^e]llo', ['hallo'], ['hello']],
    ['h[a-b]llo', ['hallo', 'hbllo'], ['hcllo']],
    ['a\\*b', ['a*b'], ['aXb', 'a\\*b']],
    ['a.b(c)|d$', ['a.b(c)|d$'], ['aXb(c)|d$', 'd$']],
    ['[z-a]', ['[z-a]'], ['z', 'b']],
    ['open[', ['open['], ['open']],
  ];
  for (const [pattern, matching, others] of table) {
    it(`takes ${JSON.stringify(pattern)} as Redis does`, () => {
      const matches = globMatcher(pattern);
      assert.deepEqual(
        matching.filter((text) => !matches(text)),
        [],
      );
      assert.deepEqual(others.filter(matches), []);
    });
  }
});
