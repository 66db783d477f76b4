// Knows: programs whose spans do not leave the process, or do not arrive.
// Must not know: how they are run.
import { type Case, HOOK, REGISTER, startTracing, USE } from './case';

/** A port that is reserved, and on which nobody listens. */
const NOWHERE = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_EXPORTER_OTLP_TIMEOUT: '200' };

export const EXPORT: readonly Case[] = [
  {
    title: 'OTEL_TRACES_EXPORTER=none',
    finds: ['no-exporter'],
    says: /change: OTEL_TRACES_EXPORTER=otlp node --require \S+\/register commonjs\.cjs\n/,
    program: { flags: REGISTER, env: { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' } },
  },
  {
    title: 'metrics alone',
    finds: ['no-exporter'],
    says: /^Spans +none; 3 calls measured$[\s\S]*^healthy: Redis commands are measured$/m,
    program: {
      flags: REGISTER,
      env: { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'prometheus', OTEL_EXPORTER_PROMETHEUS_PORT: '0' },
    },
  },
  {
    title: 'a span processor of the user',
    finds: ['no-exporter'],
    says: /note \(no-exporter\): .*\n\nhealthy: Redis commands are traced/,
    program: {
      flags: HOOK,
      app: `const mine = { onStart() {}, onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} };
        ${startTracing('{ spanProcessors: [mine] }')} ${USE} use();`,
    },
  },
  {
    title: 'an SDK without an exporter',
    finds: ['no-exporter'],
    says: /advice: give the SDK a traceExporter/,
    program: { flags: HOOK, app: `${startTracing()} ${USE} use();` },
  },
  {
    title: 'a missing collector',
    finds: ['unreachable'],
    says: /Nothing accepts spans at http:\/\/127\.0\.0\.1:1 \(ECONNREFUSED\)\.\n {2}advice: start the collector/,
    program: { flags: REGISTER, env: NOWHERE },
  },
  {
    title: 'a missing gRPC collector',
    finds: ['unreachable'],
    says: /Nothing accepts spans at 127\.0\.0\.1:1 \(ECONNREFUSED\)/,
    program: { flags: REGISTER, env: { ...NOWHERE, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' } },
  },
  {
    title: 'gRPC at a port for HTTP',
    finds: ['wrong-protocol'],
    says: /127\.0\.0\.1:\d+ is a port for HTTP, and the exporter speaks gRPC: it is refused\..*\n {2}change: OTEL_EXPORTER_OTLP_PROTOCOL=http\/protobuf node /,
    collector: 200,
    program: { flags: REGISTER, env: { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_TIMEOUT: '200' } },
  },
  {
    title: 'HTTP at a port for gRPC',
    finds: ['wrong-protocol'],
    says: /is a port for gRPC, and the exporter speaks HTTP: it is refused\..*\n {2}change: OTEL_EXPORTER_OTLP_PROTOCOL=grpc node /,
    collector: 'grpc',
    program: { flags: REGISTER, env: { OTEL_EXPORTER_OTLP_TIMEOUT: '200' } },
  },
  {
    title: 'nothing, where a collector takes gRPC',
    finds: [],
    says: /answers gRPC status 0/,
    collector: 'grpc',
    program: { flags: REGISTER, env: { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' } },
  },
  {
    title: 'nothing, where the exporter has a certificate of its own',
    finds: [],
    says: /to https:\/\/127\.0\.0\.1:\d+ \(answers 200\)/,
    collector: 'tls',
    program: ({ certificate }) => ({ flags: REGISTER, env: { OTEL_EXPORTER_OTLP_CERTIFICATE: certificate.cert } }),
  },
  {
    title: 'a collector with an untrusted certificate',
    finds: ['unreachable'],
    says: /Node\.js does not trust the certificate of https:\/\/127\.0\.0\.1:\d+ \(DEPTH_ZERO_SELF_SIGNED_CERT\)\./,
    collector: 'tls',
    program: { flags: REGISTER },
  },
  {
    title: 'a collector that wants credentials',
    finds: ['refused'],
    says: /answers 401 to an empty export\.\n {2}advice: set the credentials in OTEL_EXPORTER_OTLP_HEADERS\n/,
    collector: 401,
    program: { flags: REGISTER },
  },
  {
    title: 'a wrong address',
    finds: ['refused'],
    says: /answers 404 to an empty export\.\n {2}advice: OTEL_EXPORTER_OTLP_ENDPOINT is the base address/,
    collector: 404,
    program: { flags: REGISTER },
  },
];
