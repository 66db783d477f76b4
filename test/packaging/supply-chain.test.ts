import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { installation, manifest, PACKAGE } from './installation';

const ROOT = resolve(__dirname, '../..');
const WORKFLOWS = join(ROOT, '.github/workflows');

interface Locked {
  readonly link?: boolean;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Record<string, string>;
}

interface Workflow {
  readonly permissions: Record<string, string>;
  readonly jobs: Record<string, { readonly permissions?: Record<string, string>; readonly steps: readonly { readonly uses?: string }[] }>;
}

describe('the supply chain', () => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as { packages: Record<string, Locked> };

  it('is locked: every dependency has a hash', () => {
    const others = Object.entries(packages).filter(([path, { link }]) => path.includes('node_modules/') && link !== true);
    assert.ok(others.length > 0);
    assert.deepEqual(
      others.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([path]) => path),
      [],
    );
  });

  it('ships no built file without a source here', () => {
    const sourceOf = (path: string) => path.replace(/^build/, 'src').replace(/(?:\.d)?\.(m?)[jt]s$/, '.$1ts');
    const built = installation().files.filter((path) => path.startsWith('build/'));
    assert.ok(built.length > 0);
    assert.deepEqual(
      built.filter((path) => !existsSync(join(ROOT, sourceOf(path)))),
      [],
    );
  });

  it("runs no install script on users' machines, neither ours nor of a dependency", () => {
    const { scripts } = manifest;
    assert.deepEqual(
      ['preinstall', 'install', 'postinstall'].filter((name) => name in scripts),
      [],
    );
    // npm would build it, unasked.
    assert.ok(!installation().files.includes('binding.gyp'));
    const pending = Object.keys(manifest.dependencies);
    for (const name of pending) {
      const { hasInstallScript, dependencies = {} } = packages[`node_modules/${name}`] as Locked;
      assert.notEqual(hasInstallScript, true, name);
      pending.push(...Object.keys(dependencies).filter((one) => !pending.includes(one)));
    }
    assert.deepEqual(pending, ['shimmer']);
  });

  it('builds a clone by `prepare`, which does not run where the tarball is installed', () => {
    const folder = mkdtempSync(join(tmpdir(), 'consumer-'));
    try {
      const { tarball } = installation();
      const beside = { shimmer: `file:${join(ROOT, 'node_modules/shimmer')}` };
      writeFileSync(
        join(folder, 'package.json'),
        JSON.stringify({ private: true, dependencies: { [PACKAGE]: `file:${tarball}`, ...beside } }),
      );
      // There is no compiler here: a `prepare` that ran would fail.
      execFileSync('npm', ['install', '--offline', '--legacy-peer-deps', '--no-audit', '--no-fund', `--cache=${join(folder, 'cache')}`], {
        cwd: folder,
        stdio: 'pipe',
      });
      const installed = join(folder, 'node_modules', PACKAGE);
      assert.equal(statSync(join(installed, 'build/index.js')).isFile(), true);
      assert.deepEqual(
        readdirSync(join(folder, 'node_modules'))
          .filter((name) => !name.startsWith('.'))
          .sort(),
        [PACKAGE, 'shimmer'],
      );
      assert.ok(!existsSync(join(installed, 'src')));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  for (const file of readdirSync(WORKFLOWS)) {
    it(`has minimal permissions in ${file}, and pins actions to commits`, () => {
      const { permissions, jobs } = parse(readFileSync(join(WORKFLOWS, file), 'utf8')) as Workflow;
      const granted = [permissions, ...Object.values(jobs).map((job) => job.permissions ?? {})].flatMap(Object.entries);
      const writes = granted.filter(([, level]) => level !== 'read').map(([scope]) => scope);
      // An identity to publish by; nothing of the repository.
      assert.deepEqual(writes, file === 'publish.yml' ? ['id-token'] : []);
      const actions = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ uses }) => uses ?? []));
      assert.ok(actions.length > 0);
      for (const action of actions) assert.match(action, /^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
    });
  }
});
