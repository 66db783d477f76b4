// Knows: how a program runs without us and with us, from the clone as its user would, and that nobody may notice.
// Must not know: any of the programs.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import { type RedisServer, startStandalone } from '../../scripts/redis-server.mjs';
import { type Ended, run } from '../packaging/installation';
import { type Attributes, type ReceivedSeries, type ReceivedSpan, type Receiver, startReceiver } from '../packaging/receiver';

const ROOT = resolve(__dirname, '../..');
const PACKAGE = 'opentelemetry-instrumentation-redis';
const REGISTER = `--import ${PACKAGE}/register`;
/** What an application that hangs may take before it is told so. */
const PATIENCE_MS = 60_000;

export interface Program {
  /** The command line, with us preloaded. */
  readonly command: string;
  readonly env?: Record<string, string>;
  /** What else is emptied before each run. */
  readonly reset?: () => Promise<unknown>;
  /** It brings us and its SDK along: there is no running it without us. */
  readonly hasOwnSdk?: boolean;
  /** For one that does not end by itself: what is done once it listens, before it is told to end. */
  readonly drive?: (url: string) => Promise<unknown>;
}

export interface Traced {
  readonly stdout: string;
  /** What `drive` returned. */
  readonly driven: unknown;
  /** Ours, in the order they arrived. */
  readonly spans: readonly ReceivedSpan[];
  readonly series: readonly ReceivedSeries[];
}

export interface Stage {
  readonly redis: RedisServer;
  /** Runs a program without us and with us, each time on an empty server; all that it shows must be the same. */
  trace(program: Program): Promise<Traced>;
  stop(): Promise<void>;
}

export async function startStage(): Promise<Stage> {
  const redis = await startStandalone();
  const receiver = await startReceiver();
  return {
    redis,
    trace: (program) => trace(program, redis, receiver),
    stop: async () => {
      await receiver.stop();
      await redis.stop();
    },
  };
}

async function trace(program: Program, redis: RedisServer, receiver: Receiver): Promise<Traced> {
  receiver.take();
  const traced = await runOnce(program, redis, receiver);
  const { spans, series } = receiver.take();
  if (program.hasOwnSdk !== true) {
    const control = await runOnce({ ...program, command: program.command.replace(` ${REGISTER}`, '') }, redis, receiver);
    assert.deepEqual(traced, control, 'the program, or who talks to it, sees a difference');
    assert.deepEqual(receiver.take(), { spans: [], series: [], events: [] }, 'the control is traced');
  }
  return { stdout: traced.stdout, driven: traced.driven, spans: spans.filter(({ scope }) => scope === PACKAGE), series };
}

async function runOnce(
  { command, env, reset, drive }: Program,
  redis: RedisServer,
  receiver: Receiver,
): Promise<Ended & { driven: unknown }> {
  for (const words of ['FLUSHALL', 'SCRIPT FLUSH']) await redis.request(...words.split(' '));
  await reset?.();
  let driven: unknown;
  const converse = async (child: ChildProcess, line: string): Promise<void> => {
    const port = /listening on (\d+)/.exec(line)?.[1];
    if (drive === undefined || port === undefined) return;
    driven = await drive(`http://127.0.0.1:${port}`).catch((error: unknown) => error);
    child.kill('SIGTERM');
  };
  const telemetry = { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
  const ended = await run(['-euc', command], {
    file: 'bash',
    cwd: ROOT,
    env: { REDIS_URL: redis.url, PORT: '0', ...telemetry, ...env },
    timeoutMs: PATIENCE_MS,
    onLine: converse,
  });
  assert.equal(ended.stderr, '');
  // A port is another each time.
  return { ...ended, stdout: ended.stdout.replace(/listening on \d+/, 'listening'), driven };
}

/** The texts of the commands, in order. */
export function texts(spans: readonly ReceivedSpan[]): unknown[] {
  return spans.map(({ attributes }) => attributes['db.query.text']);
}

/** All series of a metric with these attributes, added up; undefined if there is none. */
export function totalOf(series: readonly ReceivedSeries[], metric: string, attributes: Attributes = {}): number | undefined {
  const wanted = Object.entries(attributes);
  const found = series.filter((one) => one.metric === metric && wanted.every(([name, value]) => one.attributes[name] === value));
  return found.length === 0 ? undefined : found.reduce((total, { value }) => total + value, 0);
}
