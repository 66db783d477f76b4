// Knows: who is measured, and how each is switched on before redis is loaded.
// Must not know: situations, workloads.

const { REQUEST } = require('./situations.cjs');

/**
 * `after` runs once redis is loaded. Who brings a tracer of its own says in `before` how to run inside one of its spans,
 * and what arrived.
 */
const CONTENDERS = {
  /** The client as it is. */
  bare: { before() {} },

  /** What the SDK alone takes for a span without an attribute: no tracing that has spans can be cheaper. */
  sdk: { before() {}, after: patchSdkAlone },

  /** The SDK's share of ours: its calls for the very span, with nothing found out and nothing followed. */
  same: { before() {}, after: patchSameSpan },

  /** The SDK's share of the duration histogram: one record for each command, with the attributes the conventions ask for. */
  record: { before() {}, after: patchRecord },

  /** The least that makes a span per command and enters its context: what an hour's own patch would be. */
  floor: { before() {}, after: patchFloor },

  incumbent: {
    before(load) {
      const { RedisInstrumentation } = load('@opentelemetry/instrumentation-redis');
      register(load, new RedisInstrumentation());
    },
  },

  /** As its users have it, but for what it sends: that is only counted. */
  'dd-trace': {
    before(load) {
      const quiet = { startupLogs: false, runtimeMetrics: false, telemetry: { enabled: false }, remoteConfig: { enabled: false } };
      const tracer = load('dd-trace').init(quiet);
      let count = 0;
      // It has no other seam: without an agent it would keep trying to reach one.
      tracer._tracer._exporter.export = (spans) => {
        for (const { name } of spans) if (name !== REQUEST) count++;
      };
      const around = tracer.startSpan(REQUEST);
      const enter = (run) => tracer.scope().activate(around, run);
      const request = (run) => tracer.trace(REQUEST, run);
      return { enter, request, arrived: async () => ({ spans: count, measured: 0 }) };
    },
  },

  ours: {
    before(load, situation) {
      const { RedisInstrumentation } = load('opentelemetry-instrumentation-redis');
      register(load, new RedisInstrumentation(situation === 'soak' ? SOAKED : {}));
    },
  },

  /** Ours with one span of commands that are alike. */
  compressed: { before: (load) => registerOurs(load, { compressSpans: true }) },

  /** Ours with what Redis cost the request on its span. */
  totals: { before: (load) => registerOurs(load, { requestTotals: true }) },
};

/** What is off by default and remembers or shows more. */
const SOAKED = { keys: 'family', optionalAttributes: ['db.redis.key', 'db.redis.args_count'] };

function registerOurs(load, config) {
  const { RedisInstrumentation } = load('opentelemetry-instrumentation-redis');
  register(load, new RedisInstrumentation(config));
}

function register(load, instrumentation) {
  const { registerInstrumentations } = load('@opentelemetry/instrumentation');
  registerInstrumentations({ instrumentations: [instrumentation] });
}

function patchSdkAlone(load, requireOfClient) {
  const { prototype } = requireOfClient('@redis/client/dist/lib/client/commands-queue.js').default;
  const tracer = load('@opentelemetry/api').trace.getTracer('sdk');
  const { addCommand } = prototype;
  prototype.addCommand = function (args, options) {
    tracer.startSpan(args[0]).end();
    return addCommand.call(this, args, options);
  };
}

function patchSameSpan(load, requireOfClient) {
  const { SpanKind, trace } = load('@opentelemetry/api');
  const { prototype } = requireOfClient('@redis/client/dist/lib/client/commands-queue.js').default;
  const tracer = trace.getTracer('same');
  const { addCommand } = prototype;
  prototype.addCommand = function (args, options) {
    const attributes = {
      'db.system.name': 'redis',
      'db.operation.name': args[0],
      'db.namespace': '0',
      'db.query.text': `${args[0]} ${args[1]}`,
      'server.address': 'localhost',
      'cache.hit': true,
    };
    const seconds = Math.trunc(Date.now() / 1_000);
    const span = tracer.startSpan('GET localhost', { kind: SpanKind.CLIENT, startTime: [seconds, 0], attributes });
    span.setAttribute('db.redis.value_length', 16);
    span.setAttribute('db.redis.key_family', 'user:{}:profile');
    span.end([seconds, 1_000]);
    return addCommand.call(this, args, options);
  };
}

function patchRecord(load, requireOfClient) {
  const { metrics } = load('@opentelemetry/api');
  const { prototype } = requireOfClient('@redis/client/dist/lib/client/commands-queue.js').default;
  const advice = { explicitBucketBoundaries: [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] };
  const histogram = metrics.getMeter('record').createHistogram('db.client.operation.duration', { unit: 's', advice });
  const attributes = { 'db.system.name': 'redis', 'db.operation.name': 'GET', 'db.namespace': '0', 'server.address': 'localhost' };
  const { addCommand } = prototype;
  prototype.addCommand = function (args, options) {
    histogram.record(0.0001, attributes);
    return addCommand.call(this, args, options);
  };
}

function patchFloor(load, requireOfClient) {
  const { context, SpanKind, SpanStatusCode, trace } = load('@opentelemetry/api');
  const { prototype } = requireOfClient('@redis/client/dist/lib/client/commands-queue.js').default;
  const tracer = trace.getTracer('floor');
  const { addCommand } = prototype;
  prototype.addCommand = function (args, options) {
    const operation = args[0];
    const attributes = {
      'db.system.name': 'redis',
      'db.operation.name': operation,
      'db.query.text': `${operation} ${args[1]}`,
      'server.address': 'localhost',
    };
    const span = tracer.startSpan(operation, { kind: SpanKind.CLIENT, attributes });
    return context.with(trace.setSpan(context.active(), span), () =>
      addCommand.call(this, args, options).then(
        (reply) => {
          span.end();
          return reply;
        },
        (error) => {
          span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
          span.end();
          throw error;
        },
      ),
    );
  };
}

module.exports = { CONTENDERS };
