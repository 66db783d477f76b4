// Knows: causes why spans do not leave the process, or do not arrive.
// Must not know: how spans are made.
import { setting } from '../advice';
import { GRPC_STATUS, type Reach } from '../endpoint';
import { type Evidence, exportsNone, measuredIn, variable } from '../evidence';
import { note, problem, type Row } from '../finding';
import { faultOf } from './variables';

export const EXPORT: readonly Row[] = [
  {
    id: 'no-exporter',
    look: (evidence) => {
      const provider = evidence.own?.provider;
      // With exporters set to none, the NodeSDK does not even register a tracer provider.
      if (exportsNone(evidence)) {
        if (measuredIn(evidence) > 0)
          return note('OTEL_TRACES_EXPORTER=none: commands are measured, and have no spans.');
        return problem('OTEL_TRACES_EXPORTER=none: spans go nowhere.', {
          change: setting('OTEL_TRACES_EXPORTER', 'otlp', evidence),
        });
      }
      if (provider === undefined || provider.exporters.length > 0 || faultOf(evidence) !== undefined) return undefined;
      if (!provider.isEmpty)
        return note('The tracer provider has no exporter that can be seen: it exports spans in another way.');
      return problem('The tracer provider has no span processor, so spans go nowhere.', {
        advice: 'give the SDK a traceExporter or a span processor',
      });
    },
  },
  {
    id: 'unreachable',
    look: (evidence) => {
      if (faultOf(evidence) !== undefined) return undefined;
      const dead = evidence.reaches.find(({ error, spoken }) => error !== undefined && spoken === undefined);
      if (dead === undefined) return undefined;
      if (isOfCertificate(dead)) return untrusted(dead, evidence);
      return problem(`Nothing accepts spans at ${dead.origin} (${dead.error}).`, {
        advice: 'start the collector, or set OTEL_EXPORTER_OTLP_ENDPOINT to where it is',
      });
    },
  },
  {
    id: 'wrong-protocol',
    look: (evidence) => {
      const wrong = evidence.reaches.find(({ spoken }) => spoken !== undefined);
      if (wrong === undefined) return undefined;
      const [theirs, ours, port] = wrong.spoken === 'grpc' ? ['gRPC', 'HTTP', 4318] : ['HTTP', 'gRPC', 4317];
      const text =
        `${wrong.origin} is a port for ${theirs}, and the exporter speaks ${ours}: it is refused. Collectors ` +
        `take ${ours} at ${port}.`;
      const name = variable(evidence, TRACES_PROTOCOL) === undefined ? PROTOCOL : TRACES_PROTOCOL;
      // A protocol that was given in code cannot be changed by the environment.
      if (wrong.spoken === 'http' && variable(evidence, name) === undefined)
        return problem(text, { advice: 'give the SDK the exporter for HTTP' });
      return problem(text, { change: setting(name, wrong.spoken === 'grpc' ? 'grpc' : 'http/protobuf', evidence) });
    },
  },
  {
    id: 'refused',
    look: ({ reaches }) => {
      const refusing = reaches.find(isRefusal);
      if (refusing === undefined) return undefined;
      const { origin, status, grpcStatus } = refusing;
      return problem(`${origin} answers ${status ?? `gRPC status ${grpcStatus}`} to an empty export.`, {
        advice: adviceFor(refusing),
      });
    },
  },
];

const PROTOCOL = 'OTEL_EXPORTER_OTLP_PROTOCOL';
const TRACES_PROTOCOL = 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL';

function isOfCertificate({ error = '' }: Reach): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_/.test(error);
}

/** Options that an exporter got in code are not available to the doctor. */
function untrusted({ origin, error }: Reach, evidence: Evidence) {
  const isByEnvironment = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'].some((name) =>
    variable(evidence, name)?.startsWith(origin),
  );
  const text = `Node.js does not trust the certificate of ${origin} (${error})`;
  if (!isByEnvironment) return note(`${text}; whether the exporter was given a trusted one, the doctor cannot see.`);
  return problem(`${text}.`, {
    advice: 'set OTEL_EXPORTER_OTLP_CERTIFICATE to the file with the certificate of its issuer',
  });
}

function isRefusal({ status = 200, grpcStatus = 0 }: Reach): boolean {
  if (status >= 400 && status !== 400 && status !== 415) return true;
  return grpcStatus !== GRPC_STATUS.ok && grpcStatus !== GRPC_STATUS.invalid;
}

function adviceFor({ status, grpcStatus }: Reach): string {
  if (
    status === 401 ||
    status === 403 ||
    grpcStatus === GRPC_STATUS.denied ||
    grpcStatus === GRPC_STATUS.unauthenticated
  )
    return 'set the credentials in OTEL_EXPORTER_OTLP_HEADERS';
  if (status === 404 || status === 405)
    return (
      'OTEL_EXPORTER_OTLP_ENDPOINT is the base address; /v1/traces is added to it, but not to ' +
      'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'
    );
  return 'look at the log of the collector';
}
