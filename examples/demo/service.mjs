// Knows: how to run the sample service under the preload and where it listens.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const START_TIMEOUT_MS = 15_000;
const TERM_TIMEOUT_MS = 5_000;

/** Starts `node --import <preload> <script>`; stops with SIGTERM, which the service answers by closing cleanly. */
export async function startService({ preload, script, redisUrl, otlpUrl }) {
  const child = spawn(process.execPath, ['--import', pathToFileURL(preload).href, script], {
    env: environment(redisUrl, otlpUrl),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  child.once('exit', () => process.off('exit', killWithUs));
  createInterface({ input: child.stderr }).on('line', (line) => process.stderr.write(`service | ${line}\n`));
  try {
    return { url: `http://127.0.0.1:${await listening(child)}`, stop: () => stop(child) };
  } catch (error) {
    await stop(child);
    throw error;
  }
}

// What the caller's shell says about telemetry must not redirect the demo's; options of this package pass.
function environment(redisUrl, otlpUrl) {
  const inherited = Object.entries(process.env).filter(([name]) => {
    return !name.startsWith('OTEL_') || name === 'OTEL_LOG_LEVEL' || name.startsWith('OTEL_INSTRUMENTATION_REDIS_');
  });
  return {
    ...Object.fromEntries(inherited),
    REDIS_URL: redisUrl,
    PORT: '0',
    OTEL_SERVICE_NAME: 'cache-service',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl,
    OTEL_METRICS_EXPORTER: 'otlp',
    OTEL_LOGS_EXPORTER: 'none',
    OTEL_BSP_SCHEDULE_DELAY: '200',
    OTEL_METRIC_EXPORT_INTERVAL: '200',
    OTEL_METRIC_EXPORT_TIMEOUT: '200',
  };
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
