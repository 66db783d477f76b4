// Knows: OTLP over HTTP in JSON, as far as a test wants to read it.
// Must not know: who sends.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** A span as a test compares it. */
export interface ReceivedSpan {
  readonly service: string;
  readonly scope: string;
  readonly name: string;
}

export interface Receiver {
  readonly url: string;
  /** What has arrived since the last take. */
  take(): { readonly spans: ReceivedSpan[]; readonly metrics: string[] };
  stop(): Promise<void>;
}

interface Value {
  readonly stringValue?: string;
}

interface Body {
  readonly resourceSpans?: readonly {
    readonly resource: { readonly attributes: readonly { readonly key: string; readonly value: Value }[] };
    readonly scopeSpans: readonly { readonly scope: { readonly name: string }; readonly spans: readonly { readonly name: string }[] }[];
  }[];
  readonly resourceMetrics?: readonly { readonly scopeMetrics: readonly { readonly metrics: readonly { readonly name: string }[] }[] }[];
}

export async function startReceiver(): Promise<Receiver> {
  const spans: ReceivedSpan[] = [];
  const metrics: string[] = [];
  const server = createServer(async (request, response) => {
    const body = await read(request);
    spans.push(...spansOf(body));
    for (const { scopeMetrics } of body.resourceMetrics ?? [])
      for (const scope of scopeMetrics) metrics.push(...scope.metrics.map(({ name }) => name));
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    take: () => ({ spans: spans.splice(0), metrics: metrics.splice(0) }),
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
    const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
    return scopeSpans.flatMap(({ scope, spans }) => spans.map(({ name }) => ({ service, scope: scope.name, name })));
  });
}
