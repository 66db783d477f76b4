// Knows: programs whose spans do not leave the process, or do not arrive.
// Must not know: how they are run.
import { type Case, HOOK, REGISTER, startTracing, USE } from './case';

/** A port that is reserved, and on which nobody listens. */
const NOWHERE = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_EXPORTER_OTLP_TIMEOUT: '200' };

export const EXPORT: readonly Case[] = [
  {
    title: 'OTEL_TRACES_EXPORTER=none',
    finds: ['no-exporter'],
    says: /change: OTEL_TRACES_EXPORTER=otlp\n/,
    patient: { flags: REGISTER, env: { OTEL_TRACES_EXPORTER: 'none' } },
  },
  {
    title: 'an SDK without an exporter',
    finds: ['no-exporter'],
    says: /change: give the SDK a traceExporter/,
    patient: { flags: HOOK, app: `${startTracing()} ${USE} use();` },
  },
  {
    title: 'a collector that is not there',
    finds: ['unreachable'],
    says: /Nobody takes spans at http:\/\/127\.0\.0\.1:1 \(ECONNREFUSED\)\.\n {2}change: start the collector/,
    patient: { flags: REGISTER, env: NOWHERE },
  },
  {
    title: 'a gRPC collector that is not there',
    finds: ['unreachable'],
    says: /Nobody takes spans at 127\.0\.0\.1:1 \(ECONNREFUSED\)/,
    patient: { flags: REGISTER, env: { ...NOWHERE, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' } },
  },
  {
    title: 'a collector that wants credentials',
    finds: ['refused'],
    says: /answers 401 to an empty export\.\n {2}change: set the credentials in OTEL_EXPORTER_OTLP_HEADERS\n/,
    collector: 401,
    patient: { flags: REGISTER },
  },
  {
    title: 'an address that is wrong',
    finds: ['refused'],
    says: /answers 404 to an empty export\.\n {2}change: OTEL_EXPORTER_OTLP_ENDPOINT is the base address/,
    collector: 404,
    patient: { flags: REGISTER },
  },
];
