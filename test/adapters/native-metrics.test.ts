import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { type Collected, Measuring } from '../support/metrics';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { assertQuiet, diagnostics, instrumentation, resetTracing } from '../support/tracing';
import { type Client, connect, end, folderOf, loadRedis, type Version } from '../support/versions';

/** The client's own metrics, and how they are forgotten again: it knows no way to stop. */
function nativeMetrics(version: Version) {
  const require = createRequire(createRequire(`${folderOf(version)}/package.json`).resolve('redis'));
  const { OpenTelemetry, OTelMetrics } = require('@redis/client/dist/lib/opentelemetry');
  return {
    start: (metrics: object) => OpenTelemetry.init({ metrics }),
    forget: () => {
      OTelMetrics.reset();
      OpenTelemetry._instance = null;
    },
  };
}

const GROUPS = ['command', 'connection-basic', 'connection-advanced'];

describe('the metrics of node-redis itself', () => {
  let server: RedisServer;
  let measuring: Measuring;
  /** Once a process, whatever the number of clients. */
  const said: string[] = [];
  const saidOfErrors: string[] = [];
  before(async () => {
    server = await startStandalone();
  });
  after(() => server.stop());
  beforeEach(() => {
    resetTracing();
    measuring = Measuring.start();
  });
  afterEach(async () => {
    instrumentation.disable();
    instrumentation.enable();
    await measuring.stop();
    assertQuiet();
  });

  /** How often each metric was recorded for one GET of a client and one of a pool, by us. */
  async function load(version: Version): Promise<Record<string, number>> {
    const redis = loadRedis(version);
    const client = await connect(redis, server);
    await client.get('k');
    await end(client);
    const pool = redis.createClientPool?.({ socket: { host: server.host, port: server.port } }, { minimum: 1 });
    pool.on('error', () => {});
    await pool.connect();
    await pool.execute((one: Client) => one.get('k'));
    pool.destroy();
    return countsOf(await measuring.collect());
  }

  function countsOf(collected: Collected): Record<string, number> {
    const names = ['operation.duration', 'connection.create_time', 'connection.wait_time', 'connection.use_time'];
    const sum = (name: string) => (collected[`db.client.${name}`] ?? []).reduce((total, { value }) => total + value, 0);
    return Object.fromEntries(names.map((name) => [name, sum(name)]));
  }

  const ours = { 'operation.duration': 2, 'connection.create_time': 1, 'connection.wait_time': 1, 'connection.use_time': 1 };

  for (const version of ['5.12', '6.3'] as const) {
    it(`are not duplicated by ours on redis ${version}, and one line reports it`, async () => {
      const native = nativeMetrics(version);
      assert.deepEqual(await load(version), ours);
      native.start({ enabled: true, enabledMetricGroups: GROUPS, meterProvider: measuring.provider });
      try {
        const before = await measuring.collect();
        await load(version);
        const scopes = countsOf(await measuring.collect());
        assert.deepEqual(scopes, { ...countsOf(before), 'connection.use_time': 2 });
        const theirs = countsOf(await measuring.collectScope('node-redis'));
        assert.ok((theirs['operation.duration'] ?? 0) >= 2 && theirs['connection.wait_time'] === 1, JSON.stringify(theirs));
        said.push(...diagnostics.splice(0));
        assert.equal(said.length, 1);
        assert.match(
          said[0] ?? '',
          /node-redis records db\.client\.operation\.duration, db\.client\.connection\.create_time, db\.client\.connection\.wait_time, redis\.client\.connection\.count, redis\.client\.connection\.handoff, redis\.client\.connection\.relaxed_timeout, redis\.client\.connection\.closed itself; our metrics of that name are off$/,
        );
      } finally {
        native.forget();
      }
    });

    it(`do not switch ours off on redis ${version} if they are off, or measure something else`, async () => {
      const native = nativeMetrics(version);
      for (const metrics of [{ enabled: false }, { enabled: true, enabledMetricGroups: ['resiliency'] }]) {
        native.start({ ...metrics, meterProvider: measuring.provider });
        native.forget();
      }
      // Once a process.
      saidOfErrors.push(...diagnostics.splice(0));
      assert.match(saidOfErrors.join(), /node-redis records redis\.client\.errors, redis\.client\.maintenance\.notifications itself/);
      assert.deepEqual(await load(version), ours);
    });
  }
});
