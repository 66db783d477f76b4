// Runs the unmodified service of ./cache-service under the preload, against a real Redis, and shows what came out.
// Knows: the order of things. Receiving, storing and drawing are in ./demo, one file each.
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startStandalone } from '../scripts/redis-server.mjs';
import { createPaint } from './demo/paint.mjs';
import { startReceiver } from './demo/receiver.mjs';
import { startService } from './demo/service.mjs';
import { createStore, isRedisSpan } from './demo/store.mjs';
import { renderSummary } from './demo/summary.mjs';
import { drive } from './demo/traffic.mjs';
import { renderWaterfall } from './demo/waterfall.mjs';

const PRELOAD = fileURLToPath(new URL('../build/register.mjs', import.meta.url));
const SERVICE = fileURLToPath(new URL('./cache-service/server.mjs', import.meta.url));
const QUIET_MS = 700;
const SETTLE_TIMEOUT_MS = 5_000;
const DEFAULT_COLUMNS = 120;

async function main() {
  if (!existsSync(PRELOAD)) throw new Error('The package is not built yet. Run: npm run build');
  const store = createStore();
  const steps = await run(store);
  if (!store.spans.some(isRedisSpan)) throw new Error(silence(store));
  print(steps, store);
}

async function run(store) {
  const cleanups = [];
  const opened = async (starting) => {
    const resource = await starting;
    cleanups.unshift(() => resource.stop());
    return resource;
  };
  try {
    const redis = await opened(openRedis());
    const receiver = await opened(startReceiver(store));
    const service = await opened(startService({ preload: PRELOAD, script: SERVICE, redisUrl: redis.url, otlpUrl: receiver.url }));
    const steps = await drive(service.url);
    await settled(store);
    return steps;
  } finally {
    // The service first: its last telemetry still needs the receiver.
    for (const stop of cleanups) await stop();
  }
}

async function openRedis() {
  const url = process.env.REDIS_URL;
  if (!url) return startStandalone();
  // A URL may carry a password: only the host is shown.
  process.stderr.write(`redis server: using ${new URL(url).host}: REDIS_URL is set (the service writes a few keys there)\n`);
  return { url, stop: async () => {} };
}

// Spans are sent in batches: all have arrived once the number stands still for longer than a batch waits.
async function settled(store) {
  const deadline = Date.now() + SETTLE_TIMEOUT_MS;
  for (let seen = -1; seen !== store.spans.length && Date.now() < deadline; ) {
    seen = store.spans.length;
    await sleep(QUIET_MS);
  }
}

function silence(store) {
  const others = store.spans.length === 0 ? 'no spans at all' : `${store.spans.length} spans, none of them of Redis`;
  return `The service ran, but no Redis spans arrived (${others}). Its own output, if any, is above; OTEL_LOG_LEVEL=debug shows more.`;
}

function print(steps, store) {
  const paint = createPaint(process.stdout, process.env);
  const columns = process.stdout.columns ?? DEFAULT_COLUMNS;
  const lines = [...renderWaterfall(steps, store.spans, { paint, columns }), ...renderSummary(store, { paint })];
  process.stdout.write(`\n${lines.join('\n')}\n`);
}

// Leaving through exit() runs the hooks that take the child processes along.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

try {
  await main();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
