// Knows: that invalid commands ends without us and with us in the same way, whoever takes it.
// Must not know: how it ends.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type Run, runScript } from '../support/control';
import { type RedisCluster, type RedisServer, startCluster, startStandalone } from '../support/redis-server';
import { IOREDIS_CORE, LEGACY_VERSIONS, titleOf, VERSIONS } from '../support/versions';

const ALL = [...LEGACY_VERSIONS, ...VERSIONS, ...IOREDIS_CORE, 'iovalkey-0.4'] as const;
const LIMIT_MS = 300_000;

describe('invalid commands', function () {
  this.timeout(2 * LIMIT_MS);
  let server: RedisServer;
  let cluster: RedisCluster;
  before(async () => {
    [server, cluster] = await Promise.all([startStandalone(), startCluster({ masters: 1, replicasPerMaster: 0 })]);
  });
  after(() => Promise.all([server.stop(), cluster.stop()]));

  /** For each version how each call ended, and what nobody handled. */
  async function play(mode: 'control' | 'traced', nodeArgs: readonly string[] = []): Promise<Run & { output: Record<string, string[]> }> {
    await server.request('FLUSHALL');
    const args = [server.port, cluster.nodes[0]?.port, ...ALL].map(String);
    const run = await runScript(join(__dirname, 'malformed-calls.cjs'), mode, { args, nodeArgs, timeoutMs: LIMIT_MS });
    assert.notEqual(run.output, undefined, `it printed nothing\n${run.stderr}`);
    return run as Run & { output: Record<string, string[]> };
  }

  it('are refused by every method that takes commands, as without us', async () => {
    const control = await play('control');
    const traced = await play('traced');
    for (const version of ALL) assert.deepEqual(traced.output[version], control.output[version], titleOf(version));
    assert.equal(traced.exitCode, control.exitCode);
    assert.equal(traced.openSpans, 0);
    const counts = ALL.map((version) => `${version}: ${control.output[version]?.length}`);
    console.log(`      ${counts.join(', ')} calls, ${traced.spans.length} spans`);
  });
});
