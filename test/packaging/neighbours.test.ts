import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type RedisServer, startStandalone } from '../../scripts/redis-server.mjs';
import { type Installation, installation, PACKAGE, run } from './installation';
import { type ReceivedSpan, type Receiver, startReceiver } from './receiver';

const HOOK = `${PACKAGE}/hook`;
const REGISTER = `${PACKAGE}/register`;
const AUTO = '@opentelemetry/auto-instrumentations-node/register';
const LOADER = ['--no-warnings', '--experimental-loader=@opentelemetry/instrumentation/hook.mjs'];

interface Way {
  readonly flags: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

interface Case {
  readonly program: string;
  /** Without us. */
  readonly control: Way;
  readonly ways: readonly Way[];
}

const CASES: readonly Case[] = [
  {
    program: 'web.cjs',
    control: { flags: ['--require', AUTO] },
    ways: [
      { flags: ['--require', HOOK, '--require', AUTO] },
      { flags: ['--require', AUTO, '--require', HOOK] },
      { flags: ['--import', HOOK, '--import', AUTO] },
      { flags: ['--import', AUTO, '--import', HOOK] },
      { flags: [], env: { NODE_OPTIONS: `--require ${HOOK} --import ${AUTO}` } },
    ],
  },
  {
    program: 'web.mjs',
    control: { flags: [...LOADER, '--import', AUTO] },
    ways: [{ flags: [...LOADER, '--import', HOOK, '--import', AUTO] }, { flags: [...LOADER, '--import', AUTO, '--require', HOOK] }],
  },
  {
    program: 'web-late.cjs',
    control: { flags: [], env: { APP_SDK: 'own' } },
    ways: [{ flags: ['--require', HOOK], env: { APP_SDK: 'own' } }, { flags: ['--require', REGISTER] }],
  },
  { program: 'web-listed.cjs', control: { flags: [] }, ways: [{ flags: [], env: { APP_OURS: PACKAGE } }] },
];

describe('the output of other instrumentations', () => {
  let installed: Installation;
  let redis: RedisServer;
  let receiver: Receiver;
  before(async () => {
    installed = installation();
    redis = await startStandalone();
    receiver = await startReceiver();
  });
  after(async () => {
    await receiver.stop();
    await redis.stop();
  });

  async function spansOf(program: string, { flags, env }: Way): Promise<ReceivedSpan[]> {
    const ended = await run([...flags, program], {
      cwd: installed.program('6.3', { auto: true }),
      env: {
        REDIS_URL: redis.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_METRICS_EXPORTER: 'none',
        OTEL_LOGS_EXPORTER: 'none',
        OTEL_NODE_RESOURCE_DETECTORS: 'none',
        // Ours keeps the first out; the second is not there in every run.
        OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'redis,fs',
        ...env,
      },
    });
    assert.deepEqual(ended, { code: 0, signal: null, stdout: 'Ada\n', stderr: '' });
    return receiver.take().spans;
  }

  it('is on the page of `view --hook` too', async () => {
    const main = join(installed.package, 'build/cli/main.js');
    const program = [process.execPath, '--import', AUTO, 'web.cjs'];
    const { stdout } = await run([main, 'view', '--hook', '--headless', '--', ...program], {
      cwd: installed.program('6.3', { auto: true }),
      env: { REDIS_URL: redis.url, OTEL_NODE_RESOURCE_DETECTORS: 'none' },
    });
    assert.match(stdout, /^\s*GET +█/m);
    assert.match(stdout, /tcp\.connect/);
  });

  for (const { program, control, ways } of CASES) {
    describe(program, () => {
      let without: string[];
      before(async () => {
        without = theirs(await spansOf(program, control));
        for (const scope of ['http', 'undici', 'net']) {
          assert.ok(
            without.some((span) => span.startsWith(`@opentelemetry/instrumentation-${scope} `)),
            `${scope} is not among ${without.join(', ')}`,
          );
        }
      });

      for (const way of ways) {
        it(`is the same with us: ${[...way.flags, ...Object.entries(way.env ?? {}).map((entry) => entry.join('='))].join(' ')}`, async () => {
          const spans = await spansOf(program, way);
          assert.deepEqual(theirs(spans), without);
          assert.deepEqual(
            spans.filter(isOurs).map((span) => `${span.name.split(' ')[0]} in ${parentOf(span, spans)}`),
            ['SET in GET', 'GET in GET'],
          );
        });
      }
    });
  }
});

function isOurs({ scope }: ReceivedSpan): boolean {
  return scope === PACKAGE;
}

/** All spans but ours, with their parents. */
function theirs(spans: readonly ReceivedSpan[]): string[] {
  const others = spans.filter((span) => !isOurs(span));
  return others.map((span) => `${span.scope} ${span.name} in ${parentOf(span, spans)}`).sort();
}

function parentOf({ parentId }: ReceivedSpan, spans: readonly ReceivedSpan[]): string {
  return spans.find(({ id }) => id === parentId)?.name ?? 'none';
}
