// Runs the unmodified service of ./cache-service under the preload, against a real Redis, and shows what came out: on a
// page that stays until Ctrl-C, or in the terminal where nobody could look at one (no terminal, CI, --headless; --page has the page all the same).
// Knows: the order of things. The service and its visitors are in ./demo, the page and the report in the package itself.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startStandalone } from '../scripts/redis-server.mjs';
import { startService } from './demo/service.mjs';
import { drive, stroll } from './demo/traffic.mjs';

const VIEW = new URL('../build/view/index.js', import.meta.url);
const QUIET_MS = 1_500;
const SETTLE_TIMEOUT_MS = 10_000;

const isUnseen = process.argv.includes('--headless') || !process.stdout.isTTY || Boolean(process.env.CI);
const isHeadless = isUnseen && !process.argv.includes('--page');

async function main() {
  if (!existsSync(VIEW)) throw new Error('The package is not built yet. Run: npm run build');
  const { environmentFor, openView, printReport } = createRequire(import.meta.url)(fileURLToPath(VIEW));
  const cleanups = [];
  const opened = async (starting) => {
    const resource = await starting;
    cleanups.unshift(() => resource.stop());
    return resource;
  };
  try {
    const redis = await opened(openRedis());
    const view = await opened(openView());
    if (!isHeadless) process.stderr.write(`\n  The page:  ${view.url}\n\n`);
    const run = (name) => opened(startService({ name, redisUrl: redis.url, environment: environmentFor(view.url) }));
    // Two of them, so that messages and locks go from process to process.
    const services = await Promise.all([run('cache-service'), run('cache-service-2')]);
    await visit(view, services, printReport);
  } finally {
    // The services first: their last telemetry still needs the page.
    for (const stop of cleanups) await stop();
  }
}

async function visit(view, [first, second], printReport) {
  const steps = await drive(first.url);
  if (isHeadless) {
    await settled(view.telemetry);
    if (view.telemetry.spans().length === 0) throw new Error('The service ran, but no spans arrived. OTEL_LOG_LEVEL=debug shows more.');
    printReport(view, steps, process.stdout);
    return;
  }
  process.stderr.write('  Visitors keep coming until Ctrl-C.\n');
  await stroll([first.url, second.url], interrupted);
}

async function openRedis() {
  const url = process.env.REDIS_URL;
  if (!url) return startStandalone();
  // A URL may carry a password: only the host is shown.
  process.stderr.write(`redis server: using ${new URL(url).host}: REDIS_URL is set (the service writes a few keys there)\n`);
  return { url, stop: async () => {} };
}

// Spans and metrics are sent from time to time: all have arrived once nothing new comes for longer than that.
async function settled({ received }) {
  const deadline = Date.now() + SETTLE_TIMEOUT_MS;
  for (let seen = -1; seen !== received.spans && Date.now() < deadline; ) {
    seen = received.spans;
    await sleep(QUIET_MS);
  }
}

// The first Ctrl-C ends the visit, and with it everything in order; the second does not wait.
const controller = new AbortController();
const interrupted = controller.signal;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (isHeadless || interrupted.aborted) process.exit(1);
    controller.abort();
  });
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
