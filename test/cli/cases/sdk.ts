// Knows: programs in which there is no SDK, or none that hears the instrumentation.
// Must not know: how they are run.
import { type Case, HOOK, REGISTER, startSdk, USE } from './case';

export const SDK: readonly Case[] = [
  {
    title: 'an API that is newer than that of the SDK',
    finds: ['api-versions'],
    says: /api 1\.10\.0 is not connected to an SDK that registered with 1\.9\.1; .*\n {2}change: npm install @opentelemetry\/api@1\.9\.1 && npm ls /,
    program: (setup) => ({ flags: HOOK, folder: setup.folderWithNewerApi(), app: `${startSdk()} ${USE} use();` }),
  },
  {
    title: 'an SDK that cannot register',
    finds: ['api-versions'],
    says: /The SDK could not register: its @opentelemetry\/api is 1\.9\.1, and 1\.10\.0 was there first/,
    program: (setup) => ({
      flags: HOOK,
      folder: setup.folderWithNewerApi(),
      app: `require('@opentelemetry/api').diag.setLogger(console); ${startSdk()} ${USE} use();`,
    }),
  },
  {
    title: 'a hook without an SDK',
    finds: ['no-sdk'],
    says: /change: node --require opentelemetry-instrumentation-redis\/register commonjs\.cjs\n/,
    program: { flags: HOOK },
  },
  {
    title: 'register where no SDK is installed',
    finds: ['no-sdk'],
    says: /change: npm install @opentelemetry\/sdk-node\n/,
    program: (setup) => ({ flags: REGISTER, folder: setup.installed.program('6.3', { sdk: false }) }),
  },
  {
    title: 'an SDK that is not started',
    finds: ['no-sdk'],
    says: /advice: call start\(\) of the NodeSDK/,
    program: { flags: HOOK, app: `require('@opentelemetry/sdk-node'); ${USE} use();` },
  },
  {
    title: 'a Sentry that has to be asked',
    finds: ['no-sdk'],
    says: /@sentry\/node 11\.\d+\.0 has registered no tracer provider with OpenTelemetry: .*\n {2}advice: Sentry\.init\(\{ enableOpenTelemetrySetup: true, … \}\)\n/,
    program: (setup) => ({ flags: HOOK, folder: setup.folderWithSentry(), app: `require('@sentry/node').init(); ${USE} use();` }),
  },
  {
    title: 'nothing, if the SDK removes what was registered before',
    finds: [],
    says: /^Export +OTLPTraceExporter[\s\S]*^healthy: Redis commands are traced/m,
    program: {
      flags: HOOK,
      app: `require('@opentelemetry/api').diag.setLogger({ error() {}, warn() {}, info() {}, debug() {}, verbose() {} });
        delete globalThis[Symbol.for('opentelemetry.js.api.1')]; ${startSdk()} ${USE} use();`,
    },
  },
  {
    title: 'nothing, where a file configures the SDK, whatever the environment says',
    finds: [],
    says: /^OpenTelemetry +SDK .*, configured by \S+otel\.yaml\nExport +OTLPTraceExporter to .*\(answers 200\)$/m,
    program: (setup) => ({
      flags: REGISTER,
      env: {
        OTEL_CONFIG_FILE: setup.fileWith(
          'otel.yaml',
          `file_format: "1.0"
tracer_provider: { processors: [{ simple: { exporter: { otlp_http: { endpoint: "${setup.receiver.url}/v1/traces", encoding: json } } } }] }\n`,
        ),
        OTEL_TRACES_EXPORTER: 'jaeger',
        OTEL_TRACES_SAMPLER: 'always_off',
      },
    }),
  },
];
