// Knows: the distributions of OpenTelemetry and the tracers that bridge to it: how each is installed, preloaded and told
// where to send, and how its own part for redis is switched off.
// Must not know: what is then run, or what is expected of it.

/** Where the programs of test/packaging/distros are, in the project. */
const file = (name) => ['--require', `./${name}.cjs`];

const OTLP = (url) => ({
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_METRICS_EXPORTER: 'none',
  OTEL_LOGS_EXPORTER: 'none',
  OTEL_BSP_SCHEDULE_DELAY: '100',
  OTEL_NODE_RESOURCE_DETECTORS: 'none',
  OTEL_TRACES_SAMPLER: 'always_on',
});

/**
 * `switch`: what switches off its own part for redis, as environment of the program; undefined: it has none that stays,
 * for what it takes from `@opentelemetry/instrumentation-redis` is taken off, or kept out.
 */
export const DISTROS = [
  {
    name: '@opentelemetry/auto-instrumentations-node',
    packages: ['@opentelemetry/auto-instrumentations-node@~0.81.0', '@opentelemetry/api@~1.9.0'],
    preload: ['--require', '@opentelemetry/auto-instrumentations-node/register'],
    environment: OTLP,
  },
  {
    name: '@elastic/opentelemetry-node',
    packages: ['@elastic/opentelemetry-node@1'],
    preload: ['--import', '@elastic/opentelemetry-node'],
    environment: (url) => ({ ...OTLP(url), ELASTIC_OTEL_METRICS_DISABLED: 'true', ELASTIC_OTEL_OPAMP_ENDPOINT: '' }),
  },
  {
    name: '@aws/aws-distro-opentelemetry-node-autoinstrumentation',
    packages: ['@aws/aws-distro-opentelemetry-node-autoinstrumentation@0'],
    preload: ['--require', '@aws/aws-distro-opentelemetry-node-autoinstrumentation/register'],
    environment: (url) => ({
      ...OTLP(url),
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${url}/v1/traces`,
      OTEL_AWS_APPLICATION_SIGNALS_ENABLED: 'false',
    }),
  },
  {
    name: '@azure/monitor-opentelemetry',
    packages: ['@azure/monitor-opentelemetry@1'],
    preload: file('azure'),
    environment: (url) => ({
      ...OTLP(url),
      AZURE_CONNECTION: 'InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint=https://127.0.0.1:9/',
      APPLICATION_INSIGHTS_NO_STATSBEAT: 'true',
    }),
  },
  {
    name: '@vercel/otel',
    packages: ['@vercel/otel@2', '@opentelemetry/instrumentation-http@~0.223.0', '@opentelemetry/api@~1.9.0'],
    preload: file('vercel'),
    environment: OTLP,
  },
  {
    name: '@lumigo/opentelemetry',
    // It pins the API, and a second copy beside it takes its spans away, with us or without.
    packages: ['@lumigo/opentelemetry@1', '@opentelemetry/api@1.9.0'],
    preload: ['--require', '@lumigo/opentelemetry'],
    environment: (url) => ({ ...OTLP(url), LUMIGO_TRACER_TOKEN: 't_123456789012345678901', LUMIGO_ENDPOINT: `${url}/v1/traces` }),
  },
  {
    name: '@dash0/opentelemetry',
    packages: ['@dash0/opentelemetry@4'],
    preload: ['--require', '@dash0/opentelemetry'],
    environment: (url) => ({ ...OTLP(url), DASH0_OTEL_COLLECTOR_BASE_URL: url }),
  },
  {
    name: '@splunk/otel',
    // 4.11.0 asks for an instrumentation-sequelize that the registry does not have.
    packages: ['@splunk/otel@4.7.2'],
    preload: ['--require', '@splunk/otel/instrument'],
    environment: (url) => ({ ...OTLP(url), OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' }),
  },
  {
    name: '@sentry/node 10',
    packages: ['@sentry/node@10'],
    preload: file('sentry'),
    environment: (url) => ({ SENTRY_DSN: `${url.replace('//', '//key@')}/1` }),
    switch: { OFF: '1' },
  },
  {
    name: '@sentry/node 11',
    packages: ['@sentry/node@11'],
    preload: file('sentry'),
    environment: (url) => ({ SENTRY_DSN: `${url.replace('//', '//key@')}/1` }),
    switch: { OFF: '1' },
  },
  {
    name: 'dd-trace',
    packages: ['dd-trace@6', '@opentelemetry/api@~1.9.0'],
    preload: file('dd-trace'),
    environment: (url) => ({
      DD_TRACE_AGENT_URL: url,
      DD_TRACE_STARTUP_LOGS: 'false',
      DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
      DD_REMOTE_CONFIGURATION_ENABLED: 'false',
    }),
    switch: { OFF: '1' },
  },
];
