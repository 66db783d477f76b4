// Knows: that concurrent calls settle with us in the order in which they settle without us.
// Must not know: what is called, how a version settles it.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type Run, runScript } from '../support/control';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { IOREDIS_CORE, LEGACY_VERSIONS, titleOf, VERSIONS } from '../support/versions';

const ALL = [...LEGACY_VERSIONS, ...VERSIONS, ...IOREDIS_CORE, 'iovalkey-0.4'] as const;
const ROUNDS = Number(process.env.FUZZ_RUNS ?? 25);
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_129);
const LIMIT_MS = 120_000 + ROUNDS * 2_000;

describe('concurrent calls', function () {
  this.timeout(3 * LIMIT_MS);
  let server: RedisServer;
  before(async () => {
    server = await startStandalone();
  });
  after(() => server.stop());

  async function play(mode: 'control' | 'traced' | 'idle'): Promise<Run & { output: Record<string, string[]> }> {
    const args = [server.port, SEED, ROUNDS, ...ALL].map(String);
    const run = await runScript(join(__dirname, 'settle-order.cjs'), mode, { args, timeoutMs: LIMIT_MS });
    assert.notEqual(run.output, undefined, `it printed nothing\n${run.stderr}`);
    return run as Run & { output: Record<string, string[]> };
  }

  it(`settle in one order, traced, unsampled, suppressed or neither, in mixes of all kinds`, async () => {
    const control = await play('control');
    const traced = await play('traced');
    const idle = await play('idle');
    for (const version of ALL) {
      assert.deepEqual(traced.output[version], control.output[version], titleOf(version));
      assert.deepEqual(idle.output[version], control.output[version], `${titleOf(version)}, without an SDK`);
    }
    assert.ok(traced.spans.length > 0);
    assert.equal(traced.openSpans, 0);
    const counts = ALL.map((version) => `${version}: ${control.output[version]?.length}`);
    console.log(`      ${counts.join(', ')} mixes, ${traced.spans.length} spans, seed ${SEED}`);
  });
});
