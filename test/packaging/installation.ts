// Knows: how the packed tarball gets into a user's program, and how that program runs.
// Must not know: what is expected of it.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '../..');
export const PACKAGE = 'opentelemetry-instrumentation-redis';

interface Manifest {
  readonly version: string;
  readonly scripts: Record<string, string>;
  readonly dependencies: Record<string, string>;
  readonly peerDependencies: Record<string, string>;
  readonly peerDependenciesMeta: Record<string, { readonly optional?: boolean }>;
}

export const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;

/** A folder with the tarball unpacked in `node_modules`, and one program folder per redis version. */
export interface Installation {
  readonly folder: string;
  readonly tarball: string;
  /** The files of the tarball. */
  readonly files: readonly string[];
  /** The folder of the installed package. */
  readonly package: string;
  /** The programs of ./apps beside a redis of this version; with `sdk`, beside the SDK too, and with `auto`, beside auto-instrumentations. */
  program(version: string, options?: { readonly sdk?: boolean; readonly auto?: boolean }): string;
  /** A tree of its own: a copy of the package, which finds the packages of `links` and those of `others`, by whose folder has them. */
  tree(name: string, links: readonly string[], others?: Readonly<Record<string, string>>): string;
}

let installed: Installation | undefined;

/** Made once for all tests, and removed with the process. */
export function installation(): Installation {
  installed ??= install();
  return installed;
}

/**
 * The tarball is the one `npm pack` makes, but a registry cannot be asked in a test: what it declares is linked from
 * our own node_modules, and nothing else is, so that an undeclared import fails. The matrix installs with npm.
 */
function install(): Installation {
  const folder = mkdtempSync(join(tmpdir(), 'installation-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const [packed] = JSON.parse(npm('pack', '--json', '--ignore-scripts', '--pack-destination', folder)) as [Packed];
  const target = join(folder, 'node_modules', PACKAGE);
  mkdirSync(target, { recursive: true });
  execFileSync('tar', ['-xzf', join(folder, packed.filename), '-C', target, '--strip-components=1']);
  for (const name of [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)]) {
    if (manifest.peerDependenciesMeta[name]?.optional !== true) link(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  }
  return {
    folder,
    tarball: join(folder, packed.filename),
    files: packed.files.map(({ path }) => path),
    package: target,
    tree: (name, links, others = {}) => tree(join(folder, 'trees', name), target, links, others),
    program: (version, { sdk = true, auto = false } = {}) => {
      const companions = [...(sdk ? ['sdk-node'] : []), ...(auto ? ['auto-instrumentations-node'] : [])];
      return program(join(folder, ['with', ...companions].join('-'), version), version, companions);
    },
  };
}

function tree(folder: string, ours: string, links: readonly string[], others: Readonly<Record<string, string>>): string {
  cpSync(ours, join(folder, 'node_modules', PACKAGE), { recursive: true });
  const all = { ...Object.fromEntries([...Object.keys(manifest.dependencies), ...links].map((name) => [name, '.'])), ...others };
  for (const [name, home] of Object.entries(all)) link(join(ROOT, home, 'node_modules', name), join(folder, 'node_modules', name));
  return folder;
}

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

function npm(...args: string[]): string {
  const output = execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return output.slice(output.indexOf('[\n'));
}

function program(folder: string, version: string, companions: readonly string[]): string {
  if (existsSync(folder)) return folder;
  cpSync(join(__dirname, 'apps'), folder, { recursive: true });
  const own = join(ROOT, 'test/versions', `redis-${version}`, 'node_modules/redis');
  link(existsSync(own) ? own : join(ROOT, 'node_modules/redis'), join(folder, 'node_modules/redis'));
  for (const name of companions.map((companion) => `node_modules/@opentelemetry/${companion}`)) link(join(ROOT, name), join(folder, name));
  return folder;
}

function link(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  symlinkSync(from, to);
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Run {
  readonly cwd: string;
  readonly env?: Record<string, string>;
  /** Default: this node. */
  readonly file?: string;
  /** After which it is killed. Default: never. */
  readonly timeoutMs?: number;
  /** Called once the program has printed a line. */
  readonly onLine?: (child: ChildProcess, line: string) => void;
}

/** Runs a program, node by default, to its end. Nothing of our own environment's telemetry comes along. */
export function run(args: readonly string[], { cwd, env = {}, file = process.execPath, timeoutMs, onLine }: Run): Promise<Ended> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('OTEL_') && name !== 'NODE_OPTIONS');
  const child = spawn(file, args, {
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    cwd,
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
    onLine?.(child, String(chunk).trim());
  });
  return new Promise((settle, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => settle({ code, signal, stdout, stderr }));
  });
}
