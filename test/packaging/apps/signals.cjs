// A user's program that waits for a signal; APP_SIGNALS says how it listens.
const { createClient } = require('redis');

const listen = {
  not() {},
  exit: () => process.on('SIGTERM', () => setTimeout(() => process.exit(7), 1_000)),
  close: (client) => process.once('SIGTERM', () => client.quit()),
  once: () => process.once('SIGTERM', () => console.log('once')),
  // What NestJS does: close, then end by the same signal.
  again: (client) =>
    process.on('SIGTERM', async function ended() {
      await client.quit();
      process.removeListener('SIGTERM', ended);
      process.kill(process.pid, 'SIGTERM');
    }),
  // What signal-exit does: end by the signal if nobody but itself listens.
  count: () =>
    process.on('SIGTERM', function ended() {
      if (process.listenerCount('SIGTERM') > 1) return console.log('somebody else listens');
      process.removeListener('SIGTERM', ended);
      process.kill(process.pid, 'SIGTERM');
    }),
};

async function main() {
  const client = createClient({ url: process.env.REDIS_URL });
  await client.connect();
  await client.set('user:7', 'Ada');
  if (process.env.APP_METERS === 'broken') breakMeters();
  if (process.env.APP_RUN === 'in a request') await runInRequest(client);
  listen[process.env.APP_SIGNALS](client);
  console.log('ready');
}

/** The request goes on, so what `compressSpans` collects in it is not over. */
function runInRequest(client) {
  return require('@opentelemetry/api')
    .trace.getTracer('app')
    .startActiveSpan('request', async () => {
      for (let id = 0; id < 3; id++) await client.get(`user:${id}`);
    });
}

function breakMeters() {
  require('@opentelemetry/api').metrics.getMeterProvider().forceFlush = () => {
    throw new Error('not now');
  };
}

main();
