// Knows: which modules this process has loaded, and their packages.
// Must not know: their purpose.
import { readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { PACKAGE_NAME } from '../../version';
import type { LoadedInstrumentation, LoadedPackage } from './snapshot';

const manifests = new Map<string, { readonly name?: unknown; readonly version?: unknown } | undefined>();

/**
 * Every copy of the named packages and of those of OpenTelemetry. The pattern is greedy: of nested packages it finds
 * the innermost.
 */
export function loadedPackages(names: readonly string[]): LoadedPackage[] {
  const inPackage = new RegExp(`^(.*/node_modules/(${names.join('|')}|@opentelemetry/[^/]+))/`);
  const found = new Map<string, LoadedPackage>();
  for (const [order, file] of loadedFiles().entries()) {
    const [, folder, name] = inPackage.exec(file) ?? [];
    if (folder === undefined || name === undefined || found.has(folder)) continue;
    found.set(folder, { name, version: versionAt(folder), folder, order });
  }
  return [...found.values()];
}

/** Our package can be anywhere: it may be linked, or be outside the application's tree. */
export function loadedInstrumentation(): LoadedInstrumentation | undefined {
  const entries: string[] = [];
  let first: { readonly folder: string; readonly order: number } | undefined;
  for (const [order, file] of loadedFiles().entries()) {
    const [, folder, entry] = /^(.*)\/build\/(hook|register|instrumentation)\.js$/.exec(file) ?? [];
    if (folder === undefined || entry === undefined || !isOurs(folder)) continue;
    first ??= { folder, order };
    entries.push(entry);
  }
  return first && { name: PACKAGE_NAME, version: versionAt(first.folder), ...first, entries };
}

function isOurs(folder: string): boolean {
  return manifestAt(folder)?.name === PACKAGE_NAME;
}

/** In the order in which their loading began. */
function loadedFiles(): string[] {
  return Object.keys(require.cache ?? {}).map((file) => file.split(sep).join('/'));
}

function versionAt(folder: string): string {
  const version = manifestAt(folder)?.version;
  return typeof version === 'string' ? version : 'unknown';
}

function manifestAt(folder: string) {
  if (!manifests.has(folder)) manifests.set(folder, readManifest(folder));
  return manifests.get(folder);
}

function readManifest(folder: string) {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: unknown; version?: unknown };
  } catch {
    return undefined;
  }
}

/** The folder and the name of the innermost package that contains a file. */
export function packageOf(file: string): { readonly folder: string; readonly name: string } | undefined {
  const [, folder, name] = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(file.split(sep).join('/')) ?? [];
  return folder === undefined || name === undefined ? undefined : { folder, name };
}
