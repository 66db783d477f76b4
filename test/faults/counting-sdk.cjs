// Knows: an SDK that ends and exports spans and keeps none of them, so that what is left on the heap is not its own.
// Must not know: redis.
'use strict';
const { MeterProvider, PeriodicExportingMetricReader, InMemoryMetricExporter } = require('@opentelemetry/sdk-metrics');
const { metrics } = require('@opentelemetry/api');
const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');

module.exports = function start({ spanProcessors: [counting] }) {
  new NodeTracerProvider({ spanProcessors: [counting] }).register();
  const reader = new PeriodicExportingMetricReader({ exporter: new InMemoryMetricExporter(1), exportIntervalMillis: 1e9 });
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  return {};
};
