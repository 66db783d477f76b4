// Builds the package: the compiler's output, then some rooms as one file each. With --if-stale only where a source is newer
// than what was built: `npm ci` has just built it.
// Knows: what the build is made of. Must not know: who needs it.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build as bundle } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What is one file, with all that it imports but for `external`. The last one is made last. */
const BUNDLES = [
  { entry: 'cli/main', isTool: true, external: ['../view', '../hook', '../preload/view', './doctor/probe'] },
  { entry: 'cli/doctor/probe' },
  { entry: 'view/index', isTool: true },
  { entry: 'instrumentation' },
];
const BUILT = join(ROOT, 'build/instrumentation.js');
const INPUTS = ['package.json', 'package-lock.json', 'tsconfig.json', 'scripts/build.mjs'];

/** What the table of options tells its readers becomes types and a page. A program needs none of it. */
const WITHOUT_TEXTS = {
  name: 'options without texts',
  setup({ onLoad }) {
    const quoted = /(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")/.source;
    const text = new RegExp(`^ +(?:meaning|more|example):\\s+${quoted}(?:\\s+\\+\\s+${quoted})*,$`, 'gm');
    onLoad({ filter: /config.options\.ts$/ }, ({ path }) => ({ contents: readFileSync(path, 'utf8').replace(text, ''), loader: 'ts' }));
  },
};

if (!process.argv.includes('--if-stale') || isStale()) await build();

function isStale() {
  const builtAt = changedAt(BUILT);
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true }).map((name) => join('src', name));
  return [...INPUTS, ...sources].some((name) => changedAt(join(ROOT, name)) > builtAt);
}

function changedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

async function build() {
  rmSync(join(ROOT, 'build'), { recursive: true, force: true });
  // Npm puts the binaries of the dependencies on the path.
  const { status } = spawnSync('tsc', { cwd: ROOT, stdio: 'inherit', shell: true });
  if (status !== 0) process.exit(status ?? 1);
  for (const one of BUNDLES) await asOneFile(one);
}

/**
 * Names stay where the application's stack traces can show them. Lines have a limit, because Node.js prints the line of an
 * uncaught error. Comments and indentation go, which are a fifth of the package.
 */
async function asOneFile({ entry, external = [], isTool = false }) {
  const outfile = join(ROOT, `build/${entry}.js`);
  await bundle({
    absWorkingDir: ROOT,
    entryPoints: [`src/${entry}.ts`],
    outfile,
    allowOverwrite: true,
    bundle: true,
    packages: 'external',
    external,
    plugins: [WITHOUT_TEXTS],
    platform: 'node',
    target: 'node20.19',
    minifyIdentifiers: isTool,
    minifySyntax: true,
    minifyWhitespace: true,
    lineLimit: isTool ? 2_000 : 500,
    logLevel: 'warning',
  });
  writeFileSync(outfile, requiringOnce(readFileSync(outfile, 'utf8')));
}

/**
 * Each of our files that imports a package would require it anew, and Node.js would find its file anew each time: that
 * takes it a quarter of a millisecond.
 */
function requiringOnce(code) {
  const first = new Map();
  return code.replace(/\b(import_\w+)=require\(("[^"]+")\)/g, (all, name, required) => {
    const known = first.get(required);
    if (known === undefined) first.set(required, name);
    return known === undefined ? all : `${name}=${known}`;
  });
}
