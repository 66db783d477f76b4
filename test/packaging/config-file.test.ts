import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RedisServer, startStandalone } from '../../scripts/redis-server.mjs';
import { type Ended, type Installation, installation, PACKAGE, run } from './installation';
import { type Receiver, startReceiver } from './receiver';

describe('an SDK configured by a file', () => {
  let installed: Installation;
  let redis: RedisServer;
  let receiver: Receiver;
  let folder: string;
  before(async () => {
    installed = installation();
    redis = await startStandalone();
    receiver = await startReceiver();
    folder = installed.program('6.3');
  });
  after(async () => {
    await receiver.stop();
    await redis.stop();
  });

  function start(options: string): Promise<Ended> {
    const file = join(folder, 'otel.yaml');
    writeFileSync(
      file,
      `file_format: "1.0"
resource: { attributes: [{ name: service.name, value: from-file }] }
propagator: { composite: [{ tracecontext: }] }
tracer_provider:
  processors: [{ simple: { exporter: { otlp_http: { endpoint: "${receiver.url}/v1/traces", encoding: json } } } }]
instrumentation/development: { js: { ${PACKAGE}: ${options} } }
`,
    );
    // The environment says otherwise, and is not asked.
    const env = { REDIS_URL: redis.url, OTEL_CONFIG_FILE: file, OTEL_SERVICE_NAME: 'from-environment', OTEL_TRACES_EXPORTER: 'none' };
    return run(['--require', `${PACKAGE}/register`, 'commonjs.cjs'], { cwd: folder, env });
  }

  it('is started by register as the file says, with our options in it', async () => {
    const ended = await start('{ keys: hidden, ignoreCommands: [QUIT] }');
    assert.deepEqual(ended, { code: 0, signal: null, stdout: 'Ada\n', stderr: '' });
    assert.deepEqual(
      receiver.take().spans.map(({ service, attributes }) => [service, attributes['db.query.text']]),
      [
        ['from-file', 'SET ? ? EX ?'],
        ['from-file', 'GET ?'],
      ],
    );
  });

  it('reports which of our options is invalid', async () => {
    const ended = await start('{ keys: hunter2 }');
    assert.match(ended.stderr, /option keys: expected safe, full, family, hidden or a function, got a string; keys are hidden\n$/);
    assert.equal(ended.stdout, 'Ada\n');
    assert.ok(receiver.take().spans.length > 0);
  });

  it('does not patch redis if the file says so', async () => {
    const ended = await start('{ enabled: false }');
    assert.deepEqual(ended, { code: 0, signal: null, stdout: 'Ada\n', stderr: '' });
    assert.deepEqual(receiver.take().spans, []);
  });

  it('reports that it is too old to read a file', async () => {
    writeFileSync(
      join(folder, 'old-sdk.cjs'),
      `const { NodeSDK } = require('@opentelemetry/sdk-node');
       require.cache[require.resolve('@opentelemetry/sdk-node')].exports = { NodeSDK };`,
    );
    const { stderr, stdout } = await run(
      ['--require', join(folder, 'old-sdk.cjs'), '--require', `${PACKAGE}/register`, join(folder, 'commonjs.cjs')],
      {
        cwd: folder,
        env: { REDIS_URL: redis.url, OTEL_CONFIG_FILE: 'otel.yaml', OTEL_TRACES_EXPORTER: 'none' },
      },
    );
    assert.match(stderr, /sdk-node is too old to read OTEL_CONFIG_FILE \(0\.210 can\); it is configured by the environment\n/);
    assert.equal(stdout, 'Ada\n');
  });
});
