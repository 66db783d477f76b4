import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type RedisServer, startStandalone } from '../../scripts/redis-server.mjs';
import { type Ended, type Installation, installation, type Run, run } from './installation';
import { originOf, type Receiver, startReceiver } from './receiver';

const NAME = 'opentelemetry-instrumentation-redis';

interface Way {
  readonly title: string;
  readonly program: string;
  readonly flags: readonly string[];
  readonly env?: Record<string, string>;
}

describe('the preloads', () => {
  let installed: Installation;
  let redis: RedisServer;
  let receiver: Receiver;
  let expected: { service: string; scope: string; name: string }[];

  before(async () => {
    installed = installation();
    redis = await startStandalone();
    receiver = await startReceiver();
    expected = ['SET', 'GET'].map((name) => ({ service: 'shop', scope: NAME, name: `${name} 127.0.0.1:${redis.port}` }));
  });
  after(async () => {
    await receiver.stop();
    await redis.stop();
  });

  function start(args: readonly string[], { cwd, env, ...rest }: Run): Promise<Ended> {
    const telemetry = { OTEL_SERVICE_NAME: 'shop', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
    return run(args, { cwd, env: { REDIS_URL: redis.url, ...telemetry, ...env }, ...rest });
  }

  /** The spans of the program's own commands; QUIT is one too, where the version sends it. */
  function spans() {
    const { spans: received } = receiver.take();
    return received.filter(({ name }) => !name.startsWith('QUIT ')).map(originOf);
  }

  const WAYS: readonly Way[] = [
    ...['commonjs.cjs', 'module.mjs'].flatMap((program) => [
      { title: '--require register', program, flags: ['--require', `${NAME}/register`] },
      { title: '--import register', program, flags: ['--import', `${NAME}/register`] },
      { title: 'NODE_OPTIONS alone', program, flags: [], env: { NODE_OPTIONS: `--import ${NAME}/register` } },
    ]),
    ...['own-sdk.cjs', 'own-sdk.mjs'].flatMap((program) => [
      { title: '--require hook', program, flags: ['--require', `${NAME}/hook`] },
      { title: '--import hook', program, flags: ['--import', `${NAME}/hook`] },
    ]),
    { title: 'the list of its SDK', program: 'listed.mjs', flags: [] },
  ];

  // Every way once for each of the two seams; for the other versions, what a version could do differently.
  const TABLE = [
    ...['4.7', '6.3'].flatMap((version) => WAYS.map((way) => ({ version, ...way }))),
    ...['4.0', '5.12'].flatMap((version) => [WAYS[0], WAYS[4]].map((way) => ({ version, ...(way as Way) }))),
  ];
  for (const { version, title, program, flags, env } of TABLE) {
    it(`trace redis ${version} in ${program} by ${title}`, async () => {
      const ended = await start([...flags, program], { cwd: installed.program(version), ...(env && { env }) });
      assert.deepEqual(ended, { code: 0, signal: null, stdout: 'Ada\n', stderr: '' });
      assert.deepEqual(spans(), expected);
    });
  }

  it('record metrics', async () => {
    await start(['--import', `${NAME}/register`, 'module.mjs'], { cwd: installed.program('6.3') });
    const metrics = receiver.take().series.map(({ metric }) => metric);
    for (const name of ['db.client.operation.duration', 'cache.requests', 'redis.client.connection.count']) {
      assert.ok(metrics.includes(name), `${name} is not among ${metrics.join(', ')}`);
    }
  });

  it('write log events for failures, in the span of the command, if the standard variable asks for them', async () => {
    const program = `const client = require('redis').createClient({ url: process.env.REDIS_URL });
      client.connect().then(() => client.set('text', 'a')).then(() => client.lLen('text')).catch(() => client.quit());`;
    const cwd = installed.program('6.3');
    await start(['--require', `${NAME}/register`, '--eval', program], { cwd });
    assert.deepEqual(receiver.take().events, []);
    await start(['--require', `${NAME}/register`, '--eval', program], { cwd, env: { OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN: 'logs' } });
    const { events, spans: received } = receiver.take();
    const failed = received.find(({ name }) => name.startsWith('LLEN '));
    assert.deepEqual(
      events.map(({ name, scope, spanId, attributes }) => [name, scope, spanId, attributes['error.type']]),
      [['db.client.operation.exception', NAME, failed?.id, 'WRONGTYPE']],
    );
  });

  it('work from another working directory, with the SDK of the program', async () => {
    const program = join(installed.program('6.3'), 'module.mjs');
    const register = join(installed.package, 'build/register.mjs');
    const ended = await start(['--import', register, program], { cwd: '/' });
    assert.deepEqual(ended, { code: 0, signal: null, stdout: 'Ada\n', stderr: '' });
    assert.deepEqual(spans(), expected);
  });

  it('trace once, however often they are loaded', async () => {
    const flags = [
      '--require',
      `${NAME}/hook`,
      '--require',
      `${NAME}/register`,
      '--import',
      `${NAME}/register`,
      '--import',
      `${NAME}/hook`,
    ];
    const ended = await start([...flags, 'module.mjs'], { cwd: installed.program('6.3') });
    assert.deepEqual(ended, { code: 0, signal: null, stdout: 'Ada\n', stderr: '' });
    assert.deepEqual(spans(), expected);
  });

  it('do not replace an SDK that was started before register', async () => {
    const sdk = `const { NodeSDK } = require('@opentelemetry/sdk-node');
      const sdk = new NodeSDK({ serviceName: 'first' }); sdk.start(); process.once('beforeExit', () => sdk.shutdown());
      require('${NAME}/register'); require('./commonjs.cjs');`;
    const { stderr } = await start(['--eval', sdk], { cwd: installed.program('6.3') });
    assert.equal(stderr, '');
    assert.deepEqual(
      spans(),
      expected.map((span) => ({ ...span, service: 'first' })),
    );
  });

  it('report that the SDK is missing, once, and let the program run', async () => {
    const ended = await start(['--import', `${NAME}/register`, 'module.mjs'], { cwd: installed.program('6.3', { sdk: false }) });
    assert.match(ended.stderr, /^\S+ @opentelemetry\/sdk-node was not found, so nothing is exported: .+\n$/);
    assert.deepEqual({ ...ended, stderr: '' }, { code: 0, signal: null, stdout: 'Ada\n', stderr: '' });
  });

  it('patch redis that was loaded before them, and report it', async () => {
    const ended = await start(['--require', 'redis', '--require', `${NAME}/register`, 'commonjs.cjs'], {
      cwd: installed.program('6.3'),
    });
    assert.match(ended.stderr, /^\S+ redis was loaded before this instrumentation was enabled, .+\n$/);
    assert.deepEqual({ ...ended, stderr: '' }, { code: 0, signal: null, stdout: 'Ada\n', stderr: '' });
    assert.deepEqual(spans(), expected);
  });

  it('report an invalid option', async () => {
    const ended = await start(['--import', `${NAME}/hook`, 'module.mjs'], {
      cwd: installed.program('6.3'),
      env: { OTEL_INSTRUMENTATION_REDIS_MIN_DURATION_MS: 'soon' },
    });
    assert.match(
      ended.stderr,
      /^\S+ OTEL_INSTRUMENTATION_REDIS_MIN_DURATION_MS: expected a number of milliseconds, 0 or more; using the default\n$/,
    );
    assert.deepEqual({ ...ended, stderr: '' }, { code: 0, signal: null, stdout: 'Ada\n', stderr: '' });
  });

  const OFF: readonly Record<string, string>[] = [{ OTEL_SDK_DISABLED: 'true' }, { OTEL_INSTRUMENTATION_REDIS_ENABLED: 'false' }];
  for (const env of OFF) {
    it(`do nothing with ${Object.entries(env)[0]?.join('=')}`, async () => {
      const ended = await start(['--import', `${NAME}/register`, 'module.mjs'], { cwd: installed.program('6.3'), env });
      assert.deepEqual(ended, { code: 0, signal: null, stdout: 'Ada\n', stderr: '' });
      assert.deepEqual(spans(), []);
    });
  }

  const LISTS: readonly { readonly given: Record<string, string>; readonly kept: string }[] = [
    { given: {}, kept: 'redis,ioredis' },
    { given: { OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'fs, redis' }, kept: 'fs,redis,ioredis' },
    { given: { OTEL_INSTRUMENTATION_REDIS_CLIENTS: 'redis, iovalkey' }, kept: 'redis' },
  ];
  for (const { given, kept } of LISTS) {
    it(`keep the other instrumentations of what is recorded out: ${Object.entries(given)}`, async () => {
      const program = 'process.stdout.write(process.env.OTEL_NODE_DISABLED_INSTRUMENTATIONS)';
      const { stdout } = await start(['--require', `${NAME}/hook`, '--eval', program], { cwd: installed.program('6.3'), env: given });
      assert.equal(stdout, kept);
    });
  }

  it('do not keep a program from starting when a peer is missing', async () => {
    const program = `
      const Module = require('node:module');
      const resolve = Module._resolveFilename;
      Module._resolveFilename = function (name, ...rest) {
        if (name === '@opentelemetry/api') throw new Error('no API');
        return resolve.call(this, name, ...rest);
      };
      require('${NAME}/hook');
      require('${NAME}/register');
      require('./commonjs.cjs');`;
    const ended = await start(['--eval', program], { cwd: installed.program('6.3') });
    const stderr = `${NAME}/hook: inactive: no API\n${NAME}/register: inactive: no API\n`;
    assert.deepEqual(ended, { code: 0, signal: null, stdout: 'Ada\n', stderr });
  });
});
