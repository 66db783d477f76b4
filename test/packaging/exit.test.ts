import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { type RedisServer, startStandalone } from '../../scripts/redis-server.mjs';
import { type Ended, type Installation, installation, run } from './installation';
import { type Receiver, startReceiver } from './receiver';

const REGISTER = ['--import', 'opentelemetry-instrumentation-redis/register'];

describe('a program under register', () => {
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

  function start(
    flags: readonly string[],
    program: string,
    env: Record<string, string>,
    signals: readonly NodeJS.Signals[] = [],
  ): Promise<Ended> {
    const left = [...signals];
    return run([...flags, program], {
      cwd: installed.program('6.3'),
      env: { REDIS_URL: redis.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...env },
      onLine: (child) => {
        const signal = left.shift();
        if (signal !== undefined) child.kill(signal);
      },
    });
  }

  function sets(): string[] {
    return receiver
      .take()
      .spans.map(({ name }) => name.split(' ')[0] ?? '')
      .filter((name) => name === 'SET');
  }

  const SIGNALS: readonly { title: string; how: string; signals: NodeJS.Signals[]; end: Partial<Ended>; sent: boolean }[] = [
    { title: 'dies of SIGTERM, its spans sent', how: 'not', signals: ['SIGTERM'], end: { code: null, signal: 'SIGTERM' }, sent: true },
    { title: 'dies of SIGINT, its spans sent', how: 'not', signals: ['SIGINT'], end: { code: null, signal: 'SIGINT' }, sent: true },
    { title: 'ends with its own handler’s code', how: 'exit', signals: ['SIGTERM'], end: { code: 7, signal: null }, sent: true },
    {
      title: 'closes in its own handler and ends by itself',
      how: 'close',
      signals: ['SIGTERM'],
      end: { code: 0, signal: null },
      sent: true,
    },
    {
      title: 'closes in its own handler and sends itself the signal again',
      how: 'again',
      signals: ['SIGTERM'],
      end: { code: null, signal: 'SIGTERM' },
      sent: true,
    },
    // The last two die at once, as without us: what is being sent may or may not arrive.
    {
      title: 'dies of the second signal when it handles one',
      how: 'once',
      signals: ['SIGTERM', 'SIGTERM'],
      end: { code: null, signal: 'SIGTERM' },
      sent: false,
    },
    {
      title: 'is not visible to code that counts listeners',
      how: 'count',
      signals: ['SIGTERM'],
      end: { code: null, signal: 'SIGTERM' },
      sent: false,
    },
  ];
  for (const { title, how, signals, end, sent } of SIGNALS) {
    it(title, async () => {
      const control = await start([], 'signals.cjs', { APP_SIGNALS: how }, signals);
      const ended = await start(REGISTER, 'signals.cjs', { APP_SIGNALS: how }, signals);
      assert.deepEqual(ended, control);
      assert.deepEqual({ code: ended.code, signal: ended.signal }, end);
      const spans = sets();
      if (sent) assert.deepEqual(spans, ['SET']);
    });
  }

  it('dies of the signal even when its collector does not answer', async () => {
    const silent = createServer((socket) => socket.resume());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const env = {
      APP_SIGNALS: 'not',
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      // The exporter itself would wait for longer than a test may take.
      OTEL_EXPORTER_OTLP_TIMEOUT: '600000',
    };
    const { signal } = await start(REGISTER, 'signals.cjs', env, ['SIGTERM']);
    silent.close();
    assert.equal(signal, 'SIGTERM');
  });

  it('dies of the signal, its spans sent, even when a provider throws instead of flushing', async () => {
    const ended = await start(REGISTER, 'signals.cjs', { APP_SIGNALS: 'not', APP_METERS: 'broken', OTEL_LOG_LEVEL: 'warn' }, ['SIGTERM']);
    assert.equal(ended.signal, 'SIGTERM');
    assert.match(ended.stderr, /the last telemetry could not be sent: not now/);
    assert.deepEqual(sets(), ['SET']);
  });

  it('exports the spans that compressSpans held back, and then dies of the signal', async () => {
    const env = { APP_SIGNALS: 'not', APP_RUN: 'in a request', OTEL_INSTRUMENTATION_REDIS_COMPRESS_SPANS: 'true' };
    const { signal } = await start(REGISTER, 'signals.cjs', env, ['SIGTERM']);
    assert.equal(signal, 'SIGTERM');
    const names = receiver.take().spans.map(({ name }) => name.split(' ')[0]);
    // SET has no parent.
    assert.deepEqual(names, ['SET', 'GET']);
  });

  const ENDINGS: readonly { title: string; how: string; code: number; sent: boolean }[] = [
    { title: 'keeps its exit code', how: 'code', code: 3, sent: true },
    { title: 'does its late work', how: 'late', code: 0, sent: true },
    { title: 'ends at once where it says so', how: 'exit', code: 4, sent: false },
    { title: 'dies of its own faults', how: 'throw', code: 1, sent: false },
  ];
  for (const { title, how, code, sent } of ENDINGS) {
    it(title, async () => {
      const control = await start([], 'endings.cjs', { APP_ENDING: how });
      const ended = await start(REGISTER, 'endings.cjs', { APP_ENDING: how });
      assert.deepEqual(ended, control);
      assert.equal(ended.code, code);
      const spans = sets();
      if (sent) assert.deepEqual(spans, ['SET']);
    });
  }
});
