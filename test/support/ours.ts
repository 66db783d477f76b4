// Knows: our source as one file of plain JavaScript, for processes and realms that would translate it for longer than they test.
// Must not know: who loads it.
import { mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';

const ROOT = resolve(__dirname, '../..');
let file: string | undefined;

/** Its path: in the clone, where it finds its packages. Made of the source as it is, once for a run, and removed after it. */
export function ourBundle(): string {
  file ??= made();
  return file;
}

function made(): string {
  const folder = mkdtempSync(join(ROOT, 'node_modules/.ours-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const outfile = join(folder, 'index.cjs');
  buildSync({
    entryPoints: [join(ROOT, 'src/index.ts')],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    keepNames: true,
    logLevel: 'error',
  });
  return outfile;
}
