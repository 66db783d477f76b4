// Knows: how much load an application is put under, and what may be left of it.
// Must not know: what the application does.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { runScript } from '../support/control';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { VERSIONS } from './matrix';

const SIZES = { inFlight: 50_000, pipeline: 100_000, clients: 1_000 };
type Load = keyof typeof SIZES;

/** More than what is left without us: what we remember of keys, families and clients is bounded far below. */
const MAX_GROWTH = 2_000_000;
const TIMEOUT_MS = 180_000;

interface Loaded {
  readonly results: object;
  readonly heaps: Readonly<Record<Load, number>>;
  readonly times: Readonly<Record<Load, number>>;
}

describe('load', function () {
  this.timeout(TIMEOUT_MS);
  let server: RedisServer;
  before(async () => {
    server = await startStandalone({ args: ['--maxclients', '2000'] });
  });
  after(() => server.stop());

  for (const version of process.env.FAULT_RUNS === undefined ? ['6.3'] : VERSIONS) {
    it(`of 50,000 commands in flight, batches of 100,000 and 1,000 clients leaves nothing behind (redis ${version})`, async () => {
      const options = { args: [version, `${server.port}`, JSON.stringify(SIZES)], nodeArgs: ['--expose-gc'], timeoutMs: TIMEOUT_MS };
      const control = await runScript(SCRIPT, 'control', options);
      const traced = await runScript(SCRIPT, 'traced', { ...options, sdk: SDK });
      assert.equal(control.exitCode, 0, control.stderr);
      assert.deepEqual([traced.exitCode, traced.openSpans, traced.diagnostics], [0, 0, []], traced.stderr);
      const [without, withUs] = [control.output as Loaded, traced.output as Loaded];
      assert.deepEqual(withUs.results, without.results);
      for (const load of Object.keys(SIZES) as Load[]) {
        show(version, load, without, withUs);
        const growth = withUs.heaps[load] - without.heaps[load];
        assert.ok(growth < MAX_GROWTH, `${load} leaves ${growth} bytes more than without us`);
      }
    });
  }
});

const SCRIPT = join(__dirname, 'app/load.cjs');
const SDK = join(__dirname, 'counting-sdk.cjs');

function show(version: string, load: Load, without: Loaded, withUs: Loaded): void {
  const cell = ({ times, heaps }: Loaded) => `${times[load]} ms, ${Math.round(heaps[load] / 1_024)} KiB left`;
  process.stdout.write(`      redis ${version}, ${SIZES[load]} ${load}: without us ${cell(without)}; with us ${cell(withUs)}\n`);
}
