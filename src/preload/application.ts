// Knows: where the application keeps its packages, and how our files come to use its copy of the OpenTelemetry API.
// Must not know: anything of that API: this file decides which copy is loaded.
import { realpathSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { preloadsOf } from './command-line';

/** The package is optional: applications with another SDK preload `hook`. */
export const SDK = '@opentelemetry/sdk-node';

/** The package with which an SDK reads its configuration file. */
export const CONFIGURATION = '@opentelemetry/configuration';

const AUTO_INSTRUMENTATIONS = '@opentelemetry/auto-instrumentations-node';
const API = '@opentelemetry/api';
const INSTRUMENTATION = '@opentelemetry/instrumentation';
/** The doctor's probe, which is loaded from wherever the doctor was started. */
const PROBE = /[\\/]build[\\/]cli[\\/]doctor[\\/]probe\.js$/;

const OURS = resolve(__dirname, '..');

type Resolve = (
  this: unknown,
  request: string,
  parent: { readonly filename?: string | null } | undefined,
  isMain: boolean,
  options?: { readonly paths?: readonly string[] },
) => string;

/**
 * Runs `load`, which loads our files. Two copies of the API that differ do not work together, and nothing reports it.
 * So if our files are outside the application's tree, they use the copy of the package that starts the SDK: `sdk` if
 * we start it, or else a file preloaded beside us, or the application. In the application's own tree they get that
 * copy anyway, and nothing is changed.
 */
export function withPeersOfApplication<T>(load: () => T, sdk?: string): T {
  const folders = [sdk && dirname(sdk), ...preloadedFolders(), scriptFolder(), workingFolder()];
  const own = find(API, [OURS]);
  const theirs = find(API, folders);
  const peers = new Map<string, string | undefined>([
    [API, theirs === own ? undefined : theirs],
    [INSTRUMENTATION, find(INSTRUMENTATION, [OURS]) === undefined ? find(INSTRUMENTATION, folders) : undefined],
  ]);
  return [...peers.values()].some((path) => path !== undefined) ? withResolved(peers, load) : load();
}

/**
 * Finds the SDK. The application's own copy comes first: its code was written for it.
 * @param beside a file of the application whose package may be the only one that has an SDK
 */
export function findSdk(beside?: string): string | undefined {
  return find(SDK, [beside && dirname(beside), scriptFolder(), workingFolder(), OURS]);
}

/** Finds the package that records more than Redis. */
export function findAutoInstrumentations(): string | undefined {
  return find(AUTO_INSTRUMENTATIONS, [scriptFolder(), workingFolder()]);
}

/** Finds the copy of a package that a file would load. */
export function findBeside(file: string, name: string): string | undefined {
  return find(name, [dirname(file)]);
}

/** Finds the copy that the SDK, or a distribution of it, uses. */
export function findConfiguration(): string | undefined {
  const sdk = findSdk();
  return find(CONFIGURATION, [sdk && dirname(sdk), ...preloadedFolders(), scriptFolder(), workingFolder()]);
}

/** Returns the path of the first copy of a package that is found from one of the folders. */
function find(name: string, folders: readonly (string | undefined)[]): string | undefined {
  for (const folder of folders) {
    if (folder === undefined) continue;
    try {
      return createRequire(join(folder, 'any')).resolve(name);
    } catch {
      // The package is not there: try the next folder.
    }
  }
  return undefined;
}

/** undefined: the folder was deleted, for example because the program was replaced while it runs. */
function workingFolder(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

function scriptFolder(): string | undefined {
  const script = process.argv[1];
  if (script === undefined) return undefined;
  try {
    return dirname(realpathSync(script));
  } catch {
    return undefined;
  }
}

/** All of our files that need a peer dependency are loaded in `load`. */
function withResolved<T>(peers: ReadonlyMap<string, string | undefined>, load: () => T): T {
  const loader = Module as unknown as { _resolveFilename: Resolve };
  const original = loader._resolveFilename;
  loader._resolveFilename = function (request, parent, ...rest) {
    const path = parent?.filename?.startsWith(OURS + sep) === true ? peers.get(request) : undefined;
    return path ?? original.call(this, request, parent, ...rest);
  };
  try {
    return load();
  } finally {
    loader._resolveFilename = original;
  }
}

/** The folders of the other preloaded files, such as the file of the Kubernetes operator. */
function preloadedFolders(): string[] {
  const files = preloadsOf(process.execArgv, process.env.NODE_OPTIONS).map(fileOf);
  return files.flatMap((file) =>
    file === undefined || file.startsWith(OURS + sep) || PROBE.test(file) ? [] : [dirname(file)],
  );
}

function fileOf(name: string): string | undefined {
  try {
    return name.startsWith('file:')
      ? fileURLToPath(name)
      : createRequire(join(workingFolder() ?? '/', 'any')).resolve(name);
  } catch {
    return undefined;
  }
}
