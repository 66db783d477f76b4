// Knows: which values of environment variables the SDK understands.
// Must not know: their effect.
import { setting } from '../advice';
import { configFile, type Evidence, variable } from '../evidence';
import { problem, type Row } from '../finding';
import { nearest } from './nearest';

const PROTOCOLS = ['grpc', 'http/protobuf', 'http/json'];

const KNOWN: Readonly<Record<string, readonly string[]>> = {
  OTEL_TRACES_EXPORTER: ['otlp', 'console', 'zipkin', 'none'],
  OTEL_METRICS_EXPORTER: ['otlp', 'console', 'prometheus', 'none'],
  OTEL_TRACES_SAMPLER: [
    'always_on',
    'always_off',
    'traceidratio',
    'parentbased_always_on',
    'parentbased_always_off',
    'parentbased_traceidratio',
  ],
  OTEL_EXPORTER_OTLP_PROTOCOL: PROTOCOLS,
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: PROTOCOLS,
};

/** The exporter for Jaeger was removed: Jaeger accepts OTLP. */
const SUCCESSORS: Readonly<Record<string, string>> = {
  jaeger: 'otlp',
  'http/proto': 'http/protobuf',
  http: 'http/protobuf',
};

const ENDPOINTS = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'];

interface Fault {
  readonly name: string;
  readonly value: string;
  readonly right: string;
  readonly isAddress?: boolean;
}

/** The first variable whose value the SDK does not understand. */
export function faultOf(evidence: Evidence): Fault | undefined {
  if (configFile(evidence) !== undefined) return undefined;
  for (const [name, known] of Object.entries(KNOWN)) {
    const value = variable(evidence, name);
    const wrong = value?.split(',').find((part) => !known.includes(part.trim()));
    if (value === undefined || wrong === undefined) continue;
    const right =
      SUCCESSORS[wrong.trim().toLowerCase()] ?? nearest(wrong.trim().toLowerCase(), known) ?? (known[0] as string);
    return { name, value: wrong.trim(), right: value.replace(wrong, right) };
  }
  return addressFault(evidence);
}

/** gRPC addresses need no scheme. */
function addressFault(evidence: Evidence): Fault | undefined {
  const protocol =
    variable(evidence, 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') ?? variable(evidence, 'OTEL_EXPORTER_OTLP_PROTOCOL');
  if (protocol === 'grpc') return undefined;
  const name = ENDPOINTS.find((candidate) => variable(evidence, candidate) !== undefined);
  const value = name && variable(evidence, name);
  if (name === undefined || value === undefined || /^https?:\/\/[^/]/i.test(value)) return undefined;
  return { name, value, right: `http://${value.replace(/^[a-z]*:?\/+/i, '')}`, isAddress: true };
}

export const VARIABLES: readonly Row[] = [
  {
    id: 'variable',
    look: (evidence) => {
      const fault = faultOf(evidence);
      if (fault === undefined) return undefined;
      const { name, value, right, isAddress } = fault;
      // A password may be before the @.
      if (value.includes('@'))
        return problem(`${name} is no address: it has no scheme.`, {
          advice: `begin ${name} with http:// or https://`,
        });
      const text = isAddress ? `${name}=${value} has no scheme` : `${name}: the SDK does not know ${value}`;
      return problem(`${text}; it should be ${right}.`, { change: setting(name, right, evidence) });
    },
  },
];
