// Knows: which package a file belongs to, and what its manifest says.
// Must not know: which packages are of interest, whether they are loaded.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Location {
  readonly module: string;
  readonly folder: string;
  /** The path in the package, with forward slashes. */
  readonly file: string;
}

export interface Manifest {
  readonly version: string | undefined;
  /** The path of the main file in the package. */
  readonly main: string;
}

/** Finds the package of a file, if it is one of `modules`. Of nested packages it is the innermost. */
export function locator(modules: readonly string[]): (path: string) => Location | undefined {
  const names = modules.map((name) => name.replace('/', '[\\\\/]')).join('|');
  const inPackage = new RegExp(`^(.*[\\\\/]node_modules[\\\\/](${names}))[\\\\/](.+)$`);
  return (path) => {
    const [, folder, module, file] = inPackage.exec(path) ?? [];
    if (folder === undefined || module === undefined || file === undefined) return undefined;
    return { folder, module: withSlashes(module), file: withSlashes(file) };
  };
}

function withSlashes(path: string): string {
  return path.replaceAll('\\', '/');
}

export function manifestAt(folder: string): Manifest {
  try {
    const { version, main = 'index.js' } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return { version: String(version), main: String(main).replace(/^\.\//, '') };
  } catch {
    return { version: undefined, main: 'index.js' };
  }
}
