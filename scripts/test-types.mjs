// Compiles the programs of test/types against the packed tarball with the oldest TypeScript that we promise, and with the
// newest of each line since, checking all declarations.
// Knows: the versions of TypeScript. Must not know: what must compile.
//
//   npm run test:types
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { pack, run } from './installing.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NAME = 'opentelemetry-instrumentation-redis';
/** The first is the oldest that docs/versions.md promises. */
const COMPILERS = ['5.0', '5.9', 'latest'];
const FLAGS = ['--noEmit', '--strict', '--module', 'node16', '--moduleResolution', 'node16', '--target', 'es2022', '--types', 'node'];

const folder = await mkdtemp(join(tmpdir(), 'types-'));
try {
  const program = await readFile(join(ROOT, 'test/types/public-api.ts'), 'utf8');
  await writeFile(join(folder, 'program.ts'), program.replace("'../../src'", `'${NAME}'`));
  await writeFile(join(folder, 'package.json'), '{"private":true}');
  const peers = ['@opentelemetry/api@^1.9.0', '@opentelemetry/instrumentation@^0.203.0', '@types/node@^20'];
  await install(folder, await pack(folder), ...peers);
  for (const version of COMPILERS) {
    const compiler = join(folder, `typescript-${version}`);
    await install(folder, '--prefix', compiler, `typescript@${version}`);
    const { code, stdout, stderr } = await run(
      process.execPath,
      [join(compiler, 'node_modules/typescript/bin/tsc'), ...FLAGS, 'program.ts'],
      { cwd: folder },
    );
    console.log(`${code === 0 ? 'ok    ' : 'FAILED'} TypeScript ${version}${code === 0 ? '' : `\n${stdout}${stderr}`}`);
    if (code !== 0) process.exitCode = 1;
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function install(cwd, ...what) {
  const { code, stderr } = await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...what], { cwd });
  if (code !== 0) throw new Error(`npm install ${what.join(' ')}: ${stderr}`);
}
