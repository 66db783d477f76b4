// Knows: how the telemetry itself can fail: its SDK, its exporter, the functions that its user gave it. Preloaded by control.ts.
// Must not know: redis, the application.
'use strict';
const tsx = require('tsx/cjs/api');
const { DiagLogLevel, diag, propagation, metrics } = require('@opentelemetry/api');
const { MeterProvider, PeriodicExportingMetricReader } = require('@opentelemetry/sdk-metrics');
const { BatchSpanProcessor, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');

const fail = (where) => {
  throw new Error(`from ${where}`);
};
const failing = (where) => () => fail(where);

function register(options) {
  const provider = new NodeTracerProvider(options);
  provider.register();
  return provider;
}

/** What can be wrong. Each starts an SDK and returns the options of our instrumentation. */
const FAULTS = {
  'hooks throw'({ spanProcessors }) {
    register({ spanProcessors });
    return {
      spanName: failing('spanName'),
      dbStatementSerializer: failing('dbStatementSerializer'),
      responseHook: failing('responseHook'),
      keyFamilies: failing('keyFamilies'),
    };
  },
  'key masks throw'({ spanProcessors }) {
    register({ spanProcessors });
    return { keys: failing('keys'), optionalAttributes: ['db.redis.key'], batchCommands: true };
  },
  'the sampler throws'({ spanProcessors }) {
    register({ spanProcessors, sampler: { shouldSample: failing('sampler'), toString: () => 'a sampler' } });
    return {};
  },
  'the propagator throws'({ spanProcessors }) {
    register({ spanProcessors });
    propagation.disable();
    propagation.setGlobalPropagator({ inject: failing('inject'), extract: failing('extract'), fields: () => [] });
    return { propagateChannels: ['*'] };
  },
  'span processors throw'({ spanProcessors }) {
    const processor = { onStart() {}, onEnd: failing('onEnd'), forceFlush: async () => {}, shutdown: async () => {} };
    register({ spanProcessors: [...spanProcessors, processor] });
    return {};
  },
  'the exporter throws'({ spanProcessors }) {
    const exporter = { export: failing('export'), forceFlush: async () => {}, shutdown: async () => {} };
    register({ spanProcessors: [...spanProcessors, new SimpleSpanProcessor(exporter)] });
    return {};
  },
  'the exporter never answers'({ spanProcessors }) {
    const exporter = { export() {}, forceFlush: () => new Promise(() => {}), shutdown: () => new Promise(() => {}) };
    const batches = new BatchSpanProcessor(exporter, {
      ...{ scheduledDelayMillis: 1, exportTimeoutMillis: 100, maxExportBatchSize: 4, maxQueueSize: 8 },
    });
    register({ spanProcessors: [...spanProcessors, batches] });
    return {};
  },
  // Not before: the base class of all instrumentations asks for a meter when it is constructed, and nobody guards that.
  'a meter provider arrives that throws'({ spanProcessors }) {
    register({ spanProcessors });
    process.once('telemetry fault', () => metrics.setGlobalMeterProvider({ getMeter: failing('getMeter') }));
    return {};
  },
  'meters throw'({ spanProcessors }) {
    register({ spanProcessors });
    const meter = new Proxy({}, { get: (_, name) => failing(String(name)) });
    metrics.setGlobalMeterProvider({ getMeter: () => meter });
    return {};
  },
  'instruments throw'({ spanProcessors }) {
    register({ spanProcessors });
    const instrument = new Proxy({}, { get: (_, name) => failing(String(name)) });
    const meter = new Proxy({}, { get: (_, name) => (/^create/.test(String(name)) ? () => instrument : () => {}) });
    metrics.setGlobalMeterProvider({ getMeter: () => meter });
    return {};
  },
  'the metric exporter fails'({ spanProcessors }) {
    register({ spanProcessors });
    const exporter = {
      export: (_, done) => done({ code: 1, error: new Error('from the metric exporter') }),
      forceFlush: async () => {},
      shutdown: async () => {},
      selectAggregationTemporality: () => 1,
    };
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 5, exportTimeoutMillis: 5 });
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    return {};
  },
  'the SDK is shut down'({ spanProcessors }) {
    const provider = register({ spanProcessors });
    const meters = new MeterProvider();
    metrics.setGlobalMeterProvider(meters);
    process.once('telemetry fault', () => {
      void provider.shutdown();
      void meters.shutdown();
    });
    return {};
  },
  'the logger throws'({ spanProcessors }) {
    const logger = Object.fromEntries(['error', 'warn', 'info', 'debug', 'verbose'].map((level) => [level, failing(level)]));
    diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
    register({ spanProcessors });
    return { spanName: failing('spanName'), responseHook: failing('responseHook') };
  },
  // The way of an application without a line of code: the rest comes from its environment.
  register() {
    const unregister = tsx.register();
    require('../../src/register');
    unregister();
    process.setSourceMapsEnabled(false);
    return undefined;
  },
};

module.exports = FAULTS[process.env.TELEMETRY_FAULT];
