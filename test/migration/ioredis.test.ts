import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type * as Theirs from '@opentelemetry/instrumentation-ioredis';
import { type RedisServer, startStandalone } from '../../scripts/redis-server.mjs';
import type * as Ours from '../../src';
import { ourBundle } from '../support/ours';

const ROOT = resolve(__dirname, '../..');

interface Seen {
  readonly requests: readonly [name: string, args: readonly string[], tenant: string][];
  readonly responses: readonly [name: string, args: readonly string[], response: string | null][];
  readonly spans: readonly [text: string, request: string, response: string | undefined, status: string][];
}

describe('an application on ioredis set up for the other instrumentation', () => {
  let redis: RedisServer;
  before(async () => {
    redis = await startStandalone();
  });
  after(() => redis.stop());

  async function run(moduleName: string, className: string, requireParentSpan?: boolean): Promise<Seen> {
    await redis.request('FLUSHALL');
    const args = [join(__dirname, 'ioredis-app.cjs'), moduleName, className];
    const env = {
      ...process.env,
      REDIS_HOST: redis.host,
      REDIS_PORT: String(redis.port),
      ...(requireParentSpan !== undefined && { REQUIRE_PARENT_SPAN: String(requireParentSpan) }),
    };
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, env });
    return JSON.parse(stdout) as Seen;
  }

  const theirs = (requireParentSpan?: boolean) =>
    run('@opentelemetry/instrumentation-ioredis', 'IORedisInstrumentation', requireParentSpan);
  const ours = (requireParentSpan?: boolean) => run(ourBundle(), 'RedisInstrumentation', requireParentSpan);

  it('has the same serializer, and the same hooks with the same arguments in the same context', async () => {
    for (const requireParentSpan of [true, false]) {
      const [other, own] = [await theirs(requireParentSpan), await ours(requireParentSpan)];
      assert.equal(own.requests.length, requireParentSpan ? 5 : 6);
      assert.deepEqual(own, other);
    }
  });

  it('has spans without a parent by default, which the other has not', async () => {
    const [other, own] = [await theirs(), await ours()];
    assert.deepEqual([other.spans.length, own.spans.length], [5, 6]);
  });

  it('has hooks of the same types', () => {
    const requestHook: Theirs.RedisRequestCustomAttributeFunction = (() => {}) satisfies NonNullable<
      Ours.RedisInstrumentationConfig['requestHook']
    >;
    const own: Ours.RedisInstrumentationConfig = { requestHook: (span, { cmdName, cmdArgs }) => requestHook(span, { cmdName, cmdArgs }) };
    assert.equal(typeof own.requestHook, 'function');
  });
});
