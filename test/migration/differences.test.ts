import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type * as Theirs from '@opentelemetry/instrumentation-redis';
import { type RedisServer, startStandalone } from '../../scripts/redis-server.mjs';
import type * as Ours from '../../src';
import { ourBundle } from '../support/ours';

const ROOT = resolve(__dirname, '../..');
const VERSIONS = ['3.1', '4.7', '6.3'] as const;

interface Span {
  readonly name: string;
  readonly kind: string;
  readonly status: string;
  readonly message: string | undefined;
  readonly events: readonly string[];
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly startMs: number;
}

interface Step {
  readonly spans: readonly Span[];
  readonly hooked: readonly unknown[];
}

type Seen = Readonly<Record<string, Step>>;

/** In what two runs of a step can differ. Two lists of spans that are not as long are compared in nothing else. */
const ASPECTS: Readonly<Record<string, (step: Step) => unknown>> = {
  operation: ({ spans }) => spans.map(({ attributes }) => attributes['db.operation.name']),
  status: ({ spans }) => spans.map(({ status }) => status),
  message: ({ spans }) => spans.map(({ message }) => message),
  event: ({ spans }) => spans.map(({ events }) => events),
  kind: ({ spans }) => spans.map(({ kind }) => kind),
  text: ({ spans }) => spans.map(({ attributes }) => attributes['db.query.text'] !== undefined),
  port: ({ spans }) => spans.map(({ attributes }) => attributes['server.port']),
};

/** Where the two differ, and the row of the page that says so. */
const ROWS: Readonly<Record<string, string>> = {
  'a command of two words: operation': 'a command of two words',
  'connect: spans': '`connect()`, redis 4 and later',
  'a transaction of one: spans': 'a transaction of one command',
  'a transaction of one: operation': 'a transaction of one command',
  'a transaction of two: spans': 'transaction, pipeline',
  'a transaction that is aborted: spans': 'a transaction that WATCH aborts',
  'a transaction that is queued slowly: spans': 'transaction, pipeline',
  'a transaction that is queued slowly: start': 'the start of a command in a transaction',
  'a serializer that throws: spans': 'a serializer that throws',
  'a serializer that throws: text': 'a serializer that throws',
  'a hook in a transaction: spans': 'transaction, pipeline',
  'a hook in a transaction: hook': '`responseHook` in a transaction',
  'a hook at a failure: hook': '`responseHook` on a failure, redis 2 and 3',
  'a hook at a failure: event': 'failure',
  'a failure: event': 'failure',
  'publish: kind': 'PUBLISH',
  'a client that is closed: spans': 'a client that is closed',
  'a client that is closed: message': 'status of a failure',
  'a client that is closed: event': 'failure',
  'a server on 6379: port': '`server.port` of 6379',
  'a server on 6379: spans': 'a client that is closed',
  'a server on 6379: event': 'failure',
};

describe('the differences from the other instrumentation', () => {
  const page = readFileSync(join(ROOT, 'docs/migration.md'), 'utf8');
  const rows = [...page.matchAll(/^\| ([^|]+?) \|/gm)].map(([, cell]) => cell);
  let redis: RedisServer;
  before(async () => {
    redis = await startStandalone();
  });
  after(() => redis.stop());

  async function run(packageName: string, version: string): Promise<Seen> {
    const args = [join(__dirname, 'differences.cjs'), packageName, version];
    const env = { ...process.env, REDIS_HOST: redis.host, REDIS_PORT: String(redis.port), OTEL_SEMCONV_STABILITY_OPT_IN: '' };
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, env });
    return JSON.parse(stdout) as Seen;
  }

  it('are those on the page, and no others', async () => {
    const found = new Set<string>();
    for (const version of VERSIONS) {
      const theirs = await run('@opentelemetry/instrumentation-redis', version);
      const ours = await run(ourBundle(), version);
      for (const [name, step] of Object.entries(theirs)) {
        for (const aspect of differences(step, ours[name] as Step)) found.add(`${name}: ${aspect}`);
      }
    }
    assert.deepEqual([...found].sort(), Object.keys(ROWS).sort());
    assert.deepEqual(
      Object.values(ROWS).filter((row) => !rows.includes(row)),
      [],
    );
  });

  it('are none in the types of the hooks', () => {
    const serializer: Ours.DbStatementSerializer = (() => '') satisfies Theirs.DbStatementSerializer;
    const hook: Ours.RedisResponseCustomAttributeFunction = (() => {}) satisfies Theirs.RedisResponseCustomAttributeFunction;
    const options: Theirs.RedisInstrumentationConfig = { dbStatementSerializer: serializer, responseHook: hook };
    assert.equal(options.dbStatementSerializer, serializer);
  });
});

function differences(theirs: Step, ours: Step): string[] {
  const hook = JSON.stringify(theirs.hooked) === JSON.stringify(ours.hooked) ? [] : ['hook'];
  const start = isSpread(theirs) === isSpread(ours) ? [] : ['start'];
  if (theirs.spans.length !== ours.spans.length) return ['spans', ...hook, ...start];
  const differs = ([, of]: readonly [string, (step: Step) => unknown]) => JSON.stringify(of(theirs)) !== JSON.stringify(of(ours));
  return [
    ...Object.entries(ASPECTS)
      .filter(differs)
      .map(([name]) => name),
    ...hook,
  ];
}

/** Whether the commands of a transaction start when they are queued: one step takes 20 ms between two. */
function isSpread({ spans }: Step): boolean {
  const starts = spans.filter(({ attributes }) => attributes['db.query.text'] === 'slowly').map(({ startMs }) => startMs);
  return Math.max(...starts) - Math.min(...starts) >= 15;
}
