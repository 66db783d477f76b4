// Runs the conformance suite on the newest patch of every published minor of redis from 2.6 and of ioredis from 4.17, as far
// as they are asked for: every path with us, compared with a run without us.
// Knows: which versions the registry has, and where they are installed. Must not know: what conformance is.
//
//   npm run test:versions [-- redis-5 ioredis-4.2]        versions whose names begin so
import { execFile, execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OLDEST = { redis: [2, 6], ioredis: [4, 17] };
const CONCURRENCY = 2;
/** A version that hangs is one that fails. */
const TIMEOUT_MS = 10 * 60_000;
const SUMMARY = /^(\d+) passed, (\d+) failed/m;

async function main(prefixes) {
  const folder = await mkdtemp(join(tmpdir(), 'versions-'));
  try {
    const versions = Object.keys(OLDEST).flatMap(minorsOf).filter(isAsked(prefixes));
    if (versions.length === 0) throw new Error(`no version begins with ${prefixes.join(' or ')}`);
    const results = [];
    const waiting = [...versions];
    const work = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) results.push(await tested(next, folder));
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
    print(versions.map((version) => results.find((result) => result.version === version)));
    if (results.some(({ failed }) => failed !== 0)) process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The newest patch of each minor. What is published as a preview is none. */
function minorsOf(name) {
  const published = JSON.parse(execFileSync('npm', ['view', name, 'versions', '--json'], { encoding: 'utf8' }));
  const newest = new Map();
  for (const version of published) {
    const [major, minor, patch] = version.split('.').map(Number);
    if (Number.isNaN(patch) || version.includes('-') || isOlder([major, minor], OLDEST[name])) continue;
    const minorName = `${major}.${minor}`;
    const known = newest.get(minorName);
    if (known === undefined || patch > known.patch) newest.set(minorName, { name, minor: minorName, exact: version, patch });
  }
  return [...newest.values()].sort((one, other) => one.minor.localeCompare(other.minor, 'en', { numeric: true }));
}

function isOlder([major, minor], [oldestMajor, oldestMinor]) {
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}

function isAsked(prefixes) {
  return ({ name, minor }) => prefixes.length === 0 || prefixes.some((prefix) => `${name}-${minor}`.startsWith(prefix));
}

async function tested(version, folder) {
  const { name, minor, exact } = version;
  const target = join(folder, `${name}-${minor}`);
  await mkdir(target);
  await writeFile(join(target, 'package.json'), JSON.stringify({ private: true, dependencies: { [name]: exact } }));
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'], { cwd: target });
  const asked = name === 'redis' ? minor : `${name}-${minor}`;
  const env = { ...process.env, TEST_VERSIONS: asked, TEST_VERSIONS_FOLDER: folder, CONFORMANCE: 'all' };
  const output = await run(process.execPath, ['node_modules/mocha/bin/mocha.js', 'test/conformance.test.ts'], { cwd: ROOT, env });
  const [, passed, failed] = SUMMARY.exec(output)?.map(Number) ?? [];
  const result = { version, passed: passed ?? 0, failed: failed ?? Number.NaN, output };
  console.log(rowOf(result));
  return result;
}

/** What a program printed, however it ended. */
function run(file, args, options) {
  return new Promise((resolve) => {
    execFile(file, args, { maxBuffer: 64 * 1024 * 1024, timeout: TIMEOUT_MS, ...options }, (_error, stdout, stderr) =>
      resolve(`${stdout}\n${stderr}`),
    );
  });
}

function rowOf({ version: { name, exact }, passed, failed }) {
  return `${`${name} ${exact}`.padEnd(18)} ${String(passed).padStart(6)} ${Number.isNaN(failed) ? 'no result' : String(failed).padStart(6)}`;
}

function print(results) {
  for (const { failed, output } of results.filter((result) => result.failed !== 0)) {
    console.log(Number.isNaN(failed) ? output.slice(-2_000) : output.slice(output.search(/^ {2}\d+ passing/m)));
  }
  console.log(['version            passed failed', ...results.map(rowOf)].join('\n'));
}

await main(process.argv.slice(2));
