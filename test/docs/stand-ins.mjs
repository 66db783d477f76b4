// Stands in for programs that a test of the documentation cannot run for real: npm would install and test all over
// again, others need a cluster or an engine. What is asked of them has to make sense: packages and scripts that exist.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = process.env.DOCUMENTED_ROOT;
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const [program, ...args] = process.argv.slice(2);

const PROGRAMS = { npm, npx, docker: () => undefined, kubectl: () => undefined };

PROGRAMS[program](args);

function npm([command, ...rest]) {
  if (command === 'ci') return;
  if (command === 'test') return hasScript('test');
  if (command === 'run') return hasScript(rest[0]);
  if (command === 'install' || command === 'i') return rest.filter((arg) => !arg.startsWith('-')).forEach(isKnown);
  fail(`npm ${command}`);
}

function npx([name, ...rest]) {
  if (name === 'mocha') return rest.filter((arg) => !arg.startsWith('-')).forEach(isThere);
  if (manifest.bin?.[name] === undefined) fail(`npx ${name}`);
  execFileSync(process.execPath, [join(ROOT, manifest.bin[name]), ...rest], { stdio: 'inherit' });
}

function hasScript(name) {
  if (manifest.scripts[name] === undefined) fail(`no script ${name} in package.json`);
}

function isThere(path) {
  if (!existsSync(join(ROOT, path))) fail(`${path} is not there`);
}

/** A package of the project, or one that it knows and has beside it. */
function isKnown(name) {
  const bare = name.replace(/(?<=.)@[^/]*$/, '');
  if (bare !== manifest.name && !existsSync(join(ROOT, 'node_modules', bare))) fail(`${name} is no package that is known here`);
}

function fail(reason) {
  console.error(reason);
  process.exit(1);
}
