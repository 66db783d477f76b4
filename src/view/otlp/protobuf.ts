// Knows: the numbers of OTLP's fields, and that protobufjs reads them.
// Must not know: what the fields mean.
import type { Type } from 'protobufjs';

export interface Decoders {
  readonly traces: (body: Buffer) => unknown;
  readonly metrics: (body: Buffer) => unknown;
}

/**
 * The part of opentelemetry-proto 1.x that is read here; other fields are skipped. Names are those of OTLP's JSON, so
 * that both encodings give the same form.
 */
const SCHEMA = `
  syntax = "proto3";
  message Traces { repeated ResourceSpans resourceSpans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scopeSpans = 2; }
  message ScopeSpans { Scope scope = 1; repeated Span spans = 2; }
  message Span {
    bytes traceId = 1; bytes spanId = 2; bytes parentSpanId = 4; string name = 5; int32 kind = 6;
    fixed64 startTimeUnixNano = 7; fixed64 endTimeUnixNano = 8; repeated Attribute attributes = 9;
    repeated Link links = 13; Status status = 15;
  }
  message Link { bytes traceId = 1; bytes spanId = 2; }
  message Status { int32 code = 3; }

  message Metrics { repeated ResourceMetrics resourceMetrics = 1; }
  message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scopeMetrics = 2; }
  message ScopeMetrics { Scope scope = 1; repeated Metric metrics = 2; }
  message Metric {
    string name = 1;
    oneof data {
      Gauge gauge = 5; Sum sum = 7; Histogram histogram = 9; ExponentialHistogram exponentialHistogram = 10;
    }
  }
  message Gauge { repeated NumberPoint dataPoints = 1; }
  message Sum { repeated NumberPoint dataPoints = 1; int32 aggregationTemporality = 2; bool isMonotonic = 3; }
  message NumberPoint {
    fixed64 startTimeUnixNano = 2; oneof value { double asDouble = 4; sfixed64 asInt = 6; }
    repeated Attribute attributes = 7;
  }
  message Histogram { repeated HistogramPoint dataPoints = 1; int32 aggregationTemporality = 2; }
  message HistogramPoint {
    fixed64 startTimeUnixNano = 2; fixed64 count = 4; optional double sum = 5; repeated Attribute attributes = 9;
  }
  message ExponentialHistogram { repeated ExponentialPoint dataPoints = 1; int32 aggregationTemporality = 2; }
  message ExponentialPoint {
    repeated Attribute attributes = 1; fixed64 startTimeUnixNano = 2; fixed64 count = 4; optional double sum = 5;
  }

  message Resource { repeated Attribute attributes = 1; }
  message Scope { string name = 1; }
  message Attribute { string key = 1; Value value = 2; }
  message Value {
    oneof value {
      string stringValue = 1; bool boolValue = 2; int64 intValue = 3; double doubleValue = 4; Values arrayValue = 5;
    }
  }
  message Values { repeated Value values = 1; }
`;

let decoders: Decoders | null | undefined;

/** Created on first use; undefined if protobufjs is not installed. It is usually a dependency of the SDK. */
export function protobufDecoders(): Decoders | undefined {
  if (decoders === undefined) decoders = makeDecoders() ?? null;
  return decoders ?? undefined;
}

function makeDecoders(): Decoders | undefined {
  const path = findLibrary();
  if (path === undefined) return undefined;
  const { root } = (require(path) as typeof import('protobufjs')).parse(SCHEMA, { keepCase: true });
  return { traces: decoderOf(root.lookupType('Traces')), metrics: decoderOf(root.lookupType('Metrics')) };
}

function findLibrary(): string | undefined {
  try {
    return require.resolve('protobufjs', { paths: [__dirname, process.cwd()] });
  } catch {
    return undefined;
  }
}

function decoderOf(type: Type): (body: Buffer) => unknown {
  return (body) => withHexIds(type.toObject(type.decode(body), { longs: String }));
}

/** JSON has hexadecimal ids. Ids are the only bytes in what is read. */
function withHexIds(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(withHexIds);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, withHexIds(field)]));
}
