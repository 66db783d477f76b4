import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type RedisServer, startStandalone } from '../../scripts/redis-server.mjs';
import { openView, type View } from '../../src/view';
import { environmentFor } from '../../src/view/environment';
import { MAX_BODY_BYTES } from '../../src/view/otlp/receive';
import { metricsBody, tracesBody } from './otlp';

const APP = resolve(__dirname, 'app.mjs');
const OFTEN = { OTEL_METRIC_EXPORT_INTERVAL: '500', OTEL_METRIC_EXPORT_TIMEOUT: '500' };
const REGISTER = resolve(__dirname, '../../build/register.js');

describe('the receiver of the view', () => {
  let redis: RedisServer;
  let view: View;

  before(async () => {
    redis = await startStandalone();
  });
  after(() => redis.stop());
  beforeEach(async () => {
    view = await openView();
  });
  afterEach(() => view.stop());

  describe('from an SDK', () => {
    /** What the spans and metrics of the program say, without what differs from run to run. */
    async function telemetryBy(settings: Record<string, string>) {
      await redis.request('FLUSHALL');
      const ended = spawn(process.execPath, ['--require', REGISTER, APP], {
        env: {
          PATH: process.env.PATH,
          ...environmentFor(view.url),
          OTEL_SERVICE_NAME: 'shop',
          REDIS_URL: redis.url,
          ...OFTEN,
          ...settings,
        },
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      const code = await new Promise((settle) => ended.once('exit', settle));
      assert.equal(code, 0);
      assert.deepEqual(view.telemetry.received.refusal, undefined);
      const spans = view.telemetry.spans();
      const nameOf = (id: string | undefined) => spans.find(({ spanId }) => spanId === id)?.name;
      return {
        ids: spans.map(({ traceId, spanId }) => `${traceId} ${spanId}`),
        timing: spans.map(({ startMs, durationMs }) => ({ startMs, durationMs })),
        spans: spans
          .map(({ traceId, spanId, parentSpanId, startMs, durationMs, attributes, ...span }) => {
            const { 'cache.load.duration_ms': load, ...others } = attributes;
            return { ...span, links: span.links.length, parent: nameOf(parentSpanId), attributes: others, loaded: load !== undefined };
          })
          .sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b))),
        requests: Object.fromEntries(
          view.telemetry.records.series.of('cache.requests').map(({ attributes, value }) => [attributes['cache.result'], value]),
        ),
        // None are left at the end: of an up-down counter it counts where it stands.
        connections: view.telemetry.records.series.of('redis.client.connection.count').map(({ value }) => value),
        operations: view.telemetry.records.series.of('db.client.operation.duration').reduce((sum, { value }) => sum + value, 0),
      };
    }

    const PROTOBUF = {
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf',
      OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'http/protobuf',
    };

    it('is the same in JSON and in protobuf, compressed or not', async () => {
      const json = await telemetryBy({});
      const names = json.spans.map(({ name }) => name.replace(/ 127.*/, ''));
      assert.deepEqual(names.filter((name) => name === 'GET').length, 7);
      assert.ok(names.includes('process news'));
      assert.deepEqual({ requests: json.requests, connections: json.connections }, { requests: { hit: 7, miss: 3 }, connections: [0] });
      for (const settings of [
        { OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' },
        PROTOBUF,
        { ...PROTOBUF, OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' },
      ]) {
        await view.stop();
        view = await openView();
        const other = await telemetryBy(settings);
        for (const id of other.ids) assert.match(id, /^[0-9a-f]{32} [0-9a-f]{16}$/);
        for (const { startMs, durationMs } of other.timing) {
          assert.ok(Math.abs(startMs - Date.now()) < 60_000 && durationMs >= 0 && durationMs < 60_000, `${startMs} ${durationMs}`);
        }
        assert.deepEqual({ ...other, ids: [], timing: [] }, { ...json, ids: [], timing: [] });
      }
    });
  });

  async function post(path: string, body: string | Uint8Array, headers: Record<string, string> = {}) {
    const response = await fetch(view.url + path, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
    return { status: response.status, text: await response.text() };
  }

  it('is answered in its own encoding', async () => {
    assert.deepEqual(await post('/v1/traces', JSON.stringify(tracesBody([{}]))), { status: 200, text: '{}' });
    const empty = await post('/v1/metrics', new Uint8Array(), { 'content-type': 'application/x-protobuf' });
    assert.deepEqual(empty, { status: 200, text: '' });
    assert.equal(view.telemetry.spans().length, 1);
  });

  const bomb = gzipSync(Buffer.alloc(MAX_BODY_BYTES + 1, ' '));
  const refused: readonly [string, string, string | Uint8Array, Record<string, string>, number][] = [
    ['a text', '/v1/traces', 'hello', { 'content-type': 'text/plain' }, 415],
    ['a form of another page', '/v1/traces', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['an unknown compression', '/v1/traces', '{}', { 'content-encoding': 'br' }, 415],
    ['what is not JSON', '/v1/traces', '{"resourceSpans":', {}, 400],
    ['what is not protobuf', '/v1/traces', '\u00ff\u00ff\u00ff', { 'content-type': 'application/x-protobuf' }, 400],
    ['what is not gzip', '/v1/traces', '{}', { 'content-encoding': 'gzip' }, 400],
    ['JSON that is no OTLP', '/v1/traces', '{"resourceSpans":{"length":1}}', {}, 400],
    [
      'metrics whose points are no list',
      '/v1/metrics',
      '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"sum":{"dataPoints":7}}]}]}]}',
      {},
      400,
    ],
    ['a time that is none', '/v1/traces', '{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":"soon"}]}]}]}', {}, 400],
    ['more than it reads', '/v1/traces', ' '.repeat(MAX_BODY_BYTES + 1), {}, 413],
    ['what inflates to more than it reads', '/v1/traces', bomb, { 'content-encoding': 'gzip' }, 413],
  ];
  for (const [what, path, body, headers, status] of refused) {
    it(`refuses ${what}, and shows it on the page`, async () => {
      assert.equal((await post(path, body, headers)).status, status);
      assert.equal(view.telemetry.received.refusals, 1);
      assert.equal(typeof view.telemetry.received.refusal, 'string');
      assert.deepEqual(view.telemetry.spans(), []);
      assert.equal((await post('/v1/traces', JSON.stringify(tracesBody([{}])))).status, 200);
    });
  }

  it('stops reading a body that does not end', async () => {
    const { port } = new URL(view.url);
    const socket = connect(Number(port), '127.0.0.1');
    const closed = new Promise((settle) => socket.once('close', settle));
    socket.on('error', () => {});
    socket.write(
      `POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    const chunk = ' '.repeat(1_048_576);
    let answer = '';
    socket.on('data', (data) => {
      answer += data;
    });
    const feed = () => {
      while (socket.writable && socket.write(`100000\r\n${chunk}\r\n`));
    };
    socket.on('drain', feed);
    feed();
    await closed;
    assert.match(answer, /^HTTP\/1\.1 413 /);
  });

  it('accepts an export completely or not at all', async () => {
    const good = tracesBody([{}]) as { resourceSpans: unknown[] };
    const half = { resourceSpans: [...good.resourceSpans, { scopeSpans: 'none' }] };
    assert.equal((await post('/v1/traces', JSON.stringify(half))).status, 400);
    assert.deepEqual(view.telemetry.spans(), []);
    assert.equal((await post('/v1/metrics', JSON.stringify(metricsBody([{ metric: 'm', value: 1 }])))).status, 200);
  });
});
