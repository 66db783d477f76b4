import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { installation } from './installation';

const { join: joinPath, dirname } = posix;

/** What users name, by `exports`, `bin` or a path, and the preloads of the doctor and the view. */
const ENTRIES = ['index', 'hook', 'register'].flatMap((name) => ['.js', '.mjs', '.d.ts', '.d.mts'].map((end) => `build/${name}${end}`));
const PROGRAMS = ['build/cli/main.js', 'build/cli/doctor/probe.js', 'build/preload/view.js'];

/** `require('./x')`, `from './x'`, `import('./x')`. */
const SPECIFIER = /(?:\b(?:require|import)\(|\b(?:from|import) )['"](\.\.?\/[^'"]+)['"]/g;

describe('the build and the package', () => {
  let shipped: ReadonlySet<string>;
  let folder: string;
  before(() => {
    const { files, package: installed } = installation();
    shipped = new Set(files);
    folder = installed;
  });

  /** The shipped file that a specifier means; in words, where there is none. */
  function resolved(specifier: string, from: string): string {
    const path = joinPath(dirname(from), specifier).replace(/\.m?js$/, '');
    const ends = /\.d\.m?ts$/.test(from) ? ['.d.ts', '.d.mts', '/index.d.ts'] : ['.js', '.mjs', '/index.js'];
    return ends.map((end) => path + end).find((file) => shipped.has(file)) ?? `${specifier} of ${from}`;
  }

  it('are exactly what the entries load and declare: bundled modules are included once', () => {
    const reached = new Set([...ENTRIES, ...PROGRAMS]);
    for (const file of reached) {
      if (!shipped.has(file)) continue;
      for (const [, specifier = ''] of readFileSync(join(folder, file), 'utf8').matchAll(SPECIFIER)) reached.add(resolved(specifier, file));
    }
    const idle = [...shipped].filter((file) => file.startsWith('build/') && !reached.has(file));
    const missing = [...reached].filter((file) => !shipped.has(file));
    assert.deepEqual({ idle, missing }, { idle: [], missing: [] });
  });

  it('require the API once for all files of ours that use it, and once as a whole', () => {
    const code = readFileSync(join(folder, 'build/instrumentation.js'), 'utf8');
    assert.equal(code.split('require("@opentelemetry/api")').length - 1, 2);
  });
});
