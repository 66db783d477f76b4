// Knows: how an application's bundle is made, with redis inside.
// Must not know: what the application does, how it is traced.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { folderOf } from './versions';

/** The ways people bundle for node. */
export const BUNDLES = ['cjs', 'cjs minified', 'esm'] as const;
export type BundleKind = (typeof BUNDLES)[number];

// What esbuild's users add, for the packages inside that require modules of node.
const BANNER = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

let folder: string | undefined;
let count = 0;

/** Bundles ES module source with the redis of a version, and returns the file. Removed with the process. */
export function bundle(version: string, kind: BundleKind, contents: string): string {
  folder ??= newFolder();
  const isEsm = kind === 'esm';
  const outfile = join(folder, `bundle-${count++}.${isEsm ? 'mjs' : 'cjs'}`);
  buildSync({
    stdin: { contents, resolveDir: folderOf(version), loader: 'js' },
    outfile,
    bundle: true,
    platform: 'node',
    format: isEsm ? 'esm' : 'cjs',
    minify: kind === 'cjs minified',
    banner: isEsm ? { js: BANNER } : {},
    // An optional parser of redis 2 that is not installed.
    external: ['hiredis'],
    logLevel: 'error',
  });
  return outfile;
}

function newFolder(): string {
  const created = mkdtempSync(join(tmpdir(), 'bundles-'));
  process.once('exit', () => rmSync(created, { recursive: true, force: true }));
  return created;
}
