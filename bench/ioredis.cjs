// Knows: how long the CPU is busy for a GET of ioredis, its server stubbed, alone or beside whoever takes part.
// Must not know: who is compared with whom.
const { context, TraceFlags, trace } = require('@opentelemetry/api');
const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');
const { installFakeSocket } = require('./fake-socket.cjs');

const [, , contender, situation] = process.argv;
const WARM_UP = 20_000;
const GETS = 100_000;
const AT_ONCE = 100;

const CONTENDERS = {
  bare: () => {},
  official: () => new (require('@opentelemetry/instrumentation-ioredis').IORedisInstrumentation)({ requireParentSpan: false }),
  ours: () => new (require('../build/index.js').RedisInstrumentation)({ metrics: false }),
};

/** Nothing but what an exporter would be given. */
class Sink {
  onStart() {}
  onEnd() {}
  async forceFlush() {}
  async shutdown() {}
}

function parentOf(tracer) {
  if (situation === 'sampled') return trace.setSpan(context.active(), tracer.startSpan('request'));
  const unsampled = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: TraceFlags.NONE };
  return trace.setSpan(context.active(), trace.wrapSpanContext(unsampled));
}

async function get(client, times) {
  for (let i = 0; i < times; i += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, () => client.get('user:7')));
}

async function main() {
  new NodeTracerProvider({ spanProcessors: [new Sink()] }).register();
  CONTENDERS[contender]();
  installFakeSocket();
  const Redis = require('ioredis');
  const client = new Redis();
  await new Promise((resolve) => client.once('ready', resolve));
  await context.with(parentOf(trace.getTracer('bench')), async () => {
    await get(client, WARM_UP);
    const before = process.cpuUsage();
    await get(client, GETS);
    const { user, system } = process.cpuUsage(before);
    process.stdout.write(String((user + system) / GETS));
  });
  client.disconnect();
}

main();
