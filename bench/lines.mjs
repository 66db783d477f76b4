// Knows: the two generations of OpenTelemetry, and how an application of each is installed in a folder of its own.
// Must not know: what is measured there.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const OURS = 'opentelemetry-instrumentation-redis';
const REPOSITORY = new URL('..', import.meta.url).pathname;

export const REDIS_VERSIONS = { 4.7: '4.7.1', 5.12: '5.12.1', 6.3: '6.3.1' };

/** The incumbent's version is the newest whose own dependency fits the instrumentation API of the line. */
const LINES = {
  2: {
    title: 'SDK 2.x',
    dependencies: {
      '@opentelemetry/api': '~1.9.1',
      '@opentelemetry/context-async-hooks': '~2.12.0',
      '@opentelemetry/instrumentation': '~0.223.0',
      '@opentelemetry/instrumentation-redis': '0.71.0',
      '@opentelemetry/sdk-metrics': '~2.12.0',
      '@opentelemetry/sdk-trace': '~2.12.0',
    },
  },
  3: {
    title: 'SDK 3.x',
    node: '24',
    // It wants Node 22.
    peers: ['dd-trace'],
    dependencies: {
      '@opentelemetry/api': '~1.10.0',
      '@opentelemetry/context-async-hooks': '^3.1.1',
      '@opentelemetry/instrumentation': '~0.301.0',
      '@opentelemetry/instrumentation-redis': '0.72.0',
      '@opentelemetry/sdk-metrics': '^3.1.1',
      '@opentelemetry/sdk-trace': '^3.1.1',
      'dd-trace': '~6.21.0',
    },
  },
};

/** Installs a line, or finds it installed by an earlier run, and puts our build of now into it. */
export async function prepareLine(number) {
  const { title, node, peers = [], dependencies: own } = LINES[number];
  const nodePackage = `node-${process.platform}-${process.arch}`;
  const ours = JSON.parse(await readFile(join(REPOSITORY, 'package.json'), 'utf8'));
  const dependencies = { ...ours.dependencies, ...own, ...(node === undefined ? {} : { [nodePackage]: node }) };
  const folder = await install(dependencies);
  await placeOurs(folder);
  const executable = node === undefined ? process.execPath : join(folder, 'node_modules', nodePackage, 'bin', 'node');
  const { stdout } = await execute(executable, ['--version']);
  return { number, folder, executable, peers, title: `${title}, Node ${stdout.trim().slice(1)}`, versions: await versionsIn(folder, own) };
}

/** One workspace for each redis, each loaded from its own folder, as an application would. */
async function install(dependencies) {
  const key = JSON.stringify([dependencies, REDIS_VERSIONS, process.platform, process.arch]);
  const folder = join(tmpdir(), `${OURS}-bench`, createHash('sha256').update(key).digest('hex').slice(0, 12));
  const done = join(folder, '.installed');
  if (existsSync(done)) return folder;
  process.stderr.write('installing what is compared, once …\n');
  await rm(folder, { recursive: true, force: true });
  for (const [name, version] of Object.entries(REDIS_VERSIONS)) {
    const application = join(folder, 'redis', name);
    await mkdir(application, { recursive: true });
    await writePackage(application, { name: `application-${name}`, dependencies: { redis: version } });
  }
  await writePackage(folder, { name: 'bench', workspaces: ['redis/*'], dependencies });
  await execute('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--omit=optional', '--loglevel=error'], { cwd: folder });
  await writeFile(done, '');
  return folder;
}

function writePackage(folder, content) {
  return writeFile(join(folder, 'package.json'), JSON.stringify({ ...content, private: true, version: '0.0.0' }));
}

/** What the tarball would have: the built files and the manifest. */
async function placeOurs(folder) {
  const target = join(folder, 'node_modules', OURS);
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  await cp(join(REPOSITORY, 'package.json'), join(target, 'package.json'));
  await cp(join(REPOSITORY, 'build'), join(target, 'build'), { recursive: true });
}

async function versionsIn(folder, dependencies) {
  const versions = {};
  for (const name of Object.keys(dependencies)) {
    versions[name] = JSON.parse(await readFile(join(folder, 'node_modules', name, 'package.json'), 'utf8')).version;
  }
  return versions;
}
