// Knows: OTLP over HTTP in JSON.
// Must not know: what the telemetry says; the store reads it.
import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';

/** An OTLP endpoint on a free loopback port: `url` is what OTEL_EXPORTER_OTLP_ENDPOINT takes. */
export async function startReceiver(store) {
  const signals = new Map([
    ['/v1/traces', store.addTraces],
    ['/v1/metrics', store.addMetrics],
  ]);
  const server = createServer(async (request, response) => {
    const status = await receive(request, signals).catch(() => 400);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end('{}');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, stop: () => stop(server) };
}

async function receive(request, signals) {
  const add = request.method === 'POST' ? signals.get(request.url) : undefined;
  if (add === undefined) return 404;
  const body = await readBody(request);
  if (!request.headers['content-type']?.startsWith('application/json')) return 415;
  add(JSON.parse(body));
  return 200;
}

async function readBody(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  return (request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString('utf8');
}

function stop(server) {
  return new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
}
