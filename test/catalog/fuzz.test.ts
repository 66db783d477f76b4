import assert from 'node:assert/strict';
import fc from 'fast-check';
import { COMMANDS } from '../../src/catalog/commands';
import type { Role } from '../../src/catalog/grammar';
import { type KeyMode, keyMask } from '../../src/catalog/keys';
import { lookup } from '../../src/catalog/lookup';
import { batchText, queryText } from '../../src/catalog/redact';
import { sampleCommand } from './sample';

/** In every argument that must not leave. No word, number or id of Redis looks like it. */
const MARK = 'mArK';
const RUNS = Number(process.env.FUZZ_RUNS ?? 10_000);
/** Fixed, so that a build fails for what changed; another by the environment. */
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_101);

const NAMES = Object.keys(COMMANDS);
const MODES: readonly KeyMode[] = ['safe', 'full', 'family', 'hidden', (key) => key];
const MASKS = MODES.map((mode) => keyMask(mode, assert.fail));

/** What the table lets be seen, some of it through the key mask. */
const SHOWN = new Set<Role>(['word', 'number', 'key', 'field', 'name', 'channel', 'pattern', 'path', 'sha', 'cursor', 'id', 'encoding']);

const marked = fc
  .tuple(fc.string({ maxLength: 12 }), fc.constantFrom('', ' ', ':', '"'))
  .map(([text, around]) => `${text}${around}${MARK}${around}${text}`);
const asBytes = (text: fc.Arbitrary<string>) =>
  fc.oneof({ weight: 4, arbitrary: text }, { weight: 1, arbitrary: text.map((own) => Buffer.from(own)) });
const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 8, arbitrary: asBytes(marked) },
  { weight: 1, arbitrary: fc.constantFrom(`${MARK} NX`, `EX ${MARK}`, `${MARK}${'x'.repeat(10_000)}`) },
);

/** Arguments Redis would not take, each with a mark where it can carry one. */
const junk: fc.Arbitrary<unknown> = fc.constantFrom(
  undefined,
  null,
  true,
  Number.NaN,
  new Date(0),
  [MARK, [MARK]],
  { [MARK]: MARK, toString: () => MARK },
  new Map([[MARK, MARK]]),
  Buffer.from([0xff, ...Buffer.from(MARK)]),
  Symbol(MARK),
);

const key = asBytes(fc.constantFrom('user:7', 'a', 'HSET', 'stats:2024-01-15', 'user_profile_settings_v2', '{user1}:cart', ''));

/** Structure as Redis takes it. */
const STRUCTURE: Partial<Record<Role, fc.Arbitrary<unknown>>> = {
  number: fc.oneof(fc.integer(), fc.integer().map(String), fc.constantFrom('-1', '0.5', '+inf', '#1')),
  cursor: fc.constantFrom('0', '17', '1-1', '(5-0', '*', '$', '>', '-', '+'),
  id: fc.constantFrom('0', '17', '1-1', '*', '$'),
  path: fc.constantFrom('$', '.', '$.a.b', '.a[0]'),
  sha: fc.constant('c664a3bf70bd1d45c4284ffebb65a6f2299bfc9f'),
  encoding: fc.constantFrom('u8', 'i16'),
};

function argumentFor(role: Role, identifier: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  if (!SHOWN.has(role)) return value;
  return STRUCTURE[role] ?? identifier;
}

const casing = fc.constantFrom<(word: string) => string>(
  (word) => word,
  (word) => word.toLowerCase(),
  (word) => [...word].map((char, index) => (index % 2 ? char.toLowerCase() : char)).join(''),
);

/** Any command of the table with arguments its row speaks for, options in any order of presence and any case. */
function commandWith(identifier: fc.Arbitrary<unknown>): fc.Arbitrary<unknown[]> {
  return fc.tuple(fc.constantFrom(...NAMES), fc.gen(), casing).map(([name, gen, spell]) => {
    const args = sampleCommand(name, {
      pick: (limit) => gen(() => fc.nat(limit - 1)),
      fill: (role) => gen(() => argumentFor(role, identifier)),
      wants: () => gen(() => fc.boolean()),
    });
    return args.map((arg) => (typeof arg === 'string' && arg === arg.toUpperCase() && !arg.includes(MARK) ? spell(arg) : arg));
  });
}

const WORDS = ['NX', 'EX', 'GET', 'STREAMS', 'KEYS', 'LIMIT', 'FIELDS', 'BYSCORE', 'AUTH', 'GROUP', 'FILTER', '2', '*', '0', 'k'];

/** Any command with anything behind it: most of it no command line at all. */
const anything = fc
  .tuple(
    fc.constantFrom(...NAMES, 'MY.COMMAND'),
    fc.array(fc.oneof(value, junk, fc.constantFrom(...WORDS), fc.integer()), { maxLength: 12 }),
    casing,
  )
  .map(([name, args, spell]): unknown[] => [...name.split(' ').map(spell), ...args]);

const length = fc.integer({ min: 16, max: 300 });

describe('any command whatever', () => {
  it(`shows no value, in no mode, in ${RUNS} commands`, () => {
    const property = fc.property(commandWith(key), length, (args, maxLength) => {
      for (const mask of MASKS) {
        assert.ok(!queryText(lookup(args), args, mask, 4_096).includes(MARK));
        const short = queryText(lookup(args), args, mask, maxLength);
        assert.ok(short.length <= maxLength && !short.includes(MARK));
      }
    });
    fc.assert(property, { numRuns: RUNS, seed: SEED });
  });

  it(`never throws, keeps the length and hides everything in hidden mode, in ${RUNS} lists of anything`, () => {
    const hidden = keyMask('hidden', assert.fail);
    const property = fc.property(anything, length, (args, maxLength) => {
      for (const mask of MASKS) assert.ok(queryText(lookup(args), args, mask, maxLength).length <= maxLength);
      assert.ok(!queryText(lookup(args), args, hidden, 4_096).includes(MARK));
    });
    fc.assert(property, { numRuns: RUNS, seed: SEED });
  });

  it(`keeps the length of batches and shows no value in them, in ${RUNS / 10} batches`, () => {
    const property = fc.property(fc.array(commandWith(key), { maxLength: 8 }), length, (commands, maxLength) => {
      for (const mask of MASKS) {
        const text = batchText(commands, lookup, mask, maxLength);
        assert.ok(text.length <= maxLength && !text.includes(MARK));
      }
    });
    fc.assert(property, { numRuns: RUNS / 10, seed: SEED });
  });

  it(`hides e-mails, JWTs and session tokens in keys in safe mode, in ${RUNS / 2} commands`, () => {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const token = fc.array(fc.constantFrom(...letters), { minLength: 32, maxLength: 43 }).map((chars) => chars.join(''));
    const jwt = fc.tuple(token, token).map(([payload, signature]) => `eyJhbGciOiJIUzI1NiJ9.eyJ${payload}.${signature}`);
    const word = fc.stringMatching(/^[a-z]{2,12}$/);
    const email = fc.tuple(word, word).map(([name, host]) => `${name}.x+y@${host}.example.com`);
    const secret = fc.oneof(token, jwt, email, fc.uuid());
    const property = fc.property(
      secret.chain((own) =>
        fc.tuple(fc.constant(own), commandWith(asBytes(fc.constantFrom(`sess:${own}`, `{${own}}:cart`, `a:${own}:b`, own)))),
      ),
      ([own, args]) => {
        const text = queryText(lookup(args), args, MASKS[0] as (typeof MASKS)[number], 4_096);
        // Not even a part: a word of a token that adjoins it by a dash may stay, four letters of a few thousand tokens.
        for (let from = 0; from + 12 <= own.length; from += 4) assert.ok(!text.includes(own.slice(from, from + 12)), text);
      },
    );
    fc.assert(property, { numRuns: RUNS / 2, seed: SEED });
  });
});
