import assert from 'node:assert/strict';
import { type Context, context, TraceFlags, trace } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import sinon from 'sinon';
import type { RedisInstrumentationConfig } from '../../src';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { redisSpans } from '../support/tracing';
import { type Connection, GENERATIONS, type Line } from './clients';
import { record } from './recording';

const LINES: readonly Line[] = [
  ['SET', 'k', 'v', 'NX', 'EX', '9'],
  ['MGET', 'a', 'b', 'c'],
  ['HSET', 'h', 'f', 'v'],
  ['PUBLISH', 'c', 'm'],
];
/** Keys, fields and channels in these lines, the channel three times: in the text, as the destination, in the name. */
const IDENTIFIERS = 7;

/** What is counted and remembered of the cache has families, with a span or without, each key's made once. Events follow every command. */
const NO_FAMILIES = { metrics: false, failureEvents: false, keyFamilies: false } as const;

interface Case {
  readonly title: string;
  readonly config?: RedisInstrumentationConfig;
  readonly within?: (caller: Context) => Context;
}

const unsampled = trace.wrapSpanContext({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: TraceFlags.NONE });

/** Where there is no span. */
const CASES: readonly Case[] = [
  { title: 'below a parent that was sampled out', within: (caller) => trace.setSpan(caller, unsampled) },
  { title: 'where tracing is suppressed', within: suppressTracing },
  { title: 'without the parent it requires', config: { requireParentSpan: true } },
  { title: 'of commands that are ignored', config: { ignoreCommands: [/./] } },
  { title: 'of commands faster than the least duration', config: { minDurationMs: 60_000 } },
];

describe('no text is built without a span', () => {
  let server: RedisServer;
  before(async () => {
    server = await startStandalone();
  });
  after(() => server.stop());

  for (const generation of GENERATIONS) {
    describe(generation.title, () => {
      let connection: Connection;
      before(async () => {
        connection = await generation.open(server);
      });
      after(() => connection.close());

      /** How often the key mask and the serializer were asked. */
      async function countUnder({
        config,
        within = (caller) => caller,
      }: Omit<Case, 'title'>): Promise<[mask: number, text: number, spans: number]> {
        const keys = sinon.spy((key: string) => key);
        const dbStatementSerializer = sinon.spy(() => undefined as unknown as string);
        const recording = record({
          keys,
          dbStatementSerializer,
          batchCommands: true,
          ...NO_FAMILIES,
          optionalAttributes: ['db.redis.args_count'],
          ...config,
        });
        await context.with(within(context.active()), async () => {
          for (const line of LINES) await connection.single(line);
          await connection.transaction(LINES);
          await connection.pipeline(LINES);
        });
        const spans = redisSpans().length;
        await recording.end();
        return [keys.callCount, dbStatementSerializer.callCount, spans];
      }

      it('but for every span', async () => {
        const [mask, text, spans] = await countUnder({});
        // Three batches of four, each command once more as a member of its batch.
        assert.equal(spans, LINES.length * 3 + 2);
        assert.ok(mask >= IDENTIFIERS * 3, `${mask}`);
        assert.ok(text >= LINES.length * 3, `${text}`);
      });

      for (const { title, ...options } of CASES) {
        it(title, async () => assert.deepEqual(await countUnder(options), [0, 0, 0]));
      }
    });
  }

  it('that failed faster than the minimum duration: only errors are kept and have a text', async () => {
    const connection = await (GENERATIONS[0] as (typeof GENERATIONS)[0]).open(server);
    const keys = sinon.spy((key: string) => key);
    const recording = record({ keys, ...NO_FAMILIES, minDurationMs: 60_000 });
    await connection.single(['SET', 'k', 'v']);
    await connection.single(['INCR', 'k']).catch(() => {});
    const { spans } = await recording.exported();
    await recording.end();
    await connection.close();
    assert.deepEqual(
      spans.map(({ attributes }) => attributes['db.query.text']),
      ['INCR k'],
    );
    assert.equal(keys.callCount, 1);
  });
});
