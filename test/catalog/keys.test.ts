import assert from 'node:assert/strict';
import { familyMask, keyMask } from '../../src/catalog/keys';

const UUID = '550e8400-e29b-41d4-a716-446655440000';

describe('showing keys', () => {
  const cases: readonly [key: unknown, full: string, safe: string, family: string][] = [
    ['user:7', 'user:7', 'user:7', 'user:{}'],
    ['user:a@b.c:x', 'user:a@b.c:x', 'user:?:x', 'user:{}:x'],
    [`sess:${UUID}`, `sess:${UUID}`, 'sess:?', 'sess:{}'],
    [7, '7', '7', '{}'],
    [7n, '7', '7', '{}'],
    ['', '', '', '{}'],
    [Buffer.from('user:7'), 'user:7', 'user:7', 'user:{}'],
    [Buffer.from('a@b.c'), 'a@b.c', '?', '{}'],
    [Buffer.from('ключ'), '?', '?', '?'],
    [Buffer.from([0, 1, 2]), '?', '?', '?'],
    [Buffer.alloc(257, 'a'), '?', '?', '?'],
    ['a\nb', '?', '?', '?'],
    [undefined, '?', '?', '?'],
    [['a'], '?', '?', '?'],
  ];
  for (const [key, full, safe, family] of cases) {
    it(`shows ${String(key).slice(0, 40)} in every mode`, () => {
      assert.equal(keyMask('full', assert.fail)(key), full);
      assert.equal(keyMask('safe', assert.fail)(key), safe);
      assert.equal(keyMask('family', assert.fail)(key), family);
      assert.equal(keyMask('hidden', assert.fail)(key), '?');
    });
  }

  it('cuts a long key, and checks what the cut would split', () => {
    assert.equal(keyMask('full', assert.fail)('k'.repeat(256)), 'k'.repeat(256));
    assert.equal(keyMask('full', assert.fail)('k'.repeat(257)), `${'k'.repeat(256)}…`);
    assert.equal(keyMask('safe', assert.fail)('ab:'.repeat(1_000)), `${'ab:'.repeat(85)}a…`);
    assert.equal(keyMask('safe', assert.fail)(`${'ab:'.repeat(85)}jane@example.com`), `${'ab:'.repeat(85)}?`);
    assert.equal(keyMask('safe', assert.fail)(`${'ab:'.repeat(83)}x7Kq2Zk9TcP3vXmW8sB4nQ1pL6:cart`), `${'ab:'.repeat(83)}?:cart`);
    assert.equal(keyMask('family', assert.fail)(`${'ab:'.repeat(85)}jane@example.com`), `${'ab:'.repeat(85)}{…`);
  });

  it('shows a key in the same way, however many others came between', () => {
    const mask = keyMask('family', () => assert.fail());
    for (let round = 0; round < 2; round++)
      for (let user = 0; user < 5_000; user++) assert.equal(mask(`user:${user}:cart:${user % 7}`), 'user:{}:cart:{}');
    assert.equal(mask('user:jane@example.com'), 'user:{}');
    assert.equal(mask(Buffer.from('user:7')), 'user:{}');
  });

  it('calls the function of the application', () => {
    const mask = keyMask((key) => key.toUpperCase(), assert.fail);
    assert.equal(mask('user:7'), 'USER:7');
    assert.equal(mask(Buffer.from('user:7')), 'USER:7');
    assert.equal(mask(Buffer.from([0xff])), '?', 'it is not asked about binary');
    assert.equal(keyMask(() => 'x'.repeat(1_000), assert.fail)('k'), `${'x'.repeat(256)}…`);
  });

  it('makes a family only from the text that the application shows', () => {
    assert.equal(familyMask('safe', assert.fail)('orders:7'), 'orders:{}');
    assert.equal(familyMask('full', assert.fail)('orders:7'), 'orders:{}');
    assert.equal(familyMask('hidden', assert.fail)('orders:7'), '?');
    assert.equal(familyMask((key) => key.replace('orders', 'x'), assert.fail)('orders:7'), 'x:{}');
    assert.equal(familyMask(() => '?', assert.fail)('orders:7'), '?');
  });

  it('makes one family of many names, and learns only from the text that the application shows', () => {
    const family = familyMask('safe', assert.fail);
    const names = new Set(Array.from({ length: 1_000 }, (_, index) => family(`room:${index.toString(36).replace(/\d/g, 'q')}x`)));
    assert.ok(names.size <= 3, [...names].join());
    const shown = familyMask((key) => key.replace(/secret\w*/, '?'), assert.fail);
    assert.deepEqual(['room:secretA', 'room:secretB'].map(shown), ['room:?', 'room:?']);
  });

  it('hides the key when the function of the application fails, and reports it without the key', () => {
    const reports: string[] = [];
    const report = (message: string) => reports.push(message);
    assert.equal(
      keyMask(() => {
        throw new Error('secret');
      }, report)('secret'),
      '?',
    );
    assert.equal(keyMask((() => 5) as unknown as (key: string) => string, report)('secret'), '?');
    assert.deepEqual(reports, [
      'the `keys` function threw: the key is hidden',
      'the `keys` function returned no string: the key is hidden',
    ]);
  });
});
