import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient } from 'redis';
import { type RedisServer, startStandalone } from '../../scripts/redis-server.mjs';
import { type Ended, type Installation, installation, PACKAGE, run } from './installation';

const DOCTOR = `To see why: npx ${PACKAGE} doctor -- <your command>`;

/** Answers an export of a signal with a status; undefined: hangs up. */
type Answer = (signal: string) => number | undefined;

describe('telemetry that cannot be sent', () => {
  let installed: Installation;
  let redis: RedisServer;
  let collector: Server;
  let url: string;
  let answer: Answer;
  before(async () => {
    installed = installation();
    redis = await startStandalone();
    collector = createServer((request, response) => {
      request.resume().once('end', () => {
        const status = answer(request.url?.split('/').at(-1) ?? '');
        if (status === undefined) request.destroy();
        else response.writeHead(status).end();
      });
    });
    await once(collector.listen(0, '127.0.0.1'), 'listening');
    url = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  });
  after(async () => {
    collector.close();
    await redis.stop();
  });

  /** Runs a program until `done` is called. */
  async function until(begin: (done: () => void) => Answer): Promise<Ended> {
    const client = await createClient({ url: redis.url }).connect();
    await client.del('done');
    answer = begin(() => void client.set('done', '1'));
    const ended = await run(['--require', `${PACKAGE}/register`, 'until-done.cjs'], {
      cwd: installed.program('6.3'),
      env: {
        REDIS_URL: redis.url,
        OTEL_EXPORTER_OTLP_ENDPOINT: url.replace('://', '://user:hunter2@'),
        // A retry takes longer.
        OTEL_EXPORTER_OTLP_TIMEOUT: '500',
        OTEL_BSP_SCHEDULE_DELAY: '20',
        OTEL_METRIC_EXPORT_INTERVAL: '600',
        OTEL_METRIC_EXPORT_TIMEOUT: '600',
        OTEL_LOGS_EXPORTER: 'none',
      },
    });
    await client.close();
    return ended;
  }

  it('is reported once, with advice, if metrics are not accepted', async () => {
    let refused = 0;
    const { code, stderr } = await until((done) => (signal) => {
      if (signal !== 'metrics') return 200;
      refused += 1;
      if (refused === 3) done();
      return 404;
    });
    const advice = 'If nobody takes metrics there, set OTEL_METRICS_EXPORTER=none.';
    assert.equal(stderr, `${PACKAGE} metrics cannot be sent to ${url}/v1/metrics: HTTP 404; said once. ${advice} ${DOCTOR}\n`);
    assert.equal(code, 0);
  });

  it('is reported once for all signals, and once when it is sent again', async () => {
    // What the second request of a signal tells: that the program has seen the answer to the first.
    const failed = new Map<string, number>();
    const sent = new Map<string, number>();
    const count = (counts: Map<string, number>, signal: string) => counts.set(signal, (counts.get(signal) ?? 0) + 1);
    const isTwiceEach = (counts: Map<string, number>) => ['traces', 'metrics'].every((signal) => (counts.get(signal) ?? 0) >= 2);
    const { code, stderr } = await until((done) => (signal) => {
      if (!isTwiceEach(failed)) {
        count(failed, signal);
        return undefined;
      }
      count(sent, signal);
      if (isTwiceEach(sent)) done();
      return 200;
    });
    const lines = stderr.trimEnd().split('\n');
    assert.equal(lines.length, 2, stderr);
    assert.match(
      lines[0] ?? '',
      /telemetry cannot be sent to http:\/\/127\.0\.0\.1:\d+\/v1\/(traces|metrics): (ECONNRESET|Request timed out); said once\. To see why: /,
    );
    assert.match(lines[1] ?? '', /telemetry is sent again: http:\/\/127\.0\.0\.1:\d+\/v1\/(traces|metrics) takes (traces|metrics)$/);
    assert.equal(code, 0);
  });
});
