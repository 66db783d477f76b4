import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RedisServer, startStandalone } from '../../scripts/redis-server.mjs';
import { type Installation, installation, run } from './installation';
import { originOf, type Receiver, startReceiver } from './receiver';

const NAME = 'opentelemetry-instrumentation-redis';

/** Everything in a tree, and when it was changed. */
function stateOf(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.map((name) => `${name} ${statSync(join(folder, name)).mtimeMs}`).sort();
}

describe('from a tree outside the application, the preloads', () => {
  let installed: Installation;
  let redis: RedisServer;
  let receiver: Receiver;
  let outside: string;

  before(async () => {
    installed = installation();
    redis = await startStandalone();
    receiver = await startReceiver();
    // The worst case: it has a newer API than every SDK here, and the two would not hear each other.
    outside = installed.tree('out side', ['@opentelemetry/instrumentation'], { '@opentelemetry/api': 'test/versions/others' });
    for (const name of readdirSync(outside, { recursive: true, encoding: 'utf8' })) chmodSync(join(outside, name), 0o555);
  });
  after(async () => {
    await receiver.stop();
    await redis.stop();
  });

  function start(args: readonly string[], cwd: string, env: Record<string, string> = {}, file = process.execPath) {
    const telemetry = { OTEL_SERVICE_NAME: 'shop', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
    return run(args, { cwd, file, env: { REDIS_URL: redis.url, ...telemetry, ...env } });
  }

  function entry(name: string): string {
    return join(outside, 'node_modules', NAME, 'build', name);
  }

  function assertTraced(): void {
    const spans = receiver.take().spans.filter(({ name }) => !name.startsWith('QUIT '));
    assert.deepEqual(
      spans.map(originOf),
      ['SET', 'GET'].map((name) => ({ service: 'shop', scope: NAME, name: `${name} 127.0.0.1:${redis.port}` })),
    );
  }

  const WAYS: readonly [title: string, args: () => string[]][] = [
    ['--require hook, before the SDK of the application', () => ['--require', entry('hook.js'), 'own-sdk.cjs']],
    ['--import hook, before the SDK of the application', () => ['--import', entry('hook.mjs'), 'own-sdk.mjs']],
    ['--require register, with the SDK of the application', () => ['--require', entry('register.js'), 'commonjs.cjs']],
    ['--import register, with the SDK of the application', () => ['--import', entry('register.mjs'), 'module.mjs']],
  ];
  for (const [title, args] of WAYS) {
    it(`trace by ${title}`, async () => {
      const before = stateOf(outside);
      const ended = await start(args(), installed.program('6.3'));
      assert.deepEqual(ended, { code: 0, signal: null, stdout: 'Ada\n', stderr: '' });
      assertTraced();
      assert.deepEqual(stateOf(outside), before);
    });
  }

  it('trace an application without OpenTelemetry, if the Kubernetes operator preloads an SDK after them', async () => {
    const operator = installed.tree('the operator', [], { '@opentelemetry/sdk-node': '.' });
    const sdk = join(operator, 'autoinstrumentation.js');
    writeFileSync(
      sdk,
      `const { NodeSDK } = require('@opentelemetry/sdk-node');
       const sdk = new NodeSDK(); sdk.start(); process.once('beforeExit', () => sdk.shutdown());`,
    );
    const options = `--require "${entry('hook.js')}" --require="${sdk}"`;
    const program = join(installed.program('6.3', { sdk: false }), 'commonjs.cjs');
    const ended = await start([program], '/', { NODE_OPTIONS: options });
    assert.deepEqual(ended, { code: 0, signal: null, stdout: 'Ada\n', stderr: '' });
    assertTraced();
  });

  it('trace an application whose working directory was deleted', async () => {
    const lost = mkdtempSync(join(installed.folder, 'lost-'));
    const program = join(installed.program('6.3'), 'commonjs.cjs');
    const script = 'rmdir "$PWD" && exec "$0" "$@"';
    const shell = ['-c', script, process.execPath, '--require', entry('register.js'), program];
    const ended = await start(shell, lost, {}, '/bin/sh');
    assert.deepEqual(ended, { code: 0, signal: null, stdout: 'Ada\n', stderr: '' });
    assertTraced();
  });

  it('trace a worker', async () => {
    const program = `new (require('node:worker_threads').Worker)('./commonjs.cjs');`;
    const ended = await start(['--require', entry('register.js'), '--eval', program], installed.program('6.3'));
    assert.deepEqual(ended, { code: 0, signal: null, stdout: 'Ada\n', stderr: '' });
    assertTraced();
  });

  it('trace under a permission model that lets them be read', async () => {
    const permission = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission';
    const flags = ['--no-warnings', permission, '--allow-fs-read=*', '--require', entry('register.js')];
    const ended = await start([...flags, 'commonjs.cjs'], installed.program('6.3'), { TMPDIR: '/nowhere' });
    assert.deepEqual(ended, { code: 0, signal: null, stdout: 'Ada\n', stderr: '' });
    assertTraced();
  });

  it('do not prevent an unannounced SDK from registering with its copy of the API', async () => {
    const program = `require('${join(installed.program('6.3'), 'own-sdk.cjs')}');
      console.log(Object.keys(globalThis[Symbol.for('opentelemetry.js.api.1')]).includes('trace'));`;
    const { stdout, stderr } = await start(['--require', entry('hook.js'), '--eval', program], '/');
    assert.deepEqual({ stdout, stderr }, { stdout: 'true\nAda\n', stderr: '' });
  });
});
