import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { RedisInstrumentationConfig } from '../../src';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { assertQuiet, redisSpans, resetTracing } from '../support/tracing';
import { until } from '../support/waiting';

const SETTINGS: RedisInstrumentationConfig = { compressSpans: true, emptyPolls: false };
/** How often the queue is looked into, by a call that waits for a second. */
const POLLS = 3;

describe('a worker of BullMQ', () => {
  const { Queue, Worker } = createRequire(join(__dirname, '../../examples/bullmq/package.json'))('bullmq');
  let server: RedisServer;
  before(async () => {
    server = await startStandalone();
  });
  after(() => server.stop());
  afterEach(() => assertQuiet());

  /** The names of the spans of a worker that is idle, and of what it does for a job that ends while its queue is paused. */
  async function observe(config: RedisInstrumentationConfig): Promise<{ idle: string[]; busy: string[] }> {
    await server.request('FLUSHALL');
    const connection = { host: server.host, port: server.port, maxRetriesPerRequest: null };
    const queue = new Queue('mail', { connection });
    await queue.waitUntilReady();
    const work = async (): Promise<void> => queue.pause();
    const worker = new Worker('mail', work, { connection, drainDelay: 1 });
    worker.on('error', () => {});
    await worker.waitUntilReady();
    try {
      await calls('bzpopmin', 1);
      resetTracing(config);
      await calls('bzpopmin', POLLS);
      const idle = names();
      const done = new Promise((resolve) => worker.once('completed', resolve));
      await queue.add('welcome', {});
      await done;
      return { idle, busy: names().slice(idle.length) };
    } finally {
      await worker.close(true);
      await queue.close();
    }
  }

  const names = (): string[] => redisSpans().map(({ name }) => name);

  /** Waits for so many more calls of a command. */
  async function calls(command: string, more: number): Promise<void> {
    const count = async (): Promise<number> =>
      Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(String(await server.request('INFO', 'commandstats')))?.[1] ?? 0);
    const before = await count();
    await until(async () => (await count()) >= before + more, command);
  }

  it('has a span of each look into the queue by a script: that it found nothing is not to be seen', async () => {
    const { idle, busy } = await observe(SETTINGS);
    assert.deepEqual([...new Set(idle)], ['evalsha moveToActive']);
    assert.ok(idle.length >= POLLS - 1, `${idle.length} spans`);
    assert.ok(busy.includes('evalsha moveToFinished'));
  });

  it('has none while it is idle if these scripts are ignored by name, and those of its jobs', async () => {
    const { idle, busy } = await observe({ ...SETTINGS, ignoreCommands: ['moveToActive', 'moveStalledJobsToWait'] });
    assert.deepEqual(idle, []);
    assert.ok(busy.includes('evalsha moveToFinished'));
  });

  it('has none at all with requireParentSpan, or if its keys are ignored', async () => {
    assert.deepEqual(await observe({ ...SETTINGS, requireParentSpan: true }), { idle: [], busy: [] });
    const { idle, busy } = await observe({ ...SETTINGS, ignoreKeys: ['bull:*'] });
    assert.deepEqual([idle, busy], [[], []]);
  });
});
