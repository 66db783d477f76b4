// Knows: which files of which packages have to be found when they are loaded.
// Must not know: how a load is observed, what is patched in a file.
import type { Report } from '../core/recorder';
import { LoadHook } from './load-hook';
import { locator, type Manifest, manifestAt } from './packages';

/** A file that is patched or watched. */
export interface HookedFile {
  readonly module: string;
  /** undefined: the module's main export. */
  readonly file: string | undefined;
  /** Called with the file's exports whenever a copy of it is loaded. */
  onLoad(moduleExports: unknown, version: string | undefined): void;
}

/** Waits for files to be loaded, in every copy of their packages. */
export class WatchedFiles {
  private readonly files: ReadonlyMap<string, HookedFile>;
  private readonly locate: ReturnType<typeof locator>;
  private readonly hook = new LoadHook((path, moduleExports) => this.see(path, moduleExports));
  /** One for each copy of a package, by its folder. */
  private readonly manifests = new Map<string, Manifest>();

  constructor(
    files: readonly HookedFile[],
    private readonly report: Report,
  ) {
    this.files = new Map(files.map((file) => [nameOf(file.module, file.file), file]));
    this.locate = locator([...new Set(files.map(({ module }) => module))]);
  }

  start(): void {
    this.hook.start();
  }

  stop(): void {
    this.hook.stop();
  }

  private see(path: string, moduleExports: () => unknown): void {
    const location = this.locate(path);
    if (location === undefined) return;
    try {
      const { version, main } = this.manifestOf(location.folder);
      const file = location.file === main ? undefined : location.file;
      this.files.get(nameOf(location.module, file))?.onLoad(moduleExports(), version);
    } catch (error) {
      this.report(`${path} could not be inspected`, error);
    }
  }

  private manifestOf(folder: string): Manifest {
    const manifest = this.manifests.get(folder) ?? manifestAt(folder);
    this.manifests.set(folder, manifest);
    return manifest;
  }
}

/** @param file undefined: the main export */
function nameOf(module: string, file: string | undefined): string {
  return `${module}/${file ?? ''}`;
}
