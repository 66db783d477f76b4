import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { resolve } from 'node:path';
import fc from 'fast-check';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { IOREDIS_CORE, LEGACY_VERSIONS, titleOf, VERSIONS } from '../support/versions';
import { type Scenario, scenarios } from './scenario';
import type { Played, Task } from './worker';

const RUNS = Number(process.env.FUZZ_RUNS ?? 25);
/** Fixed, so that a build fails for what changed; another by the environment. */
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_126);
const LIMIT_MS = 60_000 + RUNS * 2_000;
const PATH = process.env.FUZZ_PATH;

/** A process that plays scenarios one after the other. */
class Process {
  private constructor(private readonly child: ChildProcess) {}

  static async start(kind: 'traced' | 'control'): Promise<Process> {
    const child = fork(resolve(__dirname, `${kind}-worker.ts`), { execArgv: ['--require', 'tsx/cjs'], serialization: 'advanced' });
    const started = new Process(child);
    await started.answer();
    return started;
  }

  async play(task: Task): Promise<Played> {
    this.child.send(task);
    return (await this.answer()) as Played;
  }

  private answer(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { child } = this;
      const onExit = (code: number | null, signal: NodeJS.Signals | null) => reject(new Error(`the process ended with ${code ?? signal}`));
      child.once('exit', onExit);
      child.once('message', (message) => {
        child.off('exit', onExit);
        resolve(message);
      });
    });
  }

  stop(): void {
    if (this.child.connected) this.child.disconnect();
  }
}

/** Subscribers of redis 4.0 cannot be reached, and get the envelope with the message: docs/versions.md says so. */
function played(scenario: Scenario, version: string): Scenario {
  if (version !== '4.0') return scenario;
  const { propagateChannels: _, ...config } = scenario.setting.config as Record<string, unknown>;
  return { ...scenario, setting: { ...scenario.setting, config } };
}

describe('any sequence of application calls', function () {
  // The search for a smaller scenario has its limit in time, and this is beyond it.
  this.timeout(2 * LIMIT_MS);
  let server: RedisServer;
  let control: Process;
  let traced: Process;
  before(async () => {
    // Rehashing by the clock would change the order of members between two runs.
    server = await startStandalone({ args: ['--activerehashing', 'no'] });
    await start();
  });
  after(async () => {
    stop();
    await server.stop();
  });

  async function renew(): Promise<void> {
    stop();
    await start();
  }

  async function start(): Promise<void> {
    [control, traced] = await Promise.all([Process.start('control'), Process.start('traced')]);
  }

  function stop(): void {
    control.stop();
    traced.stop();
  }

  for (const version of [...LEGACY_VERSIONS, ...VERSIONS, ...IOREDIS_CORE, 'iovalkey-0.4'] as const) {
    it(`ends with ${titleOf(version)} as in a process without us, in ${RUNS} scenarios`, async () => {
      const counts = { steps: 0, failures: 0, spans: 0 };
      const property = fc.asyncProperty(scenarios, async (scenario) => {
        const task = { ...played(scenario, version), version, server: { host: server.host, port: server.port } };
        let isSuspect = true;
        try {
          const expected = await control.play(task);
          const seen = await traced.play(task);
          isSuspect = expected.isStuck || seen.isStuck;
          assert.deepEqual([expected.complaints, seen.complaints], [[], []]);
          assert.deepEqual(seen.lines, expected.lines);
          counts.steps += scenario.steps.length;
          counts.failures += expected.lines.filter((line) => /rejected with|thrown/.test(line)).length;
          counts.spans += seen.spans;
        } finally {
          if (isSuspect) await renew();
        }
      });
      const limits = { interruptAfterTimeLimit: LIMIT_MS, markInterruptAsFailure: true };
      await fc.assert(property, { numRuns: RUNS, seed: SEED, ...limits, ...(PATH && { path: PATH }) });
      console.log(`      ${counts.steps} steps, ${counts.failures} failures and ${counts.spans} spans, seed ${SEED}`);
      assert.ok(counts.spans > 0);
    });
  }
});
