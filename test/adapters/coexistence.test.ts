import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ourBundle } from '../support/ours';
import { type RedisServer, startStandalone } from '../support/redis-server';

const EVERY = ['2.8', '3.1', '4.0', '4.7', '5.0', '5.12', '6.3'] as const;
/** One of each seam: what two instrumentations do to each other is the same on every version of one. */
const SEAMS = ['3.1', '4.7', '6.3'] as const;
type Version = (typeof EVERY)[number] | 'ioredis-5.11';

const APP = join(__dirname, 'coexistence-app.cjs');

/** What coexistence-app.cjs found. */
interface Found {
  readonly ours: readonly string[];
  /** The servers on our spans. */
  readonly servers: readonly string[];
  readonly theirs: readonly string[];
  readonly diagnostics: readonly string[];
}

/** What the application does after the last step, each once. */
const ALL = ['GET FIRST', 'GET A', 'GET A; GET B', 'GET A; GET B'];

const OTHER = 'another OpenTelemetry instrumentation of redis is active';
const TAKEN = `${OTHER}; its patches were removed (onConflict: takeover)`;
const STOOD_DOWN = `${OTHER}; this one stands down (onConflict: stand-down)`;
const BOTH = `${OTHER}; both record every command (onConflict: both)`;
const SENTRY = "Sentry's Redis integration";
const SECOND = 'another RedisInstrumentation is active in this process; this one does nothing until it is enabled without the other';

const PACKAGES: Readonly<Record<Version, string>> = {
  '2.8': 'redis 2.8.0',
  '3.1': 'redis 3.1.2',
  '4.0': '@node-redis/client 1.0.5',
  '4.7': '@redis/client 1.6.1',
  '5.0': '@redis/client 5.0.1',
  '5.12': '@redis/client 5.12.1',
  '6.3': '@redis/client 6.3.1',
  'ioredis-5.11': 'ioredis 5.11.1',
};

function loadedFirst(version: Version): string {
  const missing = version.startsWith('4.') ? '; clients of redis 4 that were created before do not show their server' : '';
  return `redis was loaded before this instrumentation was enabled, and was patched afterwards (${PACKAGES[version]})${missing}`;
}

const named = (version: Version): string => (version.startsWith('io') ? version.replace('-', ' ') : `redis ${version}`);

describe('coexistence', () => {
  let server: RedisServer;
  before(async () => {
    server = await startStandalone();
  });
  after(() => server.stop());

  /** Takes the steps in a process of its own, once for each version. */
  async function every(
    steps: string,
    onConflict: string,
    expect: (found: Found, version: Version) => void,
    versions: readonly Version[] = SEAMS,
  ): Promise<void> {
    const env = { ...process.env, NODE_OPTIONS: '', OUR_BUNDLE: ourBundle(), REDIS_HOST: server.host, REDIS_PORT: String(server.port) };
    const runs = versions.map(async (version) => {
      const { stdout } = await promisify(execFile)(process.execPath, [APP, version, steps, onConflict], { env });
      return [version, JSON.parse(stdout) as Found] as const;
    });
    for (const [version, found] of await Promise.all(runs)) expect(found, version);
  }

  describe('with the other instrumentation, takeover', () => {
    for (const steps of ['theirs, ours, redis, client', 'ours, theirs, redis, client']) {
      it(`leaves only ours: ${steps}`, () =>
        every(steps, 'takeover', (found, version) =>
          assert.deepEqual(found, { ours: ALL, servers: [server.host], theirs: [], diagnostics: [TAKEN] }, version),
        ));
    }

    it('leaves only ours where redis has been loaded with the other: theirs, redis, ours, client', () =>
      every(
        'theirs, redis, ours, client',
        'takeover',
        (found, version) =>
          assert.deepEqual(found, { ours: ALL, servers: [server.host], theirs: [], diagnostics: [TAKEN, loadedFirst(version)] }, version),
        EVERY,
      ));

    it('patches a client that the other has connected: theirs, redis, client, ours', () =>
      every('theirs, redis, client, ours', 'takeover', (found, version) => {
        const { ours, theirs, diagnostics } = found;
        const before = ['2.8', '3.1'].includes(version) ? [] : ['redis-connect'];
        assert.deepEqual({ ours, theirs, diagnostics }, { ours: ALL, theirs: before, diagnostics: [TAKEN, loadedFirst(version)] }, version);
      }));
  });

  describe('with the other instrumentation of ioredis', () => {
    const FOUND = 'another OpenTelemetry instrumentation of ioredis is active';
    const ONE = ['ioredis-5.11'] as const;

    // As CommonJS, and as ES modules with the loader that the other needs for them.
    for (const [first, redis] of [
      ['', 'redis'],
      ['loader, ', 'module'],
    ] as const) {
      for (const steps of [`${first}theirs, ours, ${redis}, client`, `${first}ours, theirs, ${redis}, client`]) {
        it(`leaves only ours, from the first connection on: ${steps}`, () =>
          every(
            steps,
            'takeover',
            (found) => {
              const diagnostics = [`${FOUND}; its patches were removed (onConflict: takeover)`];
              assert.deepEqual(found, { ours: ALL, servers: [server.host], theirs: [], diagnostics });
            },
            ONE,
          ));

        it(`leaves ioredis to it with stand-down: ${steps}`, () =>
          every(
            steps,
            'stand-down',
            ({ ours, theirs, diagnostics }) => {
              assert.deepEqual([ours, diagnostics], [[], [`${FOUND}; this one stands down (onConflict: stand-down)`]]);
              assert.ok(theirs.includes('get'));
            },
            ONE,
          ));

        it(`records every command twice with both: ${steps}`, () =>
          every(
            steps,
            'both',
            ({ ours, theirs, diagnostics }) => {
              assert.deepEqual([ours, diagnostics], [ALL, [`${FOUND}; both record every command (onConflict: both)`]]);
              assert.ok(theirs.includes('get'));
            },
            ONE,
          ));
      }

      it(`leaves only ours on a client that the other has connected: ${first}theirs, ${redis}, client, ours`, () =>
        every(
          `${first}theirs, ${redis}, client, ours`,
          'takeover',
          ({ ours, theirs, diagnostics }) =>
            assert.deepEqual(
              { ours, theirs: theirs.includes('get'), diagnostics },
              {
                ours: ALL,
                theirs: false,
                diagnostics: [`${FOUND}; its patches were removed (onConflict: takeover)`, loadedFirst('ioredis-5.11')],
              },
            ),
          ONE,
        ));
    }

    it("says how to switch off dd-trace's part: dd-trace, ours, redis, client", () =>
      every(
        'dd-trace, ours, redis, client',
        'takeover',
        ({ ours, diagnostics: [message = ''] }) => {
          assert.deepEqual(ours, ALL);
          assert.match(message, /^dd-trace's ioredis plugin is active and cannot be removed.*tracer\.use\('ioredis', false\)/);
        },
        ONE,
      ));
  });

  it('removes the patches of one that no module cache shows: ours, theirs hidden, redis, client', () =>
    every(
      'ours, theirs hidden, redis, client',
      'takeover',
      (found, version) => assert.deepEqual(found, { ours: ALL, servers: [server.host], theirs: [], diagnostics: [TAKEN] }, version),
      ['3.1'],
    ));

  describe('with a tracer that listens to channels', () => {
    const DD_TRACE = "switch it off there: tracer.use('redis', false)";
    const TRACERS = [
      ['sentry', '6.3', SENTRY, "leave it out of Sentry.init: integrations: (all) => all.filter(({ name }) => name !== 'Redis')"],
      ['tracer', '5.12', "a tracer on node-redis's diagnostics channels", 'switch it off where it is set up (node-redis'],
      ['dd-trace', '3.1', "dd-trace's redis plugin", DD_TRACE],
      ['dd-trace', '6.3', "dd-trace's redis plugin", DD_TRACE],
      ['new relic', '4.7', "New Relic's instrumentation of redis", 'switch it off in newrelic.js'],
      ['sentry', 'ioredis-5.11', SENTRY, 'leave it out of Sentry.init'],
      ['older sentry', 'ioredis-5.11', SENTRY, 'leave it out of Sentry.init'],
      ['tracer', 'ioredis-5.11', "a tracer on ioredis's diagnostics channels", 'switch it off where it is set up'],
      ['new relic', 'ioredis-5.11', "New Relic's instrumentation of ioredis", 'switch it off in newrelic.js'],
    ] as const;

    for (const [step, version, name, remedy] of TRACERS) {
      for (const steps of [`${step}, ours, redis, client`, `ours, redis, ${step}, client`]) {
        it(`reports what to switch off on ${named(version)}: ${steps}`, () =>
          every(
            steps,
            'takeover',
            ({ ours, diagnostics: [message = '', ...more] }) => {
              assert.deepEqual([ours, more], [ALL, []]);
              assert.ok(message.startsWith(`${name} is active and cannot be removed, so every command has two spans: ${remedy}`), message);
              assert.ok(message.endsWith(', or set onConflict to stand-down'), message);
            },
            [version],
          ));

        it(`stands down with stand-down on ${named(version)}: ${steps}`, () =>
          every(
            steps,
            'stand-down',
            ({ ours, diagnostics }) =>
              assert.deepEqual([ours, diagnostics], [[], [`${name} is active; this one stands down (onConflict: stand-down)`]]),
            [version],
          ));
      }
    }

    it('does not treat a plain subscriber as a tracer: listener, ours, redis, client', () =>
      every('listener, ours, redis, client', 'stand-down', ({ ours, diagnostics }) => assert.deepEqual([ours, diagnostics], [ALL, []]), [
        '6.3',
      ]));
  });

  for (const steps of ['theirs, ours, redis, client', 'ours, theirs, redis, client', 'theirs, redis, client, ours']) {
    it(`leaves redis to the other with stand-down: ${steps}`, () =>
      every(steps, 'stand-down', ({ ours, theirs, diagnostics }, version) => {
        assert.deepEqual({ ours, diagnostics }, { ours: [], diagnostics: [STOOD_DOWN] }, version);
        assert.equal(theirs.filter((name) => /^redis-get$/i.test(name)).length, 6, version);
      }));
  }

  it('stands down only for another instrumentation', () =>
    every('ours, redis, client', 'stand-down', (found, version) =>
      assert.deepEqual(found, { ours: ALL, servers: [server.host], theirs: [], diagnostics: [] }, version),
    ));

  for (const steps of ['theirs, ours, redis, client', 'ours, theirs, redis, client']) {
    it(`records beside the other with both: ${steps}`, () =>
      every(steps, 'both', ({ ours, theirs, diagnostics }, version) => {
        assert.deepEqual({ ours, diagnostics }, { ours: ALL, diagnostics: [BOTH] }, version);
        assert.equal(theirs.filter((name) => /^redis-get$/i.test(name)).length, 6, version);
      }));
  }

  describe('with redis loaded first', () => {
    it('patches it in place: redis, ours, client', () =>
      every('redis, ours, client', 'takeover', (found, version) =>
        assert.deepEqual(found, { ours: ALL, servers: [server.host], theirs: [], diagnostics: [loadedFirst(version)] }, version),
      ));

    it('records a client that is connected, in redis 4 without its server: redis, client, ours', () =>
      every('redis, client, ours', 'takeover', (found, version) => {
        const servers = version.startsWith('4.') ? ['unknown'] : [server.host];
        assert.deepEqual(found, { ours: ALL, servers, theirs: [], diagnostics: [loadedFirst(version)] }, version);
      }));

    it('patches modules that were loaded while it was disabled: ours, ours off, redis, ours on, client', () =>
      every('ours, ours off, redis, ours on, client', 'takeover', (found, version) =>
        assert.deepEqual(found, { ours: ALL, servers: [server.host], theirs: [], diagnostics: [loadedFirst(version)] }, version),
      ));
  });

  describe('with a second instrumentation of ours', () => {
    for (const steps of ['ours, second, redis, client', 'ours, redis, second, client', 'ours, second copy, redis, client']) {
      it(`records once: ${steps}`, () =>
        every(steps, 'takeover', (found, version) =>
          assert.deepEqual(found, { ours: ALL, servers: [server.host], theirs: [], diagnostics: [SECOND] }, version),
        ));
    }

    for (const second of ['second', 'second copy']) {
      it(`lets the other take over: ours, ${second}, redis, ours off, second off, second on, client`, () =>
        every(`ours, ${second}, redis, ours off, second off, second on, client`, 'takeover', (found, version) =>
          assert.deepEqual(found, { ours: ALL, servers: [server.host], theirs: [], diagnostics: [SECOND] }, version),
        ));
    }

    it('is not disabled by the one that stood down: ours, second, redis, second off, client', () =>
      every('ours, second, redis, second off, client', 'takeover', (found, version) =>
        assert.deepEqual(found, { ours: ALL, servers: [server.host], theirs: [], diagnostics: [SECOND] }, version),
      ));
  });
});
