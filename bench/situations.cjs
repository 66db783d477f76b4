// Knows: what the application has set up of OpenTelemetry: nothing, an unsampled or a sampled trace, metrics.
// Must not know: redis, who is measured.

/** The span around what is measured: not counted. */
const REQUEST = 'request';

/** By name: which spans and metrics are on. */
const SITUATIONS = {
  'no-sdk': {},
  unsampled: { parent: 'unsampled' },
  sampled: { parent: 'sampled' },
  metrics: { metrics: true },
  everything: { parent: 'sampled', metrics: true },
};

/**
 * Registers what the situation has. Returns how to run inside the caller's context, and what arrived: exporters
 * that do nothing but count, for a processor without its exporter drops spans silently and looks cheap.
 */
function setUp(name, load) {
  const { parent, metrics } = SITUATIONS[name];
  const spans = parent === undefined ? undefined : setUpSpans(parent, load);
  const measured = metrics ? setUpMetrics(load) : undefined;
  return {
    enter: spans?.enter ?? ((run) => run()),
    request: spans?.request ?? ((run) => run()),
    async arrived() {
      await spans?.flush();
      return { spans: spans?.count() ?? 0, measured: (await measured?.()) ?? 0 };
    },
  };
}

function setUpSpans(parent, load) {
  const { context, ROOT_CONTEXT, trace } = load('@opentelemetry/api');
  const { AsyncLocalStorageContextManager } = load('@opentelemetry/context-async-hooks');
  const { AlwaysOffSampler, AlwaysOnSampler, BatchSpanProcessor, ParentBasedSampler, TracerProvider } = load('@opentelemetry/sdk-trace');
  let count = 0;
  const exporter = {
    export(batch, done) {
      for (const { name } of batch) if (name !== REQUEST) count++;
      done({ code: 0 });
    },
    shutdown: async () => {},
    forceFlush: async () => {},
  };
  // A queue that never fills: a span that is dropped costs nothing. How fast it is emptied stays the default.
  const processor = new BatchSpanProcessor({ exporter, maxQueueSize: 1_000_000, maxExportBatchSize: 512 });
  const root = parent === 'sampled' ? new AlwaysOnSampler() : new AlwaysOffSampler();
  const provider = new TracerProvider({ sampler: new ParentBasedSampler({ root }), spanProcessors: [processor] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  const tracer = provider.getTracer('application');
  const span = tracer.startSpan(REQUEST);
  if (span.isRecording() !== (parent === 'sampled')) throw new Error(`bench: the parent is not ${parent}`);
  return {
    enter: (run) => context.with(trace.setSpan(ROOT_CONTEXT, span), run),
    request: (run) => tracer.startActiveSpan(REQUEST, (own) => run().finally(() => own.end())),
    flush: () => processor.forceFlush(),
    count: () => count,
  };
}

function setUpMetrics(load) {
  const { metrics } = load('@opentelemetry/api');
  const { AggregationTemporality, MeterProvider, PeriodicExportingMetricReader } = load('@opentelemetry/sdk-metrics');
  const exporter = {
    export: (_metrics, done) => done({ code: 0 }),
    selectAggregationTemporality: () => AggregationTemporality.CUMULATIVE,
    shutdown: async () => {},
    forceFlush: async () => {},
  };
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1_000, exportTimeoutMillis: 900 });
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  return async () => {
    const { resourceMetrics } = await reader.collect();
    return resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics).reduce((sum, metric) => sum + countOf(metric), 0);
  };
}

/** Operations in a duration histogram; what counts items is none of them. */
function countOf({ descriptor, dataPoints }) {
  if (descriptor.name !== 'db.client.operation.duration') return 0;
  return dataPoints.reduce((sum, point) => sum + point.value.count, 0);
}

module.exports = { REQUEST, SITUATIONS, setUp };
