// Knows: how to find copies of some packages that were loaded before us, which no hook has seen.
// Must not know: what is patched in them.
import { type Location, locator, type Manifest, manifestAt } from './packages';

/** One copy of a package, as far as it is loaded. */
export interface PreloadedCopy extends Manifest {
  readonly module: string;
  /** Exports by path in the package, with forward slashes. */
  readonly files: ReadonlyMap<string, unknown>;
}

/** Searches the loaded modules for packages of these names. A bundle has no modules to search. */
export function findPreloaded(modules: readonly string[]): PreloadedCopy[] {
  const locate = locator(modules);
  const folders = new Map<string, Pick<Location, 'module'> & { readonly files: Map<string, unknown> }>();
  for (const [path, loaded] of Object.entries(require.cache ?? {})) {
    const { folder, module, file } = locate(path) ?? {};
    if (loaded?.loaded !== true || folder === undefined || module === undefined || file === undefined) continue;
    const copy = folders.get(folder) ?? { module, files: new Map() };
    copy.files.set(file, loaded.exports);
    folders.set(folder, copy);
  }
  return [...folders].map(([folder, { module, files }]) => ({ module, files, ...manifestAt(folder) }));
}
