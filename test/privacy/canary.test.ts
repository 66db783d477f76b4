import assert from 'node:assert/strict';
import { diag } from '@opentelemetry/api';
import type { RedisInstrumentationConfig } from '../../src';
import { COMMANDS } from '../../src/catalog/commands';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { assertQuiet, inSpan, instrumentation } from '../support/tracing';
import { type Connection, GENERATIONS, type Line } from './clients';
import { lineOf, NAMES, SEED_SCRIPT, SKIPPED, TURNS } from './lines';
import { type Exported, isMarked, leaksIn, markedValue, REVEALING } from './marks';
import { type Recording, record } from './recording';

const KEYS: Readonly<Record<string, RedisInstrumentationConfig['keys']>> = {
  safe: 'safe',
  full: 'full',
  family: 'family',
  hidden: 'hidden',
  'a function': (key) => `#${key.length}`,
};
const MODES = Object.keys(KEYS);

/** Everything that can be switched on. */
const EVERYTHING = {
  semconv: 'dup',
  batchCommands: true,
  emptyPolls: true,
  optionalAttributes: ['db.redis.key', 'db.redis.args_count'],
  propagateChannels: ['*'],
  propagateStreams: ['*'],
} as const;

/** Commands between two seeds: few enough that one that deletes everything does not matter much. */
const CHUNK_SIZE = 50;

/** With FUZZ_RUNS all is combined with all, which takes minutes; without, every command meets everything at least once. */
const IS_LONG = process.env.FUZZ_RUNS !== undefined;

/** One turn for each client and mode: together they are all. */
function turnsOf(start: number): number[] {
  return Array.from({ length: IS_LONG ? TURNS : 1 }, (_, index) => (start + index) % TURNS);
}

/** One name in so many. */
function shareOf(index: number, shares: number): readonly string[] {
  return NAMES.filter((_, at) => IS_LONG || at % shares === index % shares);
}

/** Sent by clients of a cluster or a sentinel for themselves, so that the application's own are not told apart. */
const TOPOLOGY = /^(?:ASKING|CLUSTER SLOTS|CLUSTER NODES|SENTINEL .*)$/;

interface Sent {
  commands: number;
  /** Names of the commands Redis carried out, and of those it refused. */
  readonly succeeded: Set<string>;
  readonly failed: Set<string>;
}

describe('values stay in the process', function () {
  this.timeout(IS_LONG ? 600_000 : 60_000);
  let server: RedisServer;
  before(async () => {
    server = await startStandalone();
  });
  after(() => server.stop());

  for (const [place, generation] of GENERATIONS.entries()) {
    describe(generation.title, () => {
      let connection: Connection;
      let recording: Recording;
      before(async () => {
        connection = await generation.open(server);
      });
      after(() => connection.close());
      afterEach(async () => {
        assertQuiet();
        await recording.end();
      });

      MODES.forEach((mode, index) => {
        it(`in any command, by itself, in a transaction or a pipeline, keys shown as ${mode}`, async function () {
          recording = record({ ...EVERYTHING, keys: KEYS[mode] });
          const sent = newSent();
          const turns = turnsOf(place * MODES.length + index);
          await sendSingles(connection, NAMES, turns, 'k:', sent);
          await sendBatches(connection, shareOf(index, MODES.length), turns, 'k:', sent);
          const exported = await recording.exported();
          assertNoLeak(exported);
          assertComplete(exported, sent);
          entitle(this.test, sent, exported);
        });
      });

      for (const mode of MODES.filter((name) => name !== 'full')) {
        it(`nor does a person or a credential in a key, keys shown as ${mode}`, async function () {
          recording = record({ ...EVERYTHING, keys: KEYS[mode] });
          const sent = newSent();
          for (const [index, prefix] of Object.values(REVEALING).entries()) {
            await sendSingles(connection, shareOf(place + index, mode === 'safe' ? 2 : 4), turnsOf(2 * place + index), `${prefix}:`, sent);
          }
          const exported = await recording.exported();
          assertNoLeak(exported);
          entitle(this.test, sent, exported);
        });
      }
    });
  }

  it('in any command that is one of a run', async () => {
    const connection = await (GENERATIONS[0] as (typeof GENERATIONS)[0]).open(server);
    const recording = record({
      ...EVERYTHING,
      propagateChannels: [],
      propagateStreams: [],
      compressSpans: true,
      compressMaxDurationMs: 10_000,
    });
    const sent = newSent();
    await inSpan(async () => {
      for (const name of NAMES) {
        const lines = [0, 1, 2].map((turn) => lineOf(name, { turn, prefix: 'k:' }));
        const results = await Promise.allSettled(lines.map(connection.single));
        for (const result of results) count(sent, name, result);
      }
    });
    instrumentation.flushSpans();
    const exported = await recording.exported();
    await connection.close();
    assertNoLeak(exported);
    const composites = exported.spans.filter(({ attributes }) => 'db.redis.composite.count' in attributes);
    assert.ok(composites.length > 50, `${composites.length} runs of ${sent.commands} commands`);
    await recording.end();
  });

  it('but for those that would end the test, every command of the table is sent', () => {
    const unknown = [...SKIPPED.keys()].filter((name) => !(name in COMMANDS));
    assert.deepEqual(unknown, []);
    assert.equal(NAMES.length, Object.keys(COMMANDS).length - SKIPPED.size);
    assert.ok(SKIPPED.size < 20, `${SKIPPED.size}`);
  });

  describe('a hidden name', () => {
    for (const [mode, keys] of [
      ['hidden', 'hidden'],
      ['by a function', () => 'x'],
    ] as const) {
      it(`is hidden everywhere: ${mode}`, async () => {
        const recording = record({ ...EVERYTHING, keys });
        const connection = await (GENERATIONS[0] as (typeof GENERATIONS)[0]).open(server);
        const lines = [
          ['GET', 'canary:1'],
          ['PUBLISH', 'canary:1', 'm'],
          ['FCALL', 'canary', '0'],
          ['XREADGROUP', 'GROUP', 'canary', 'canary', 'STREAMS', 'canary', '>'],
        ];
        await Promise.allSettled([...lines.map(connection.single), connection.transaction(lines), connection.pipeline(lines)]);
        const exported = await recording.exported();
        await connection.close();
        await recording.end();
        assertNoLeak(exported);
        assert.equal(exported.spans.length, 4 + 5 + 5);
      });
    }
  });

  describe('a deliberate leak is found', () => {
    let connection: Connection;
    let recording: Recording;
    before(async () => {
      connection = await (GENERATIONS[0] as (typeof GENERATIONS)[0]).open(server);
    });
    after(() => connection.close());
    afterEach(() => recording.end());

    /** What each set of options lets out of the same three operations. */
    async function leaksUnder(config: RedisInstrumentationConfig, line: Line): Promise<string[]> {
      recording = record(config);
      await connection.single(line);
      await connection.transaction([line, line]);
      await connection.pipeline([line, line]);
      return leaksIn(await recording.exported());
    }

    for (const [kind, key] of Object.entries(REVEALING)) {
      it(`in a key shown in full: ${kind}`, async () => {
        assert.equal((await leaksUnder({ keys: 'full' }, ['GET', key])).length, 3);
        assert.equal((await leaksUnder({ keys: 'safe' }, ['GET', key])).length, 0);
      });
    }

    for (let form = 0; form < 9; form++) {
      it(`in a text made by the application, of a value in form ${form}`, async () => {
        const line = ['SET', 'k', markedValue(form)];
        assert.equal((await leaksUnder({ dbStatementSerializer: (_, args) => args.join(' ') }, line)).length, 3);
        assert.equal((await leaksUnder({}, line)).length, 0);
      });
    }

    it('in a name, an attribute, an event, a link and a status', async () => {
      const mark = 'CANARY';
      const context = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 };
      const set: RedisInstrumentationConfig['responseHook'][] = [
        (span) => span.updateName(mark),
        (span) => span.setAttribute('app.value', [mark]),
        (span) => span.addEvent('read', { value: mark }),
        (span) => span.addLink({ context, attributes: { value: mark } }),
        (span) => span.setStatus({ code: 2, message: mark }),
      ];
      for (const responseHook of set) {
        recording = record({ responseHook });
        await connection.single(['GET', 'k']);
        assert.equal(leaksIn(await recording.exported()).length, 1, String(responseHook));
        await recording.end();
      }
    });

    it('in a metric', async () => {
      recording = record({});
      recording.meter.createCounter('things').add(1, { value: 'cAnArY' });
      recording.meter.createCounter('canary_things').add(1);
      // Of the second both the descriptor and nothing else.
      assert.equal(leaksIn(await recording.exported()).length, 2);
    });

    it('in a line of diag, of any level, in an object too', async () => {
      recording = record({});
      diag.error('a canary');
      diag.warn('a CANARY');
      diag.info('7391846000001');
      diag.debug('an object', { value: Buffer.from('canary') });
      diag.verbose('an object', { value: 'canary' });
      assert.equal(leaksIn(await recording.exported()).length, 5);
    });

    it('in hexadecimal, in base64 and in numbers', () => {
      const bytes = Buffer.from('..cAnArY..');
      const texts = [bytes.toString('hex'), [...bytes].join(), `[${[...bytes].join(', ')}]`];
      for (let shift = 0; shift < 3; shift++)
        texts.push(bytes.subarray(shift).toString('base64'), bytes.subarray(shift).toString('base64url'));
      for (const text of texts) assert.ok(isMarked(text), text);
      assert.ok(!isMarked('GET user:7'));
    });
  });
});

async function sendSingles(
  connection: Connection,
  names: readonly string[],
  turns: readonly number[],
  prefix: string,
  sent: Sent,
): Promise<void> {
  for (const turn of turns) {
    for (const chunk of chunksOf(names)) {
      const first = seed(connection, prefix);
      const results = await Promise.allSettled(chunk.map((name) => connection.single(lineOf(name, { turn, prefix }))));
      for (const [index, result] of results.entries()) count(sent, chunk[index] as string, result);
      await first;
    }
  }
}

async function sendBatches(
  connection: Connection,
  names: readonly string[],
  turns: readonly number[],
  prefix: string,
  sent: Sent,
): Promise<void> {
  for (const turn of turns) {
    for (const chunk of chunksOf(names)) {
      const first = seed(connection, prefix);
      const lines = chunk.map((name) => lineOf(name, { turn, prefix }));
      // Each in its own, with one that succeeds: one that Redis does not know would spoil the others.
      const transactions = lines.map((line) => connection.transaction([['SET', `${prefix}text`, markedValue(turn)], line]));
      await Promise.allSettled([...transactions, connection.pipeline(lines)]);
      sent.commands += 3 * chunk.length;
      await first;
    }
  }
}

async function seed(connection: Connection, prefix: string): Promise<void> {
  await connection.single(['EVAL', SEED_SCRIPT, '0', prefix]);
}

function chunksOf(names: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(names.length / CHUNK_SIZE) }, (_, i) => names.slice(i * CHUNK_SIZE, (i + 1) * CHUNK_SIZE));
}

function newSent(): Sent {
  return { commands: 0, succeeded: new Set(), failed: new Set() };
}

function count(sent: Sent, name: string, { status }: PromiseSettledResult<unknown>): void {
  sent.commands++;
  (status === 'fulfilled' ? sent.succeeded : sent.failed).add(name);
}

function assertNoLeak(exported: Exported): void {
  const leaks = leaksIn(exported);
  assert.deepEqual(leaks.slice(0, 3), [], `${leaks.length} leaks`);
}

/** That nothing was found says something only if everything was there to be seen. */
function assertComplete({ spans, metrics: collected, events }: Exported, sent: Sent): void {
  const operations = new Set(spans.map(({ attributes }) => String(attributes['db.operation.name']).toUpperCase()));
  const unseen = NAMES.filter((name) => !operations.has(name) && !TOPOLOGY.test(name));
  assert.deepEqual(unseen, []);
  assert.ok(spans.length > sent.commands, `${spans.length} spans of ${sent.commands} commands`);
  assert.ok(sent.succeeded.size > 100 && sent.failed.size > 400, `${sent.succeeded.size} succeeded, ${sent.failed.size} failed`);
  assert.ok(events.length > 400, `${events.length} events`);
  // 500 operations are told apart, those of earlier tests among them.
  assert.ok(pointsIn(collected) > 10, `${pointsIn(collected)} points`);
}

function pointsIn(collected: Exported['metrics']): number {
  return (collected?.scopeMetrics ?? []).flatMap((scope) => scope.metrics).reduce((sum, { dataPoints }) => sum + dataPoints.length, 0);
}

/** The report tells how much was looked at. */
function entitle(test: { title: string } | undefined, sent: Sent, { spans, metrics: collected }: Exported): void {
  if (test === undefined) return;
  test.title += ` (${sent.commands} commands: ${spans.length} spans, ${pointsIn(collected)} metric points)`;
}
