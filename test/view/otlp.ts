// Knows: how telemetry is spelled as OTLP in JSON.
// Must not know: who reads it.
export type Attributes = Record<string, string | number | boolean>;

export interface SampleSpan {
  readonly name?: string;
  readonly atMs?: number;
  readonly forMs?: number;
  readonly trace?: string;
  readonly id?: string;
  readonly parent?: string;
  readonly kind?: number;
  readonly failed?: boolean;
  readonly attributes?: Attributes;
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
}

export interface SamplePoint {
  readonly metric: string;
  readonly value: number;
  readonly attributes?: Attributes;
  readonly type?: 'counter' | 'upDown' | 'histogram' | 'gauge';
  readonly delta?: boolean;
  /** Of a histogram, what was recorded altogether. */
  readonly sum?: number;
  readonly startedAt?: number;
}

export const EPOCH_MS = 1_700_000_000_000;

/** A command of ours. */
export function command(name: string, attributes: Attributes = {}): Attributes {
  return { 'db.system.name': 'redis', 'db.operation.name': name, ...attributes };
}

export function tracesBody(spans: readonly SampleSpan[], service = 'test'): unknown {
  return { resourceSpans: [{ resource: resourceOf(service), scopeSpans: [{ scope: { name: 'test' }, spans: spans.map(spanOf) }] }] };
}

export function metricsBody(points: readonly SamplePoint[], service = 'test', scope = 'opentelemetry-instrumentation-redis'): unknown {
  return {
    resourceMetrics: [{ resource: resourceOf(service), scopeMetrics: [{ scope: { name: scope }, metrics: points.map(metricOf) }] }],
  };
}

function resourceOf(service: string) {
  return { attributes: attributesOf({ 'service.name': service }) };
}

let made = 0;

function spanOf({ name = 'GET', atMs = 0, forMs = 1, trace, id, parent, kind = 3, failed, attributes = {}, links = [] }: SampleSpan) {
  const nanos = (ms: number) => `${BigInt(EPOCH_MS + ms) * 1_000_000n}`;
  made++;
  return {
    traceId: trace ?? made.toString(16).padStart(32, '0'),
    spanId: id ?? made.toString(16).padStart(16, '0'),
    parentSpanId: parent,
    name,
    kind,
    startTimeUnixNano: nanos(atMs),
    endTimeUnixNano: nanos(atMs + forMs),
    status: { code: failed ? 2 : 0 },
    attributes: attributesOf(attributes),
    links,
  };
}

function metricOf({ metric, value, attributes = {}, type = 'counter', delta = false, sum, startedAt = 0 }: SamplePoint) {
  const aggregationTemporality = delta ? 1 : 2;
  const point = { attributes: attributesOf(attributes), startTimeUnixNano: `${startedAt}` };
  if (type === 'gauge') return { name: metric, gauge: { dataPoints: [{ ...point, asDouble: value }] } };
  // 64-bit integers come as strings.
  if (type === 'histogram')
    return { name: metric, histogram: { aggregationTemporality, dataPoints: [{ ...point, count: `${value}`, sum }] } };
  const isMonotonic = type === 'counter';
  return { name: metric, sum: { aggregationTemporality, isMonotonic, dataPoints: [{ ...point, asInt: `${value}` }] } };
}

function attributesOf(attributes: Attributes) {
  const types = { string: 'stringValue', number: 'doubleValue', boolean: 'boolValue' } as const;
  return Object.entries(attributes).map(([key, value]) => ({ key, value: { [types[typeof value as keyof typeof types]]: value } }));
}
