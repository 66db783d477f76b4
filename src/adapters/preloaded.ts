// Knows: how to find the copies of redis that were loaded before us, which no module hook will show.
// Must not know: what is patched in them.
import { readFileSync } from 'node:fs';
import { join, sep } from 'node:path';

/** One copy of a package, as far as it is loaded. */
export interface PreloadedCopy {
  readonly module: string;
  readonly version: string | undefined;
  /** Its main file, as a key of `files`. */
  readonly main: string;
  /** Exports by path in the package, with forward slashes. */
  readonly files: ReadonlyMap<string, unknown>;
}

/** Looks through what is loaded for the packages of these names. A bundle has no modules to look through. */
export function findPreloaded(modules: readonly string[]): PreloadedCopy[] {
  const cache = require.cache ?? {};
  const folders = new Map<string, { readonly module: string; readonly files: Map<string, unknown> }>();
  // Greedy: of nested packages the innermost.
  const inPackage = new RegExp(`^(.*/node_modules/(${modules.join('|')}))/(.+)$`);
  for (const [path, loaded] of Object.entries(cache)) {
    const [, folder, module, file] = inPackage.exec(path.split(sep).join('/')) ?? [];
    if (loaded?.loaded !== true || folder === undefined || module === undefined || file === undefined) continue;
    const copy = folders.get(folder) ?? { module, files: new Map() };
    copy.files.set(file, loaded.exports);
    folders.set(folder, copy);
  }
  return [...folders].map(([folder, { module, files }]) => ({ module, files, ...readManifest(folder) }));
}

function readManifest(folder: string): Pick<PreloadedCopy, 'version' | 'main'> {
  try {
    const { version, main = 'index.js' } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return { version: String(version), main: String(main).replace(/^\.\//, '') };
  } catch {
    return { version: undefined, main: 'index.js' };
  }
}
