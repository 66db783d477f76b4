// Knows: where a redis-server or valkey-server comes from, and how to install one with the system's own packages.
// Must not know: what it is started for.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

const NAMES = ['redis-server', 'valkey-server'];

// Where packages put their binaries, for an install that the current PATH does not see.
const PACKAGE_FOLDERS = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin', '/home/linuxbrew/.linuxbrew/bin'];

const ADVICE = `No redis-server or valkey-server on PATH, and none could be installed here. One of these gives you one:
  Debian, Ubuntu   sudo apt-get update && sudo apt-get install -y redis-server
  Fedora           sudo dnf install -y valkey
  Alpine           apk add redis
  macOS            brew install redis
  Docker           docker run --rm -d -p 6379:6379 redis:7
                   and set REDIS_URL=redis://127.0.0.1:6379 (the demo uses it instead of starting a server)`;

let found;

/** Path of a server binary: from PATH, else installed where that needs no question, else an error that says what to run. */
export function ensureRedisBinary() {
  found ??= onPath() ?? installed();
  return found;
}

function onPath() {
  const path = findIn((process.env.PATH ?? '').split(delimiter), NAMES);
  if (path !== undefined) announce(`using ${path}: found on PATH`);
  return path;
}

function installed() {
  const installer = INSTALLERS.find(({ usable }) => usable());
  if (installer === undefined) throw new Error(ADVICE);
  announce(`none on PATH: installing with ${installer.name}`);
  const failed = installer.commands.find((command) => !run(command));
  if (failed !== undefined) throw new Error(`"${failed.join(' ')}" failed.\n${ADVICE}`);
  const path = findIn([...(process.env.PATH ?? '').split(delimiter), ...PACKAGE_FOLDERS], NAMES);
  if (path === undefined) throw new Error(`${installer.name} reported success, but there is still no server.\n${ADVICE}`);
  announce(`using ${path}: installed with ${installer.name}`);
  return path;
}

const INSTALLERS = [
  {
    name: 'apt-get',
    usable: () => process.getuid?.() === 0 && has('apt-get'),
    commands: [
      ['apt-get', 'update'],
      ['apt-get', 'install', '-y', '--no-install-recommends', 'redis-server'],
    ],
  },
  {
    name: 'Homebrew',
    // Homebrew refuses to run as root.
    usable: () => process.getuid?.() !== 0 && has('brew'),
    commands: [['brew', 'install', 'redis']],
  },
];

// The installer's own output goes to stderr: stdout belongs to whoever asked for the path.
function run([file, ...args]) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync(file, args, { env, stdio: ['ignore', 2, 2] }).status === 0;
}

function has(name) {
  return findIn((process.env.PATH ?? '').split(delimiter), [name]) !== undefined;
}

function findIn(folders, names) {
  const candidates = folders.filter(Boolean).flatMap((folder) => names.map((name) => join(folder, name)));
  return candidates.find(isExecutable);
}

function isExecutable(path) {
  if (!existsSync(path)) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function announce(text) {
  process.stderr.write(`redis server: ${text}\n`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    process.stdout.write(`${ensureRedisBinary()}\n`);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
