import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Ended, run } from '../packaging/installation';
import { until } from '../support/waiting';
import { REGISTER } from './cases/case';
import { Setup } from './programs';

const PERMISSION = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission';

describe('the doctor, in unusual environments', () => {
  let setup: Setup;
  let own: string;
  before(async () => {
    setup = await Setup.open();
    own = mkdtempSync(join(setup.program, 'own-'));
  });
  after(() => setup.close());

  function isHealthy({ code, stdout, stderr }: Ended): void {
    assert.match(stdout, /^healthy: Redis commands are traced$/m, `${stdout}\n${stderr}`);
    assert.equal(code, 0);
  }

  it('observes a program without write permission', async () => {
    isHealthy(await setup.examine({ flags: [PERMISSION, '--allow-fs-read=*', ...REGISTER] }));
  });

  it('uses another folder if that of the system does not exist', async () => {
    isHealthy(await setup.examine({ flags: REGISTER, env: { TMPDIR: join(own, 'nowhere') } }));
  });

  it("is preloaded after a resolver of packages, like Yarn's", async () => {
    const preload = join(own, 'with blank', '.pnp.cjs');
    mkdirSync(join(own, 'with blank'));
    writeFileSync(preload, 'if (Object.keys(require.cache).some((file) => file.endsWith("probe.js"))) process.exit(9);');
    isHealthy(await setup.examine({ flags: REGISTER, env: { NODE_OPTIONS: `--no-warnings --require "${preload}"` } }));
  });

  it('observes a program whose folder was deleted', async () => {
    const gone = mkdtempSync(join(own, 'gone-'));
    const register = join(setup.installed.package, 'build/register.js');
    const app = setup.write(setup.program, 'require("../commonjs.cjs");');
    const line = `rmdir "${gone}" && exec "${process.execPath}" "${setup.main}" doctor -- node --require "${register}" "${app}"`;
    isHealthy(await run(['-c', line], { file: 'sh', cwd: gone, env: setup.environment() }));
  });

  it('leaves nothing behind when it is interrupted twice', async () => {
    const folder = mkdtempSync(join(own, 'tmp-'));
    const app = `for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => console.error('heard'));
      console.error('pid', process.pid); setInterval(() => {}, 1_000);`;
    const args = [setup.main, 'doctor', '--', 'node', setup.write(setup.program, app)];
    const child = spawn(process.execPath, args, { env: { ...process.env, TMPDIR: folder }, stdio: ['ignore', 'ignore', 'pipe'] });
    let pid = 0;
    for await (const text of child.stderr) {
      pid ||= Number(/^pid (\d+)$/m.exec(String(text))?.[1]);
      // Both: when it has begun, and when it has heard of the first.
      child.kill('SIGINT');
    }
    const code = child.exitCode ?? (await once(child, 'exit'))[0];
    assert.equal(code, 130);
    assert.deepEqual(readdirSync(folder), []);
    await until(() => !isAlive(pid), 'the program has ended');
    rmSync(folder, { recursive: true });
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
