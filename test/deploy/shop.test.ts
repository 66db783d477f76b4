import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { type Receiver, startReceiver } from '../packaging/receiver';
import { type RedisCluster, startCluster } from '../support/redis-server';
import { until } from '../support/waiting';

const ROOT = join(__dirname, '../..');

describe('the shop of the deployment', () => {
  let cluster: RedisCluster;
  let receiver: Receiver;
  before(async () => {
    cluster = await startCluster({ masters: 3, replicasPerMaster: 0 });
    receiver = await startReceiver();
  });
  after(async () => {
    await receiver.stop();
    await cluster.stop();
  });

  it('runs on a cluster under the preload, has the data of the dashboard, and ends on request', async () => {
    const child = spawn(process.execPath, ['--import', join(ROOT, 'build/register.mjs'), 'shop.mjs'], {
      cwd: join(ROOT, 'deploy'),
      env: {
        PATH: process.env.PATH,
        REDIS_NODES: cluster.rootNodes.map(({ url }) => url).join(','),
        OTEL_SERVICE_NAME: 'shop',
        OTEL_METRICS_EXPORTER: 'otlp',
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_METRIC_EXPORT_INTERVAL: '500',
        OTEL_METRIC_EXPORT_TIMEOUT: '400',
        OTEL_BSP_SCHEDULE_DELAY: '200',
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve([code, signal])));
    const [operations, metrics] = [new Set<string>(), new Set<string>()];
    const isSeen = (): boolean => {
      const taken = receiver.take();
      for (const { name, service } of taken.spans) if (service === 'shop') operations.add(name.split(' ')[0] ?? '');
      for (const { metric } of taken.series) metrics.add(metric);
      return OPERATIONS.every((one) => operations.has(one)) && METRICS.every((one) => metrics.has(one));
    };
    await until(() => child.exitCode !== null || isSeen(), 'the telemetry of the shop').catch(() => {});
    child.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null], stderr);
    assert.deepEqual([OPERATIONS.filter((one) => !operations.has(one)), METRICS.filter((one) => !metrics.has(one))], [[], []], stderr);
    assert.equal(stderr, '');
  });
});

const OPERATIONS = ['GET', 'SET', 'MULTI', 'EVAL', 'LPUSH'];
// Without HTTP its callers have no traces of their own, and without traces no stampede is claimed.
const METRICS = [
  'db.client.operation.duration',
  'cache.requests',
  'cache.misses',
  'cache.load.duration',
  'redis.lock.hold.duration',
  'redis.client.connection.count',
];
