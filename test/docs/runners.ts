// Knows: how a block of code is run as a reader of the documentation would, by its language.
// Must not know: what a page says.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { type Installation, installation, PACKAGE } from '../packaging/installation';
import type { Receiver } from '../packaging/receiver';
import { type Block, ROOT } from './markdown';

export interface Surroundings {
  readonly redisUrl: string;
  readonly receiver: Receiver;
}

type Runner = (block: Block, surroundings: Surroundings) => void | Promise<void>;

export const RUNNERS: Readonly<Record<string, Runner>> = {
  sh: runShell,
  js: (block, surroundings) => runProgram(block, surroundings, 'block.mjs'),
  cjs: (block, surroundings) => runProgram(block, surroundings, 'block.cjs'),
  json: ({ code }) => void JSON.parse(code),
  yaml: ({ code, where }) => {
    for (const document of parseAllDocuments(code)) assert.deepEqual(document.errors, [], where);
  },
};

/** What the documentation has beside the package, redis and the SDK. */
const COMPANIONS = ['@opentelemetry/auto-instrumentations-node'];

/** Where an application's collector is by default. */
const COLLECTOR = 'localhost:4318';

/** An application's folder, with the packed package, redis and the SDK beside it; only for this block. */
function applicationFolder(): string {
  const installed: Installation = installation();
  const folder = mkdtempSync(join(installed.program('6.3'), 'documented-'));
  // The commands of the documentation stand in the clone or in the application: both have these.
  for (const name of ['app.js', 'server.js']) writeFileSync(join(folder, name), APPLICATION);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  mkdirSync(join(folder, 'node_modules/@opentelemetry'), { recursive: true });
  for (const name of COMPANIONS) symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  return folder;
}

/** A server that is asked once. An import of Node's own modules is hooked only by a loader, so it requires http. */
const APPLICATION = `import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createClient } from 'redis';
const http = createRequire(import.meta.url)('node:http');
const client = createClient({ url: process.env.REDIS_URL });
await client.connect();
const server = http.createServer(async (request, response) => {
  await client.set('user:7', 'Ada', { EX: 60 });
  response.end(await client.get('user:7'));
});
await once(server.listen(0, '127.0.0.1'), 'listening');
const [response] = await once(http.get({ port: server.address().port, host: '127.0.0.1', agent: false }), 'response');
for await (const chunk of response);
server.close();
await client.quit();
`;

function environment({ redisUrl, receiver }: Surroundings): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('OTEL_') && name !== 'NODE_OPTIONS');
  return {
    ...Object.fromEntries(inherited),
    REDIS_URL: redisUrl,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
  };
}

/** A program that says all it needs: it is run as it stands, and may leave open what an application would. */
async function runProgram({ code, where }: Block, surroundings: Surroundings, file: string): Promise<void> {
  const folder = applicationFolder();
  try {
    writeFileSync(join(folder, file), `${code}\nprocess.exit();\n`);
    await run(where, process.execPath, [file], folder, environment(surroundings));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Commands run in a shell. What would install, build or test all over again is checked instead, see `stand-ins.mjs`. */
async function runShell({ code, where }: Block, surroundings: Surroundings): Promise<void> {
  const folder = applicationFolder();
  try {
    const env = { ...environment(surroundings), PATH: `${standIns(folder)}:${process.env.PATH}`, DOCUMENTED_ROOT: ROOT };
    surroundings.receiver.take();
    const script = code.replaceAll(COLLECTOR, new URL(surroundings.receiver.url).host);
    await run(where, 'bash', ['-euo', 'pipefail', '-c', script], folder, env);
    // What `view` starts sends to its page.
    if (!/^(?!npx \S+ view )[^#]*\bnode .*\/(hook|register)\b/m.test(code)) return;
    const { spans } = surroundings.receiver.take();
    const ours = spans.filter(({ scope }) => scope === PACKAGE);
    const names = ours.map(({ name }) => name.replace(/ .*/, ''));
    assert.ok(names.includes('SET') && names.includes('GET'), `${where}: spans of the application: ${names.join(', ') || 'none'}`);
    if (!code.includes(`${COMPANIONS[0]}/register`)) return;
    // The request at both ends, and the commands in it.
    const requests = spans.filter(({ scope }) => scope === '@opentelemetry/instrumentation-http');
    assert.equal(requests.length, 2, `${where}: spans of HTTP`);
    for (const { name, parentId } of ours.filter(({ name: text }) => /^[SG]ET /.test(text))) {
      assert.ok(
        requests.some(({ id }) => id === parentId),
        `${where}: ${name} is in the span of its request`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const STAND_INS = join(__dirname, 'stand-ins.mjs');
const STOOD_IN = ['npm', 'npx', 'docker', 'kubectl'];

function standIns(folder: string): string {
  const path = mkdtempSync(join(folder, 'bin-'));
  for (const name of STOOD_IN) {
    writeFileSync(join(path, name), `#!/bin/sh\nexec "${process.execPath}" "${STAND_INS}" ${name} "$@"\n`);
    chmodSync(join(path, name), 0o755);
  }
  symlinkSync(process.execPath, join(path, 'node'));
  return path;
}

async function run(where: string, file: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  assert.ok(existsSync(cwd));
  try {
    await promisify(execFile)(file, args, { cwd, env, timeout: 60_000 });
  } catch (error) {
    const { stdout, stderr, message } = error as Error & { stdout?: string; stderr?: string };
    assert.fail(`${where}: ${message}\n${stdout ?? ''}\n${stderr ?? ''}`);
  }
}
