// Knows: the JSON form of OTLP, and how to read it into plain spans and points.
// Must not know: who sends it, its encoding, what is done with it.
import { createHash } from 'node:crypto';

export type Value = string | number | boolean | readonly Value[] | undefined;
export type Attributes = Readonly<Record<string, Value>>;

export interface SpanId {
  readonly traceId: string;
  readonly spanId: string;
}

export interface Span extends SpanId {
  readonly parentSpanId: string | undefined;
  readonly service: string;
  readonly scope: string;
  readonly name: string;
  readonly kind: Kind;
  readonly startMs: number;
  readonly durationMs: number;
  readonly failed: boolean;
  readonly attributes: Attributes;
  readonly links: readonly SpanId[];
}

/** One value of one metric series. */
export interface Point {
  readonly metric: string;
  /** Identifies the process: two processes with the same attributes are two series. */
  readonly source: string;
  readonly scope: string;
  readonly attributes: Attributes;
  /** For a histogram, its count. */
  readonly value: number;
  /** For a histogram, the sum of its values. */
  readonly sum: number | undefined;
  /** `total` since `startNanos`, `increase` since the last point, or current `state`. */
  readonly type: 'total' | 'increase' | 'state';
  readonly startNanos: string;
}

export type Kind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

// Limits for the text and the lists of one span.
const MAX_TEXT = 2_048;
const MAX_ATTRIBUTES = 64;
const MAX_LINKS = 128;
const MAX_ID = 32;
const MAX_DEPTH = 4;

const KINDS: readonly Kind[] = ['internal', 'internal', 'server', 'client', 'producer', 'consumer'];
const STATUS_ERROR = 2;
const TEMPORALITY_DELTA = 1;
const MICROS_PER_MS = 1_000;

type Fields = Readonly<Record<string, unknown>>;

/** Reads the spans of an ExportTraceServiceRequest. Throws if it is not one. */
export function readSpans(body: unknown): Span[] {
  return list(body, 'resourceSpans').flatMap((resource) => {
    const service = text(attributesOf(fields(resource.resource))['service.name']);
    return list(resource, 'scopeSpans').flatMap((group) => {
      const scope = text(fields(group.scope).name);
      return list(group, 'spans').map((span) => readSpan(span, service, scope));
    });
  });
}

/** Reads the points of an ExportMetricsServiceRequest. Throws if it is not one. */
export function readPoints(body: unknown): Point[] {
  return list(body, 'resourceMetrics').flatMap((resource) => {
    const source = digestOf(JSON.stringify(attributesOf(fields(resource.resource))));
    return list(resource, 'scopeMetrics').flatMap((group) => {
      const scope = text(fields(group.scope).name);
      return list(group, 'metrics').flatMap((metric) => readMetric(metric, source, scope));
    });
  });
}

function readSpan(span: Fields, service: string, scope: string): Span {
  const start = nanos(span.startTimeUnixNano);
  return {
    ...readId(span),
    parentSpanId: id(span.parentSpanId) || undefined,
    service,
    scope,
    name: text(span.name),
    kind: KINDS[Number(span.kind ?? 0)] ?? 'internal',
    // By microseconds: a double cannot hold nanoseconds since 1970.
    startMs: Number(start / 1_000n) / MICROS_PER_MS,
    durationMs: Number(nanos(span.endTimeUnixNano) - start) / 1e6,
    failed: Number(fields(span.status).code ?? 0) === STATUS_ERROR,
    attributes: attributesOf(span),
    links: list(span, 'links').slice(0, MAX_LINKS).map(readId),
  };
}

function readId({ traceId, spanId }: Fields): SpanId {
  return { traceId: id(traceId), spanId: id(spanId) };
}

function readMetric(metric: Fields, source: string, scope: string): Point[] {
  const data = fields(metric.sum ?? metric.gauge ?? metric.histogram ?? metric.exponentialHistogram);
  const type = pointType(metric, data);
  return list(data, 'dataPoints').map((point) => ({
    metric: text(metric.name),
    source,
    scope,
    attributes: attributesOf(point),
    value: Number(point.asInt ?? point.asDouble ?? point.count ?? 0),
    sum: point.sum === undefined ? undefined : Number(point.sum),
    type,
    startNanos: String(point.startTimeUnixNano ?? ''),
  }));
}

/** An up-down counter is a sum that may fall, so its current state is used. */
function pointType(metric: Fields, data: Fields): Point['type'] {
  if (metric.gauge !== undefined || (metric.sum !== undefined && data.isMonotonic !== true)) return 'state';
  return Number(data.aggregationTemporality) === TEMPORALITY_DELTA ? 'increase' : 'total';
}

function attributesOf(owner: Fields): Attributes {
  const read = list(owner, 'attributes')
    .slice(0, MAX_ATTRIBUTES)
    .map(({ key, value }) => [text(key), readValue(fields(value), 0)]);
  return Object.fromEntries(read) as Attributes;
}

function readValue(value: Fields, depth: number): Value {
  if (value.stringValue !== undefined) return text(value.stringValue);
  if (value.boolValue !== undefined) return value.boolValue === true;
  // JSON gives 64-bit integers as strings.
  if (value.intValue !== undefined) return Number(value.intValue);
  if (value.doubleValue !== undefined) return Number(value.doubleValue);
  if (value.arrayValue === undefined || depth === MAX_DEPTH) return undefined;
  return list(fields(value.arrayValue), 'values')
    .slice(0, MAX_ATTRIBUTES)
    .map((item) => readValue(item, depth + 1));
}

function fields(value: unknown): Fields {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object') throw new TypeError('not OTLP: an object was expected');
  return value as Fields;
}

function list(owner: unknown, name: string): Fields[] {
  const value = fields(owner)[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new TypeError(`not OTLP: ${name} is no list`);
  return value.map(fields);
}

/** Hexadecimal ids may be in either case. */
function id(value: unknown): string {
  return text(value).slice(0, MAX_ID).toLowerCase();
}

/** A process only has to be distinguished from others, so a digest of its resource is enough. */
function digestOf(resource: string): string {
  return createHash('sha256').update(resource).digest('base64');
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, MAX_TEXT) : '';
}

function nanos(value: unknown): bigint {
  return BigInt(typeof value === 'string' || typeof value === 'number' ? value : 0);
}
