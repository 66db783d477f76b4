// Knows: where the programs come from that tests and examples start, and how the system's own packages install them.
// Must not know: what they are started for.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

/** A row a program: the names it goes by, its package at Debian and at Homebrew, and what else to say to who has neither. */
const PROGRAMS = {
  redis: {
    names: ['redis-server', 'valkey-server'],
    debian: 'redis-server',
    homebrew: 'redis',
    advice: [
      'Fedora           sudo dnf install -y valkey',
      'Alpine           apk add redis',
      'Docker           docker run --rm -d -p 6379:6379 redis:7',
      '                 and set REDIS_URL=redis://127.0.0.1:6379 (the demo uses it instead of starting a server)',
    ],
  },
  prometheus: {
    names: ['prometheus'],
    debian: 'prometheus',
    homebrew: 'prometheus',
    advice: ['others           https://prometheus.io/download, unpacked, its folder on the PATH'],
  },
  // Comes with prometheus.
  promtool: {
    names: ['promtool'],
    debian: 'prometheus',
    homebrew: 'prometheus',
    advice: ['others           https://prometheus.io/download, unpacked, its folder on the PATH'],
  },
  chromium: {
    names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'],
    debian: 'chromium',
    homebrew: 'chromium',
    advice: ['others           any Chrome or Chromium, its folder on the PATH'],
  },
};

// Where packages put their binaries, for an install that the current PATH does not see.
const PACKAGE_FOLDERS = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin', '/home/linuxbrew/.linuxbrew/bin'];

const found = new Map();

/** Path of a program: from PATH, else installed where that needs no question, else an error that says what to run. */
export function ensureBinary(program) {
  if (!found.has(program)) found.set(program, onPath(program) ?? installed(program));
  return found.get(program);
}

function onPath(program) {
  const path = findIn((process.env.PATH ?? '').split(delimiter), PROGRAMS[program].names);
  if (path !== undefined) announce(program, `using ${path}: found on PATH`);
  return path;
}

function installed(program) {
  const installer = INSTALLERS.find(({ usable }) => usable());
  if (installer === undefined) throw new Error(adviceOn(program));
  announce(program, `none on PATH: installing with ${installer.name}`);
  const failed = installer.commands(PROGRAMS[program]).find((command) => !run(command));
  if (failed !== undefined) throw new Error(`"${failed.join(' ')}" failed.\n${adviceOn(program)}`);
  const path = findIn([...(process.env.PATH ?? '').split(delimiter), ...PACKAGE_FOLDERS], PROGRAMS[program].names);
  if (path === undefined) throw new Error(`${installer.name} reported success, but there is still none.\n${adviceOn(program)}`);
  announce(program, `using ${path}: installed with ${installer.name}`);
  return path;
}

function adviceOn(program) {
  const { names, debian, homebrew, advice } = PROGRAMS[program];
  const ways = [
    `Debian, Ubuntu   sudo apt-get update && sudo apt-get install -y ${debian}`,
    `macOS            brew install ${homebrew}`,
    ...advice,
  ];
  return [`No ${names.join(' or ')} on PATH, and none could be installed here. One of these gives you one:`, ...ways].join('\n  ');
}

const INSTALLERS = [
  {
    name: 'apt-get',
    usable: () => process.getuid?.() === 0 && has('apt-get'),
    commands: ({ debian }) => [
      ['apt-get', 'update'],
      ['apt-get', 'install', '-y', '--no-install-recommends', debian],
    ],
  },
  {
    name: 'Homebrew',
    // Homebrew refuses to run as root.
    usable: () => process.getuid?.() !== 0 && has('brew'),
    commands: ({ homebrew }) => [['brew', 'install', homebrew]],
  },
];

// The installer's own output goes to stderr: stdout belongs to whoever asked for the path. Debian starts the service of
// what it installs; what is wanted is the binary alone.
function run([file, ...args]) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', SYSTEMD_OFFLINE: '1' };
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

function announce(program, text) {
  process.stderr.write(`${program}: ${text}\n`);
}

// node scripts/binaries.mjs redis prometheus …
if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    for (const program of process.argv.slice(2)) process.stdout.write(`${ensureBinary(program)}\n`);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
