import assert from 'node:assert/strict';
import fc from 'fast-check';
import { COMMANDS } from '../../src/catalog/commands';
import type { Role } from '../../src/catalog/grammar';
import type { KeyMode } from '../../src/catalog/keys';
import { sampleCommand } from '../catalog/sample';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { assertQuiet, instrumentation } from '../support/tracing';
import { type Connection, GENERATIONS, type Line } from './clients';
import { KEY_TYPES, NAMES, SEED_SCRIPT } from './lines';
import { leaksIn } from './marks';
import { record } from './recording';

const RUNS = Number(process.env.FUZZ_RUNS ?? 60);
/** Fixed, so that a build fails for what changed; another by the environment. */
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_101);
const PREFIX = 'k:';

/** Beyond what is never sent: they wait, connect elsewhere, or leave behind what no seed takes back. */
const UNSAFE = new Set(
  'MIGRATE,HELLO,AUTH,WATCH,SELECT,SWAPDB,BGREWRITEAOF,BGSAVE,SAVE,CLIENT TRACKING,CLIENT NO-TOUCH,SCRIPT DEBUG'.split(','),
);
const FUZZED = NAMES.filter((name) => !UNSAFE.has(name) && !isBlocking(name));

function isBlocking(name: string): boolean {
  const row = COMMANDS[name];
  return typeof row === 'object' && row.blocks !== undefined;
}

const marked: fc.Arbitrary<string> = fc
  .tuple(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.constantFrom('CANARY', 'canary', 'cAnArY'),
    fc.constantFrom('', ' ', ':', '"', '\r\n', '\0'),
  )
  .map(([text, mark, around]) => `${text}${around}${mark}${around}${text}`);

const text: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: marked },
  { weight: 3, arbitrary: marked.map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 60_000 }).map((length) => `CANARY${'é'.repeat(length)}`) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.concat([bytes, Buffer.from('canary')])) },
);

const value = fc.oneof({ weight: 5, arbitrary: text }, { weight: 1, arbitrary: fc.nat(999_999).map((digits) => `7391846${digits}`) });

const KEYS = KEY_TYPES.map((type) => PREFIX + type);
const identifier = fc.oneof(
  fc.constantFrom(...KEYS),
  fc.constantFrom(...KEYS).map((key) => Buffer.from(key)),
);
// Small: SRANDMEMBER answers with as many as it is told.
const number = fc.integer({ min: -100, max: 100 }).map(String);
const SHOWN: Partial<Record<Role, fc.Arbitrary<unknown>>> = {
  key: identifier,
  field: identifier,
  channel: identifier,
  name: fc.constant('identifier'),
  pattern: fc.constantFrom('*', 'k:*'),
  path: fc.constantFrom('$', '$.a'),
  sha: fc.constant('c664a3bf70bd1d45c4284ffebb65a6f2299bfc9f'),
  cursor: fc.constantFrom('0', '1-1', '$', '>'),
  id: fc.constantFrom('0', '1-1', '*'),
  encoding: fc.constantFrom('u8', 'i16'),
  number,
  seconds: fc.constantFrom('-1', '0', '100'), // told, as a time to live is
  ms: fc.constantFrom('-1', '0', '100000'), // nothing that ends while a line is on its way
  unix: number,
  unixms: number,
};

/** A line the row speaks for: options in any order of presence. */
const meant: fc.Arbitrary<Line> = fc.tuple(fc.constantFrom(...FUZZED), fc.gen()).map(([name, gen]) =>
  sampleCommand(name, {
    pick: (limit) => gen(() => fc.nat(limit - 1)),
    fill: (role) => gen(() => SHOWN[role] ?? value),
    wants: () => gen(() => fc.boolean()),
  }),
);

const WORDS = ['NX', 'EX', 'GET', 'STREAMS', 'KEYS', 'LIMIT', 'FIELDS', 'BYSCORE', 'GROUP', 'FILTER', '2', '*', '0', '$'];

/** Anything behind a name: most of it no line at all. A marked number may stand for a count or a cursor, and is shown. */
const anything: fc.Arbitrary<Line> = fc
  .tuple(fc.constantFrom(...FUZZED, 'MY.COMMAND'), fc.array(fc.oneof(text, fc.constantFrom(...WORDS)), { maxLength: 10 }))
  .map(([name, args]) => [...name.split(' '), ...args]);

const several = (line: fc.Arbitrary<Line>): fc.Arbitrary<Line[]> => fc.array(line, { minLength: 1, maxLength: 6 });

/** Where anything may stand for a key, anything is shown for one unless keys are hidden. */
const calls = fc.oneof(
  fc.tuple(
    several(meant),
    fc.constantFrom<KeyMode>('safe', 'full', 'family', 'hidden', (key: string) => key),
  ),
  fc.tuple(
    several(fc.oneof(meant, anything)),
    fc.constantFrom<KeyMode>('hidden', () => 'x'),
  ),
);

describe('random command lines, sent by a real client', function () {
  this.timeout(30_000 + RUNS * 200);
  let server: RedisServer;
  before(async () => {
    server = await startStandalone({ args: ['--proto-max-bulk-len', '1mb'] });
  });
  after(() => server.stop());

  for (const generation of GENERATIONS) {
    describe(generation.title, () => {
      let connection: Connection;
      before(async () => {
        connection = await generation.open(server);
      });
      after(() => connection.close());

      it(`show no value, keep the length and end as without us, in ${RUNS} runs`, async () => {
        const property = fc.asyncProperty(calls, fc.integer({ min: 16, max: 1_024 }), async ([sent, keys], maxQueryTextLength) => {
          instrumentation.disable();
          const control = await outcomesOf(connection, sent);
          instrumentation.enable();
          const recording = record({
            keys,
            maxQueryTextLength,
            batchCommands: true,
            semconv: 'dup',
            optionalAttributes: ['db.redis.key'],
          });
          const traced = await outcomesOf(connection, sent);
          const exported = await recording.exported();
          assertQuiet();
          await recording.end();
          assert.deepEqual(traced, control);
          assert.deepEqual(leaksIn(exported), []);
          for (const { attributes } of exported.spans) assert.ok(String(attributes['db.query.text'] ?? '').length <= maxQueryTextLength);
          assert.ok(exported.spans.length >= 3);
        });
        // Not shrunk: a smaller list meets other data, and a failure of the network is none of a smaller list.
        await fc.assert(property, { numRuns: RUNS, seed: SEED, endOnFailure: true });
      });
    });
  }
});

/**
 * How lines end that meet the same data: by themselves, in a pipeline and in a transaction. Of that only whether it
 * failed: with redis 4 it depends on the packets of the network which of two errors is told.
 */
async function outcomesOf(connection: Connection, sent: readonly Line[]): Promise<string[]> {
  const seed = (): Promise<unknown> => connection.single(['EVAL', SEED_SCRIPT, '0', PREFIX]);
  const seeds = [seed(), connection.single(['FUNCTION', 'FLUSH'])];
  const singles = sent.map((line) => connection.single(line));
  const pipeline = seed().then(() => connection.pipeline(sent));
  const results = await Promise.allSettled([...singles, pipeline]);
  const [transaction] = await Promise.allSettled([connection.transaction(sent), ...seeds]);
  return [...results.map(outcomeOf), transaction.status];
}

/** Times, ids and random members differ from run to run; what kind of thing a reply is does not. */
function outcomeOf(result: PromiseSettledResult<unknown>): string {
  if (result.status === 'fulfilled') return kindOf(result.value);
  const { name, message } = result.reason as Error;
  return `${name}: ${message.replace(/\d+/g, '#')}`;
}

function kindOf(reply: unknown): string {
  if (reply === null) return 'null';
  return Array.isArray(reply) ? 'array' : typeof reply;
}
