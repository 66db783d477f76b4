// Knows: OTLP over HTTP in JSON, as far as a test wants to read it.
// Must not know: who sends.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export type Attributes = Readonly<Record<string, string | number | boolean>>;

export interface ReceivedSpan {
  readonly service: string;
  readonly scope: string;
  readonly name: string;
  readonly id: string;
  readonly parentId: string | undefined;
  readonly attributes: Attributes;
}

/** Who made a span, for tests to which nothing else of it matters. */
export function originOf({ service, scope, name }: ReceivedSpan) {
  return { service, scope, name };
}

/** One series of a metric: what was last sent of it, a sum or the number of things measured. */
export interface ReceivedSeries {
  readonly metric: string;
  readonly attributes: Attributes;
  readonly value: number;
}

export interface ReceivedEvent {
  readonly scope: string;
  readonly name: string;
  readonly spanId: string | undefined;
  readonly attributes: Attributes;
}

export interface Receiver {
  readonly url: string;
  /** What has arrived since the last take. */
  take(): { readonly spans: ReceivedSpan[]; readonly series: ReceivedSeries[]; readonly events: ReceivedEvent[] };
  stop(): Promise<void>;
}

interface Value {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: number | string;
  readonly doubleValue?: number;
}

type KeyValues = readonly { readonly key: string; readonly value: Value }[];

interface Span {
  readonly name: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: KeyValues;
}

interface Points {
  readonly dataPoints: readonly {
    readonly attributes: KeyValues;
    readonly asInt?: number | string;
    readonly asDouble?: number;
    readonly count?: number | string;
  }[];
}

interface Metric {
  readonly name: string;
  readonly sum?: Points;
  readonly gauge?: Points;
  readonly histogram?: Points;
}

interface LogRecord {
  readonly eventName?: string;
  readonly spanId?: string;
  readonly attributes: KeyValues;
}

interface Body {
  readonly resourceLogs?: readonly {
    readonly scopeLogs: readonly { readonly scope: { readonly name: string }; readonly logRecords: readonly LogRecord[] }[];
  }[];
  readonly resourceSpans?: readonly {
    readonly resource: { readonly attributes: KeyValues };
    readonly scopeSpans: readonly { readonly scope: { readonly name: string }; readonly spans: readonly Span[] }[];
  }[];
  readonly resourceMetrics?: readonly { readonly scopeMetrics: readonly { readonly metrics: readonly Metric[] }[] }[];
}

export async function startReceiver(): Promise<Receiver> {
  const spans: ReceivedSpan[] = [];
  const events: ReceivedEvent[] = [];
  const series = new Map<string, ReceivedSeries>();
  const server = createServer(async (request, response) => {
    const body = await read(request);
    spans.push(...spansOf(body));
    events.push(...eventsOf(body));
    for (const one of seriesOf(body)) series.set(JSON.stringify([one.metric, one.attributes]), one);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    take: () => {
      const latest = [...series.values()];
      series.clear();
      return { spans: spans.splice(0), series: latest, events: events.splice(0) };
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function read(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return JSON.parse((request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString()) as Body;
}

function spansOf({ resourceSpans = [] }: Body): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(attributesOf(resource.attributes)['service.name'] ?? '');
    return scopeSpans.flatMap(({ scope, spans }) =>
      spans.map(({ name, spanId, parentSpanId, attributes }) => ({
        service,
        scope: scope.name,
        name,
        id: spanId,
        parentId: parentSpanId || undefined,
        attributes: attributesOf(attributes),
      })),
    );
  });
}

function seriesOf({ resourceMetrics = [] }: Body): ReceivedSeries[] {
  const metrics = resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
  return metrics.flatMap(({ name, sum, gauge, histogram }) =>
    (sum ?? gauge ?? histogram ?? { dataPoints: [] }).dataPoints.map(({ attributes, asInt, asDouble, count }) => ({
      metric: name,
      attributes: attributesOf(attributes),
      value: Number(asInt ?? asDouble ?? count ?? 0),
    })),
  );
}

/** Log records with a name. */
function eventsOf({ resourceLogs = [] }: Body): ReceivedEvent[] {
  const scopes = resourceLogs.flatMap(({ scopeLogs }) => scopeLogs);
  return scopes.flatMap(({ scope, logRecords }) =>
    logRecords.flatMap(({ eventName, spanId, attributes }) =>
      eventName ? [{ scope: scope.name, name: eventName, spanId: spanId || undefined, attributes: attributesOf(attributes) }] : [],
    ),
  );
}

function attributesOf(pairs: KeyValues): Attributes {
  return Object.fromEntries(
    pairs.map(({ key, value }) => [key, value.stringValue ?? value.boolValue ?? value.doubleValue ?? Number(value.intValue)]),
  );
}
