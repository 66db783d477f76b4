import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_NAME, PACKAGE_VERSION } from '../../src/version';
import { type Installation, installation, manifest, run } from './installation';

describe('the package', () => {
  let installed: Installation;
  before(() => {
    installed = installation();
  });

  it('has the version that its spans and metrics name', () => {
    assert.equal(PACKAGE_VERSION, manifest.version);
  });

  it('contains the build, the page, the documents and the dashboards, nothing else', () => {
    const others = installed.files.filter(
      (path) => !/^(build\/[\w/-]+\.(js|mjs|d\.ts|d\.mts)|docs\/\w+(-\w+)*\.md|page\/\w+\.(html|css|mjs|svg))$/.test(path),
    );
    assert.deepEqual(others.sort(), [
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'README.zh-CN.md',
      'dashboards/grafana/redis.json',
      'dashboards/prometheus/rules.yml',
      'options.schema.json',
      'package.json',
    ]);
  });

  it('shows no type of redis to its users', () => {
    const declarations = installed.files.filter((path) => /\.d\.m?ts$/.test(path));
    assert.ok(declarations.length > 0);
    const found = declarations.filter((path) => /(from|import\() ?['"](redis|@redis\/|@node-redis\/)/.test(read(path)));
    assert.deepEqual(found, []);
  });

  it('has one class, whether required or imported', async () => {
    const program = `
      import { createRequire } from 'node:module';
      import { RedisInstrumentation as imported } from '${PACKAGE_NAME}';
      const require = createRequire(import.meta.url);
      const { RedisInstrumentation: required } = require('${PACKAGE_NAME}');
      console.log(imported === required, new imported() instanceof required, require('${PACKAGE_NAME}/package.json').version);
    `;
    const { stdout, stderr } = await run(['--input-type=module', '--eval', program], { cwd: installed.program('6.3') });
    assert.deepEqual({ stdout, stderr }, { stdout: `true true ${manifest.version}\n`, stderr: '' });
  });

  it('exports processSpan for require and import, which only calls the function if nothing is enabled', async () => {
    const program = `
      import { createRequire } from 'node:module';
      import { processSpan as imported } from '${PACKAGE_NAME}';
      const { processSpan: required } = createRequire(import.meta.url)('${PACKAGE_NAME}');
      console.log(imported === required, imported({ id: '1-1', message: { item: 'tea' } }, ({ message }) => message.item));
    `;
    const { stdout, stderr } = await run(['--input-type=module', '--eval', program], { cwd: installed.program('6.3') });
    assert.deepEqual({ stdout, stderr }, { stdout: 'true tea\n', stderr: '' });
  });

  it('does not load redis itself', async () => {
    const program = `require('${PACKAGE_NAME}'); console.log(Object.keys(require.cache).filter((file) => /node_modules.(redis|@redis|@node-redis)./.test(file)));`;
    const { stdout } = await run(['--eval', program], { cwd: installed.program('6.3') });
    assert.equal(stdout, '[]\n');
  });

  function read(path: string): string {
    return readFileSync(join(installed.package, path), 'utf8');
  }
});
