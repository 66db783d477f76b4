import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { type RedisServer, startStandalone } from '../../scripts/redis-server.mjs';
import { installation, run } from './installation';

const NAME = 'opentelemetry-instrumentation-redis';

/** Where the API is two copies, and the SDK is the next line. */
const OTHERS = 'test/versions/others';

describe('with a CommonJS and an ESM copy of the API, and an SDK that registers through the other', () => {
  let redis: RedisServer;
  let program: string;

  before(async () => {
    redis = await startStandalone();
    const names = ['@opentelemetry/api', '@opentelemetry/instrumentation', '@opentelemetry/sdk-metrics'];
    program = installation().tree('dual-api', ['redis'], Object.fromEntries(names.map((name) => [name, OTHERS])));
    for (const app of ['meters.mjs', 'logs.mjs']) cpSync(join(__dirname, 'apps', app), join(program, app));
  });
  after(() => redis.stop());

  const WAYS: readonly [title: string, args: readonly string[]][] = [
    ['--require hook', ['--require', `${NAME}/hook`, 'meters.mjs']],
    ['--import hook', ['--import', `${NAME}/hook`, 'meters.mjs']],
    ['setMeterProvider', ['meters.mjs', 'in-code']],
  ];
  for (const [title, args] of WAYS) {
    it(`measures for a late provider, for a replacing one, and for one with views: ${title}`, async () => {
      const { code, stdout, stderr } = await run(args, { cwd: program, env: { REDIS_URL: redis.url } });
      assert.equal(code, 0, stderr);
      // Two clients and a pool of one connection, one look-up each; what is there moves over, what was counted stays.
      const there = { 'db.client.connection.limit': 5, 'redis.client.connection.count': 3 };
      assert.deepEqual(JSON.parse(stdout), {
        copies: 2,
        late: { 'db.client.operation.duration': 3, ...there, 'cache.requests': 3 },
        replaced: { 'db.client.operation.duration': 6, ...there, 'cache.requests': 6 },
        before: { 'db.client.operation.duration': 3 },
        viewed: { 'redis.duration': 3, ...there, 'cache.requests': 3 },
      });
      assert.equal(stderr, '');
    });
  }

  it('writes log events to a late provider, and to a replacing one', async () => {
    const env = { REDIS_URL: redis.url, OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN: 'logs' };
    const { code, stdout, stderr } = await run(['--import', `${NAME}/hook`, 'logs.mjs'], { cwd: program, env });
    assert.equal(code, 0, stderr);
    const one = ['db.client.operation.exception'];
    assert.deepEqual(JSON.parse(stdout), { copies: 2, first: one, second: one });
    assert.equal(stderr, '');
  });
});
