// Builds the package: the compiler's output, then all rooms as one file. With --if-stale only where a source is newer
// than what was built: `npm ci` has just built it.
// Knows: what the build is made of. Must not know: who needs it.
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
// What is made last.
const BUILT = join(ROOT, 'build/instrumentation.js');
const INPUTS = ['package.json', 'package-lock.json', 'tsconfig.json'];

if (!process.argv.includes('--if-stale') || isStale()) build();

function isStale() {
  const builtAt = changedAt(BUILT);
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true }).map((name) => join('src', name));
  return [...INPUTS, ...sources].some((name) => changedAt(join(ROOT, name)) > builtAt);
}

function changedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function build() {
  rmSync(join(ROOT, 'build'), { recursive: true, force: true });
  // Npm puts the binaries of the dependencies on the path.
  for (const command of ['tsc', 'npm run build:bundle']) {
    const { status } = spawnSync(command, { cwd: ROOT, stdio: 'inherit', shell: true });
    if (status !== 0) process.exit(status ?? 1);
  }
}
