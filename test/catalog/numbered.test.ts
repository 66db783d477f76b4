import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isSuspect } from '../../src/catalog/glance';
import { NO_SHAPE, shapeOf, shapeWithIds } from '../../src/catalog/numbered';
import { templateOf } from '../../src/catalog/templates';

const RUNS = Number(process.env.FUZZ_RUNS ?? 5_000);
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_130);

/** Words that some form of a key begins with, or that look like something else. */
const WORDS = ['user', 'cart', 'T', 'W', 'Q', 'Z', 'v', 'beef', 'dead', 'a', 'FE', 'passwd', 'api-key', 'secret', 'sk_live', 'npm', 's'];
const NUMBERS = ['1', '20', '2026', '1999', '0', '12', '4111', '411111111111', '4111111111111111', '1796000000000', '550', '68', '08'];
const part = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 4, arbitrary: fc.constantFrom(...NUMBERS) },
  { weight: 2, arbitrary: fc.stringMatching(/^[a-f0-9]{1,6}$/) },
  { weight: 1, arbitrary: fc.stringMatching(/^[A-Za-z]{1,14}$/) },
  { weight: 1, arbitrary: fc.string({ maxLength: 3 }) },
);
const separator = fc.constantFrom(':', ':', ':', '.', '-', '/', '_', '|', '#', '::', '');
const key = fc.array(fc.tuple(part, separator), { minLength: 1, maxLength: 7 }).map((parts) => parts.flat().join(''));
const hexDigit = fc.constantFrom(...'0123456789abcdef');
const hexId = fc
  .constantFrom(24, 32, 40, 64)
  .chain((length) => fc.array(hexDigit, { minLength: length, maxLength: length }))
  .map((digits) => digits.join(''));
const keyWithIds = fc
  .array(fc.tuple(fc.oneof({ weight: 3, arbitrary: part }, fc.uuid(), hexId), separator), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.flat().join(''));
/** As the ids were put into the key, or came about by themselves. */
const ID = /(?<=^|[:|#])(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{24}|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})(?=$|[:|#])/gi;
const digit = fc.integer({ min: 0, max: 9 });

describe('the shape of a key', () => {
  it('is shared by keys that have one template and look alike, whatever the digits', () => {
    let shaped = 0;
    fc.assert(
      fc.property(key, fc.infiniteStream(digit), (one, digits) => {
        const shape = shapeOf(one);
        if (shape === NO_SHAPE) return;
        shaped++;
        const other = one.replace(/\d/g, () => String(digits.next().value));
        assert.equal(shapeOf(other), shape);
        assert.deepEqual(templateOf(other), templateOf(one), `${one} and ${other}`);
        assert.equal(isSuspect(other), isSuspect(one), `${one} and ${other}`);
      }),
      { numRuns: RUNS, seed: SEED },
    );
    assert.ok(shaped > RUNS / 10, `${shaped} keys had a shape`);
  });

  it('is shared by keys with ids of one form, whatever their digits', () => {
    let shaped = 0;
    fc.assert(
      fc.property(keyWithIds, fc.infiniteStream(hexDigit), (one, digits) => {
        const shape = shapeWithIds(one);
        if (shape === NO_SHAPE) return;
        shaped++;
        // The first digit stays one: without any, it is a word.
        const other = one.replace(ID, (id) => `7${id.slice(1).replace(/[0-9a-f]/gi, () => digits.next().value as string)}`);
        assert.equal(shapeWithIds(other), shape);
        assert.deepEqual(templateOf(other), templateOf(one), `${one} and ${other}`);
      }),
      { numRuns: RUNS, seed: SEED },
    );
    assert.ok(shaped > RUNS / 10, `${shaped} keys had a shape`);
  });

  it('tells ids apart by their form, and by what is beside them', () => {
    const [uuid, hash] = ['8f3b0c1d-5a2e-4b6f-9d27-f1c384e0b9d2', '8f3b0c1d5a2e4b6f9d27f1c384e0b9d2'];
    const keys = [uuid, hash, `user:${uuid}`, `user:${hash}`, `${uuid}:user`, `user:1:${uuid}`, `user:12:${uuid}`, `used:${uuid}`];
    assert.equal(new Set(keys.map(shapeWithIds)).size, keys.length);
    for (const key of [`user-${uuid}`, `user/${hash}`, `${uuid}0`, hash.slice(1), 'a'.repeat(32), `ü:${uuid}`])
      assert.equal(shapeWithIds(key), NO_SHAPE, key);
  });

  it('tells keys apart by everything else', () => {
    const keys = ['user:1', 'user:12', 'user/1', 'used:1', 'user:1:cart', 'user:1:Cart', 'cart:user:1'];
    assert.equal(new Set(keys.map(shapeOf)).size, keys.length);
  });

  for (const key of ['user', 'v2:user', 'user:2026-11-30', '10:20:30', '1.2.3', ':1:user', 'user:4111111111111111', 'a@b:1', 'ü:1'])
    it(`is that of no other key: ${key}`, () => {
      assert.equal(shapeOf(key), NO_SHAPE);
    });
});
