// Knows: how Node.js, package managers and the packed tarball are installed from the registry, as a user would.
// Must not know: what is then run, or what is expected of it.
import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const APPS = join(ROOT, 'test/packaging/apps');

/** Both lines of the SDK, with the API each is made for. */
export const SDKS = [
  { name: '2.x', sdk: '>=0.203.0 <0.300.0', api: '>=1.9.0 <1.10.0', runsOn: () => true },
  // It asks for Node.js 22.15.
  { name: '3.x', sdk: '>=0.300.0 <0.400.0', api: '>=1.10.0 <1.11.0', runsOn: (node) => node >= 22 },
];

/** The package of a manager, and how it adds packages to the project in the current folder. */
const MANAGERS = {
  npm: { add: ['npm', 'install', '--no-audit', '--no-fund', '--prefer-offline'] },
  // A peer that the registry has is installed; a build script of a dependency is never needed.
  pnpm: { package: 'pnpm', bin: 'pnpm/bin/pnpm.mjs', add: ['add', '--ignore-scripts', '--config.strict-dep-builds=false'] },
  yarn: { package: '@yarnpkg/cli-dist', bin: '@yarnpkg/cli-dist/bin/yarn.js', add: ['add'] },
};

/** Runs a program to its end, whatever that is. */
export function run(file, args, options) {
  return new Promise((resolve) => {
    execFile(file, args, { maxBuffer: 64 * 1024 * 1024, ...options }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? error.signal), stdout, stderr });
    });
  });
}

/** The npm package of a platform's Node.js holds the binary itself; the package `node` would need an install script. */
export async function installNodes(folder, majors) {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const prefix = platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
  const name = [prefix, platform, process.arch].join('-');
  const binaries = new Map();
  for (const major of majors) {
    if (Number.parseInt(process.versions.node, 10) === major) {
      binaries.set(major, process.execPath);
      continue;
    }
    const target = join(folder, `node-${major}`);
    await install('npm', target, [`${name}@${major}`]);
    binaries.set(major, join(target, 'node_modules', name, 'bin/node'));
  }
  for (const [major, binary] of binaries) {
    const { stdout } = await run(binary, ['--version']);
    if (!stdout.startsWith(`v${major}.`)) throw new Error(`${binary} is ${stdout || 'not to be run'}, not ${major}`);
    process.stderr.write(`Node.js ${major} is ${stdout}`);
  }
  return binaries;
}

/** Path of the tarball that npm would publish. */
export async function pack(folder) {
  const packed = await run('npm', ['pack', '--json', '--foreground-scripts=false', '--pack-destination', folder], { cwd: ROOT });
  if (packed.code !== 0) throw new Error(`npm pack failed:\n${packed.stderr}`);
  const [{ filename }] = JSON.parse(packed.stdout.slice(packed.stdout.indexOf('[\n')));
  return join(folder, filename);
}

/** A user's project: the tarball, a redis and an SDK, installed by `manager`, and the programs of test/packaging/apps. */
export async function installApp(manager, folder, { tarball, redis, sdk, others = [] }) {
  const telemetry = [`@opentelemetry/sdk-node@${sdk.sdk}`, `@opentelemetry/instrumentation@${sdk.sdk}`, `@opentelemetry/api@${sdk.api}`];
  await install(manager, folder, [tarball, `redis@${redis}`, ...telemetry, ...others]);
  await cp(APPS, folder, { recursive: true });
  if (Number.parseInt(redis, 10) <= 3) await cp(join(APPS, 'redis-3'), folder, { recursive: true });
  return folder;
}

export async function install(manager, folder, packages) {
  process.stderr.write(`installing with ${manager}: ${packages.map((name) => name.replace(/^\/.*\//, '')).join(' ')}\n`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "name": "app", "private": true }\n');
  const { add, command = add } = await readyManager(manager, folder);
  const [file, ...args] = command;
  const { code, stdout, stderr } = await run(file, [...args, ...packages.map((name) => located(manager, name))], {
    cwd: folder,
    env: await environment(manager),
  });
  if (code !== 0) throw new Error(`${manager} could not install ${packages.join(' ')}:\n${stdout}${stderr}`);
}

/** A package manager is a package itself; it is installed beside the projects, once. */
async function readyManager(manager, folder) {
  const { package: name, bin, add } = MANAGERS[manager];
  if (name === undefined) return { add };
  const home = join(folder, '..', `manager-${manager}`);
  const installed = await readdir(home).catch(() => []);
  if (installed.length === 0) await install('npm', home, [name]);
  return { command: [process.execPath, join(home, 'node_modules', bin), ...add] };
}

function located(manager, name) {
  return manager === 'yarn' && name.startsWith('/') ? `opentelemetry-instrumentation-redis@file:${name}` : name;
}

/** Yarn reads neither npm's configuration nor a project without a lockfile below another; pnpm waits a day for new releases. */
async function environment(manager) {
  if (manager !== 'yarn') return process.env;
  const { stdout } = await run('npm', ['config', 'get', 'registry']);
  const authority = (await run('npm', ['config', 'get', 'cafile'])).stdout.trim();
  return {
    ...process.env,
    YARN_NPM_REGISTRY_SERVER: stdout.trim().replace(/\/$/, ''),
    ...(authority !== '' && authority !== 'null' && { YARN_HTTPS_CA_FILE_PATH: authority }),
    YARN_NODE_LINKER: 'node-modules',
    YARN_ENABLE_TELEMETRY: 'false',
    YARN_ENABLE_SCRIPTS: 'false',
  };
}
