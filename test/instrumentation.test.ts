import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { context, diag, trace } from '@opentelemetry/api';
import { InstrumentationBase } from '@opentelemetry/instrumentation';
import { RedisInstrumentation } from '../src';
import { PACKAGE_NAME } from '../src/version';
import { type RedisServer, startStandalone } from './support/redis-server';
import { assertQuiet, diagnostics, instrumentation, listen, redisSpans, resetTracing, tracer } from './support/tracing';
import { type Client, connect, end, folderOf, loadRedis, major, VERSIONS, type Version } from './support/versions';
import { settled } from './support/waiting';

/** Objects of redis that we patch, with every own property that is a function. */
function patchable(version: Version): [string, object][] {
  const require = createRequire(createRequire(`${folderOf(version)}/package.json`).resolve('redis'));
  const client = version === '4.0' ? '@node-redis/client' : '@redis/client';
  const inner = (name: string) => require(`${client}/dist/lib/client/${name}.js`);
  const objects: [string, object][] = [];
  for (const name of ['commands-queue', 'socket', 'index']) {
    objects.push([`${name} exports`, inner(name)], [name, inner(name).default.prototype]);
  }
  if (version !== '4.0') objects.push(['pub-sub', inner('pub-sub').PubSub.prototype]);
  if (major(version) >= 5) objects.push(['pool class', inner('pool').RedisClientPool], ['pool', inner('pool').RedisClientPool.prototype]);
  return objects;
}

function functionsOf(objects: readonly [string, object][]): Map<string, PropertyDescriptor> {
  const found = new Map<string, PropertyDescriptor>();
  for (const [name, object] of objects) {
    for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(object))) {
      if (typeof descriptor.value === 'function') found.set(`${name}.${key}`, descriptor);
    }
  }
  return found;
}

describe('instrumentation', () => {
  let server: RedisServer;
  before(async () => {
    server = await startStandalone();
  });
  after(() => server.stop());
  beforeEach(() => resetTracing());
  afterEach(() => instrumentation.enable());

  it('reports an invalid option once, even if the SDK sets its logger later', () => {
    const wrong = { enabled: false, keys: 'hunter2' as 'safe' };
    const complaint = `${PACKAGE_NAME} option keys: expected safe, full, family, hidden or a function, got a string; keys are hidden`;
    const said: string[] = [];
    new RedisInstrumentation(wrong).setTracerProvider(trace.getTracerProvider());
    said.push(...diagnostics.splice(0));
    diag.disable();
    const early = new RedisInstrumentation(wrong);
    early.setTracerProvider(trace.getTracerProvider());
    listen();
    for (let times = 0; times < 2; times++) early.setTracerProvider(trace.getTracerProvider());
    said.push(...diagnostics.splice(0));
    assert.deepEqual(said, [complaint, complaint]);
  });

  it('does not hook require, and restores the loader on disable', () => {
    instrumentation.disable();
    const loader = () => [Module.prototype.require, (Module.prototype as { load?: unknown }).load, process.getBuiltinModule];
    const before = loader();
    const second = new RedisInstrumentation();
    assert.deepEqual(
      loader().map((method, index) => method === before[index]),
      [true, false, true],
    );
    second.disable();
    assert.deepEqual(loader(), before);
  });

  it('lists what it patches, each time it is asked', () => {
    const names = () => instrumentation.getModuleDefinitions().map(({ name }) => name);
    assert.ok(names().includes('redis') && names().includes('@redis/client'));
    assert.deepEqual(names(), names());
    assert.ok(instrumentation instanceof InstrumentationBase);
  });

  describe('on versions that are not published yet', () => {
    const folders: string[] = [];
    after(() => {
      for (const folder of folders) rmSync(folder, { recursive: true });
    });

    /** `@redis/client`, as if this version of it were installed. */
    async function clientOf(version: string): Promise<Client> {
      const require = createRequire(createRequire(`${folderOf('5.0')}/package.json`).resolve('redis'));
      const folder = mkdtempSync(join(tmpdir(), 'redis-'));
      folders.push(folder);
      for (const name of ['@redis/client', 'cluster-key-slot']) {
        cpSync(dirname(require.resolve(`${name}/package.json`)), join(folder, 'node_modules', name), { recursive: true });
      }
      const manifest = join(folder, 'node_modules/@redis/client/package.json');
      writeFileSync(manifest, JSON.stringify({ ...JSON.parse(readFileSync(manifest, 'utf8')), version }));
      return connect(createRequire(manifest)('@redis/client'), server);
    }

    it('records a prerelease of a known major', async () => {
      for (const version of ['6.4.0-rc.1', '5.13.0-beta.2+build.7']) {
        resetTracing();
        const client = await clientOf(version);
        await client.get('k');
        await end(client);
        assert.deepEqual(
          redisSpans().map(({ name }) => name.split(' ')[0]),
          ['GET'],
          version,
        );
        assertQuiet();
      }
    });

    it('leaves a major alone that is not known, and says so', async () => {
      const client = await clientOf('7.0.0-rc.1');
      await client.get('k');
      await end(client);
      assert.deepEqual(redisSpans(), []);
      const told = diagnostics.splice(0);
      assert.match(told.join(), /@redis\/client 7\.0\.0-rc\.1 is not supported \(known: 1, 5, 6\)/);
    });
  });

  for (const version of VERSIONS) {
    describe(`on redis ${version}`, () => {
      it('patches on enable, and restores the identical functions on disable', () => {
        loadRedis(version);
        const objects = patchable(version);
        instrumentation.disable();
        const original = functionsOf(objects);
        instrumentation.enable();
        const patched = functionsOf(objects);
        const changed = [...patched].filter(([name, { value }]) => original.get(name)?.value !== value).map(([name]) => name);
        assert.deepEqual(changed.sort(), [...patchedIn(version)].sort());
        for (const name of changed) {
          const [before, after] = [original.get(name), patched.get(name)];
          assert.deepEqual({ ...after, value: 0 }, { ...before, value: 0 }, `the flags of ${name}`);
          assert.deepEqual([after?.value.name, after?.value.length], [before?.value.name, before?.value.length], `the look of ${name}`);
        }
        instrumentation.disable();
        assert.deepEqual(functionsOf(objects), original);
        assertQuiet();
      });

      it('records again after disable and enable, also for existing clients', async () => {
        const client = await connect(loadRedis(version), server);
        instrumentation.disable();
        await client.get('unseen');
        instrumentation.enable();
        await client.get('seen');
        await end(client);
        assert.deepEqual(
          redisSpans().map(({ attributes }) => attributes['db.query.text']),
          ['GET seen'],
        );
      });

      it('does nothing for a transaction created before and run after disable', async () => {
        const client = await connect(loadRedis(version), server);
        const multi = client.multi().get('a').get('b');
        instrumentation.disable();
        assert.deepEqual(await multi.exec(), [null, null]);
        await end(client);
        assert.deepEqual(redisSpans(), []);
      });

      it('names a unix socket by its path, without a port', async () => {
        const local = await startStandalone({ unixSocket: true });
        const client = loadRedis(version).createClient({ socket: { path: local.socketPath } });
        client.on('error', () => {});
        await client.connect();
        await client.get('k');
        await end(client);
        await local.stop();
        const [span] = redisSpans();
        assert.equal(span?.name, `GET ${local.socketPath}`);
        assert.equal(span?.attributes['server.address'], local.socketPath);
        assert.equal(span?.attributes['server.port'], undefined);
      });

      it('reads address and database from a URL, and never its password', async () => {
        const guarded = await startStandalone({ args: ['--requirepass', 'hunter2'] });
        const client = loadRedis(version).createClient({ url: `redis://default:hunter2@127.0.0.1:${guarded.port}/3` });
        client.on('error', () => {});
        await client.connect();
        await client.get('k');
        await client.sendCommand(['AUTH', 'hunter2']);
        await client.sendCommand(['CONFIG', 'SET', 'requirepass', 'hunter3']);
        await end(client);
        await guarded.stop();
        const [get, ...others] = redisSpans();
        assert.deepEqual(
          { ...get?.attributes },
          {
            'db.system.name': 'redis',
            'db.operation.name': 'GET',
            'db.namespace': '3',
            'db.query.text': 'GET k',
            'server.address': '127.0.0.1',
            'server.port': guarded.port,
            'cache.hit': false,
            'cache.miss.reason': 'unknown',
            'db.redis.key_family': 'k',
          },
        );
        assert.deepEqual(
          others.map(({ attributes }) => attributes['db.query.text']),
          ['AUTH ?', 'CONFIG SET requirepass ?'],
        );
        assertQuiet();
      });

      const odd: readonly [title: string, args: unknown][] = [
        ['an empty list', []],
        ['a number', ['GET', 7]],
        ['undefined', ['GET', undefined]],
        ['a nested list', ['GET', ['a', 'b']]],
        ['a name that is a number', [7]],
        ['no list at all', undefined],
        ['a value in the place of the name', ['SET secret hunter2']],
      ];
      for (const [title, args] of odd) {
        it(`accepts ${title} as arguments, as the client alone does`, async () => {
          const outcomes: string[] = [];
          for (const enabled of [false, true]) {
            if (enabled) instrumentation.enable();
            else instrumentation.disable();
            outcomes.push(await outcomeOf(server, await connect(loadRedis(version), server), args));
          }
          assert.equal(outcomes[1], outcomes[0]);
          assert.ok(!JSON.stringify(redisSpans().map(({ name, attributes }) => [name, attributes])).includes('hunter2'));
          assertQuiet();
        });
      }
    });
  }

  it('runs waiting pool tasks in the context of their caller', async () => {
    for (const version of VERSIONS.filter((one) => major(one) >= 5)) {
      const pool = loadRedis(version).createClientPool?.({ socket: { host: server.host, port: server.port } }, { minimum: 1, maximum: 2 });
      pool.on('error', () => {});
      await pool.connect();
      const right = await Promise.all(
        Array.from({ length: 20 }, (_, i) => {
          const span = tracer.startSpan(`caller ${i}`);
          return context.with(trace.setSpan(context.active(), span), () =>
            pool.execute(async (client: Client) => {
              const isRight = trace.getActiveSpan() === span;
              await client.get('k');
              span.end();
              return isRight;
            }),
          );
        }),
      );
      await pool.destroy();
      assert.equal(right.filter(Boolean).length, 20, version);
    }
    assertQuiet();
  });

  it('does not patch an unknown version, and reports it once', () => {
    const { load, exported, before } = strangeClient();
    load(exported, '77.0.0');
    load(exported, '77.0.0');
    assert.equal(exported.default.prototype.sendCommand, before);
    assert.equal(diagnostics.length, 1);
    const what =
      /@redis\/client 77\.0\.0 is not supported \(known: 1, 5, 6\); its files are left untouched, and its clients are recorded by /;
    assert.match(diagnostics[0] ?? '', what);
  });

  it('does not patch any part of a client with unknown seams, and reports it once', () => {
    const { load, exported, before } = strangeClient();
    load(exported, '6.99.0');
    assert.equal(exported.default.prototype.sendCommand, before);
    assert.equal(diagnostics.length, 1);
    assert.match(diagnostics[0] ?? '', /6\.99\.0: dist\/lib\/client\/index\.js is not built as expected; it is left untouched$/);
  });
});

/** A client of which only the name is known, and the hook that would be shown it. */
function strangeClient() {
  const { adapters } = instrumentation as unknown as {
    adapters: { hookedFiles(): { module: string; file?: string; onLoad(moduleExports: unknown, version?: string): void }[] };
  };
  const hooked = adapters.hookedFiles().find(({ module, file }) => module === '@redis/client' && file?.endsWith('client/index.js'));
  assert.ok(hooked);
  const exported = {
    default: class RedisClient {
      sendCommand(): void {}
    },
  };
  return { load: hooked.onLoad, exported, before: exported.default.prototype.sendCommand };
}

async function outcomeOf(server: RedisServer, client: Client, args: unknown): Promise<string> {
  const errors: string[] = [];
  client.on('error', (error: Error) => errors.push(error.message));
  const crashes: string[] = [];
  const silenced = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', (error) => crashes.push(error.message));
  let outcome: string;
  try {
    const answer = client.sendCommand(args).then(String, (error: Error) => `rejected with ${error.constructor.name}: ${error.message}`);
    outcome = await Promise.race([answer, settled(server).then(() => 'no answer')]);
  } catch (error) {
    outcome = `threw ${String(error)}`;
  }
  await settled(server);
  process.removeAllListeners('uncaughtException');
  for (const listener of silenced) process.on('uncaughtException', listener);
  await end(client);
  return JSON.stringify({ outcome, errors, crashes });
}

function patchedIn(version: Version): readonly string[] {
  if (version === '4.0') return [...PATCHED_V4, 'index.SUBSCRIBE', 'index.PSUBSCRIBE'];
  return [...(major(version) === 4 ? PATCHED_V4 : PATCHED_V5), ...PATCHED_PUB_SUB];
}

const PATCHED_PUB_SUB = [
  'index.SUBSCRIBE',
  'index.PSUBSCRIBE',
  'index.SSUBSCRIBE',
  'index.extendPubSubChannelListeners',
  'index.extendPubSubListeners',
  'pub-sub.subscribe',
  'pub-sub.extendChannelListeners',
  'pub-sub.extendTypeListeners',
  'pub-sub.handleMessageReply',
];
const PATCHED_V4 = [
  'commands-queue exports.default',
  'commands-queue.addCommand',
  'commands-queue.getCommandToSend',
  'socket exports.default',
  'socket.connect',
  'index.sendCommand',
  'index.connect',
  'index.duplicate',
  'index.executeIsolated',
  'index.executeScript',
  'index.multiExecutor',
];
const PATCHED_V5 = [
  'commands-queue exports.default',
  'socket exports.default',
  'socket.connect',
  'commands-queue.addCommand',
  'commands-queue.commandsToWrite',
  'commands-queue.reset',
  'index.connect',
  'index._executeCommand',
  'index._executeScript',
  'index.sendCommand',
  'index._executePipeline',
  'index._executeMulti',
  'index.QUIT',
  'index.resetIfDirty',
  'pool class.create',
  'pool.connect',
  'pool.execute',
  'pool.close',
  'pool.destroy',
];
