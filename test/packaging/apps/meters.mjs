// A program whose SDK comes late, is replaced, and registers through the ESM copy of the API.
// Prints what each provider collected: the sum of the points of a metric.
import { createRequire } from 'node:module';
import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  createAllowListAttributesProcessor,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';

const PACKAGE = 'opentelemetry-instrumentation-redis';
const { metrics: other } = createRequire(import.meta.url)('@opentelemetry/api');
const seen = { copies: metrics === other ? 1 : 2 };

// Preloaded, or made here, before redis is loaded.
const own = process.argv[2] === 'in-code' ? new (await import(PACKAGE)).RedisInstrumentation() : undefined;
const { createClient, createClientPool } = await import('redis');

const url = process.env.REDIS_URL;
const clients = await Promise.all([1, 2].map(() => createClient({ url }).connect()));
const pool = await createClientPool({ url }, { maximum: 5 }).connect();
const everybody = () => Promise.all([...clients, pool].map((one) => one.get('k')));

function measuring(options = {}) {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1e6 });
  const provider = new MeterProvider({ ...options, readers: [reader] });
  const collect = async () => {
    const { resourceMetrics, errors } = await reader.collect();
    if (errors.length > 0) throw errors[0];
    const all = resourceMetrics.scopeMetrics.filter(({ scope }) => scope.name === PACKAGE).flatMap((scope) => scope.metrics);
    const numberOf = ({ value }) => (typeof value === 'number' ? value : value.count);
    const sum = ({ dataPoints }) => dataPoints.reduce((total, point) => total + numberOf(point), 0);
    return Object.fromEntries(all.map((metric) => [metric.descriptor.name, sum(metric)]));
  };
  return { provider, collect };
}

const pick = (collected, ...names) => Object.fromEntries(names.map((name) => [name, collected[name]]));
const NAMES = ['db.client.operation.duration', 'db.client.connection.limit', 'redis.client.connection.count', 'cache.requests'];

await everybody();
const first = measuring();
metrics.setGlobalMeterProvider(first.provider);
await everybody();
seen.late = pick(await first.collect(), ...NAMES);

const second = measuring();
metrics.disable();
metrics.setGlobalMeterProvider(second.provider);
await everybody();
await everybody();
seen.replaced = pick(await second.collect(), ...NAMES);
seen.before = pick(await first.collect(), 'db.client.operation.duration');

const third = measuring({
  views: [
    {
      instrumentName: 'db.client.operation.duration',
      name: 'redis.duration',
      attributesProcessors: [createAllowListAttributesProcessor(['db.operation.name'])],
    },
  ],
});
if (own === undefined) {
  metrics.disable();
  metrics.setGlobalMeterProvider(third.provider);
} else {
  own.setMeterProvider(third.provider);
}
await everybody();
seen.viewed = pick(await third.collect(), 'redis.duration', ...NAMES.slice(1));

for (const one of [...clients, pool]) one.destroy();
console.log(JSON.stringify(seen));
