// Knows: which path leads to what: the page, its feed, the API, and the endpoint for telemetry.
// Must not know: how telemetry is read or summed up.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ConnectLines } from '../environment';
import { JSON_TYPE, Refusal, receive, type Signal } from '../otlp/receive';
import { overviewOf } from '../overview/overview';
import { TraceLists } from '../overview/traces';
import type { Telemetry } from '../store/telemetry';
import { answerOf } from './api';
import { Feed } from './feed';
import { isWelcome, SECURITY_HEADERS } from './guard';
import { type PageFile, readPage } from './page';

const HOST = '127.0.0.1';
const SIGNALS: ReadonlyMap<string, Signal> = new Map([
  ['/v1/traces', 'traces'],
  ['/v1/metrics', 'metrics'],
]);

/**
 * Serves the page and receives OTLP, on the loopback interface only. Returns the address of the page, which is also the
 * value for OTEL_EXPORTER_OTLP_ENDPOINT. `connect` gives the lines that start an application.
 */
export async function startServer(
  telemetry: Telemetry,
  port: number,
  connect: (url: string) => ConnectLines,
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const lists = new TraceLists(telemetry.records.traces);
  const feed = new Feed(() => overviewOf(telemetry, lists));
  const routes = { telemetry, lists, feed, files: readPage(), connect: () => connect(url) };
  const server = createServer((request, response) => {
    void answer(request, response, routes).catch((error) => refuse(response, error));
  });
  await listen(server, port);
  const url = `http://${HOST}:${(server.address() as AddressInfo).port}`;
  return { url, stop: () => stop(server, feed) };
}

interface Routes {
  readonly telemetry: Telemetry;
  readonly lists: TraceLists;
  readonly feed: Feed;
  readonly files: ReadonlyMap<string, PageFile>;
  readonly connect: () => ConnectLines;
}

async function answer(request: IncomingMessage, response: ServerResponse, routes: Routes): Promise<void> {
  if (!isWelcome(request)) throw new Refusal(403, 'this server answers programs and its own page on this machine');
  const [path = '/', query = ''] = (request.url ?? '/').split('?');
  const signal = SIGNALS.get(path);
  if (signal !== undefined) return await take(request, response, signal, routes.telemetry);
  if (request.method !== 'GET') throw new Refusal(405, 'GET is expected');
  if (path === '/feed') return watch(response, routes.feed);
  const found = find(path, query, routes);
  if (found === undefined) throw new Refusal(404, 'nothing is here');
  send(response, 200, found);
}

async function take(
  request: IncomingMessage,
  response: ServerResponse,
  signal: Signal,
  telemetry: Telemetry,
): Promise<void> {
  if (request.method !== 'POST') throw new Refusal(405, 'POST is expected');
  try {
    const { body, contentType } = await receive(request, signal);
    add(telemetry, signal, body);
    // In either encoding, an empty message is the complete answer.
    send(response, 200, { contentType, content: contentType === JSON_TYPE ? '{}' : '' });
  } catch (error) {
    telemetry.refused(error instanceof Error ? error.message : String(error));
    throw error;
  }
}

function add(telemetry: Telemetry, signal: Signal, body: unknown): void {
  try {
    if (signal === 'traces') telemetry.addTraces(body);
    else telemetry.addMetrics(body);
  } catch {
    throw new Refusal(400, `the body is no OTLP ${signal}`);
  }
}

function watch(response: ServerResponse, feed: Feed): void {
  response.writeHead(200, { ...SECURITY_HEADERS, 'content-type': 'text/event-stream; charset=utf-8' });
  if (!feed.watch(response)) response.end();
}

function find(path: string, query: string, routes: Routes): PageFile | undefined {
  if (path === '/connect') return json(routes.connect());
  const answer = answerOf(path, new URLSearchParams(query), routes);
  return answer === undefined ? routes.files.get(path) : json(answer);
}

function json(value: unknown): PageFile {
  return { contentType: JSON_TYPE, content: JSON.stringify(value) };
}

function send(response: ServerResponse, status: number, { contentType, content }: PageFile): void {
  response.writeHead(status, { ...SECURITY_HEADERS, 'content-type': contentType }).end(content);
}

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // The rest of a refused body is not read.
  response.shouldKeepAlive = false;
  const message = error instanceof Refusal ? error.message : 'this is our fault';
  send(response, error instanceof Refusal ? error.status : 500, json({ message }));
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, resolve);
  });
}

function stop(server: Server, feed: Feed): Promise<void> {
  feed.stop();
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
