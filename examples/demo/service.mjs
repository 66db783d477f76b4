// Knows: how the sample service is run under the preload, beside what records its requests, and where it listens.
// Must not know: where telemetry goes.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

// An ES module that imports node:http is seen by a loader alone. OpenTelemetry has one; redis needs none.
const LOADER = `import { register } from 'node:module'; register('@opentelemetry/instrumentation/hook.mjs', '${import.meta.url}')`;
// Ours comes before all other instrumentations.
const PRELOADS = [
  `data:text/javascript,${encodeURIComponent(LOADER)}`,
  new URL('../../build/hook.mjs', import.meta.url).href,
  '@opentelemetry/auto-instrumentations-node/register',
];
const SERVICE = fileURLToPath(new URL('../cache-service/server.mjs', import.meta.url));
const START_TIMEOUT_MS = 30_000;
const TERM_TIMEOUT_MS = 5_000;

/** Starts `node --import <each of them> server.mjs`; stops with SIGTERM, which the service answers by closing cleanly. */
export async function startService({ name, redisUrl, environment }) {
  const child = spawn(process.execPath, [...PRELOADS.flatMap((preload) => ['--import', preload]), SERVICE], {
    env: {
      ...inherited(),
      ...environment,
      OTEL_SERVICE_NAME: name,
      OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'http',
      // Others ask the network where they are.
      OTEL_NODE_RESOURCE_DETECTORS: 'env,process',
      OTEL_INSTRUMENTATION_REDIS_PROPAGATE_CHANNELS: 'cache:invalidate',
      REDIS_URL: redisUrl,
      PORT: '0',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A Ctrl-C of the terminal is ours to pass on, after the last visitor has been served.
    detached: true,
  });
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  child.once('exit', () => process.off('exit', killWithUs));
  createInterface({ input: child.stderr }).on('line', (line) => process.stderr.write(`${name} | ${line}\n`));
  try {
    return { url: `http://127.0.0.1:${await listening(child)}`, stop: () => stop(child) };
  } catch (error) {
    await stop(child);
    throw error;
  }
}

// What the caller's shell says about telemetry must not change the demo's; options of this package pass.
function inherited() {
  const names = Object.keys(process.env).filter((name) => {
    return !name.startsWith('OTEL_') || name === 'OTEL_LOG_LEVEL' || name.startsWith('OTEL_INSTRUMENTATION_REDIS_');
  });
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}

function listening(child) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('The service did not start in time.')), START_TIMEOUT_MS);
    createInterface({ input: child.stdout }).on('line', (line) => {
      const port = /^listening on (\d+)$/.exec(line)?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(port);
    });
    child.once('error', reject);
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`The service ended with code ${code} before it listened.`));
    });
  });
}

function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), TERM_TIMEOUT_MS);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
