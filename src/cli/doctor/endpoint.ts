// Knows: how to ask whether anybody takes spans at an address, with a request that holds none.
// Must not know: whose address it is. Of an address only the origin leaves this file: the rest can hold credentials.
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { connect } from 'node:net';
import type { SeenExporter } from './snapshot';

const TIMEOUT_MS = 3_000;

/** `status` is what an HTTP server answered, `error` why nobody did. Neither: a port that takes connections. */
export interface Reach {
  readonly origin: string;
  readonly status?: number;
  readonly error?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** One for each exporter that sends somewhere. */
export async function reachAll(exporters: readonly SeenExporter[], environment: Environment): Promise<Reach[]> {
  const addresses = new Set(exporters.flatMap(({ url }) => (url === undefined ? [] : [url])));
  return Promise.all([...addresses].map((address) => reach(address, environment)));
}

async function reach(address: string, environment: Environment): Promise<Reach> {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) return { origin: url.origin, ...(await post(url, environment)) };
  // gRPC: `host:port`, with or without a scheme of its own.
  const [, host = address, port = '4317'] = /^(?:[a-z]+:\/*)?(.+?)(?::(\d+))?\/?$/i.exec(address) ?? [];
  return { origin: `${host}:${port}`, ...(await knock(host, Number(port))) };
}

function post(url: URL, environment: Environment): Promise<Pick<Reach, 'status' | 'error'>> {
  const isJson = (environment.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? environment.OTEL_EXPORTER_OTLP_PROTOCOL) === 'http/json';
  const headers = { ...headersIn(environment), 'content-type': isJson ? 'application/json' : 'application/x-protobuf' };
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve) => {
    const sent = request(url, { method: 'POST', headers, timeout: TIMEOUT_MS }, (response) => {
      response.resume();
      resolve({ status: response.statusCode });
    });
    sent.once('timeout', () => sent.destroy(Object.assign(new Error(), { code: 'no answer' })));
    sent.once('error', (error) => resolve({ error: codeOf(error) }));
    // Both are the empty request of their format.
    sent.end(isJson ? '{}' : '');
  });
}

function knock(host: string, port: number): Promise<Pick<Reach, 'error'>> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: TIMEOUT_MS });
    const settle = (result: Pick<Reach, 'error'>) => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => settle({}));
    socket.once('timeout', () => settle({ error: 'no answer' }));
    socket.once('error', (error) => settle({ error: codeOf(error) }));
  });
}

/** `name=value` pairs, as the specification has them. */
function headersIn(environment: Environment): Record<string, string> {
  const text = `${environment.OTEL_EXPORTER_OTLP_HEADERS ?? ''},${environment.OTEL_EXPORTER_OTLP_TRACES_HEADERS ?? ''}`;
  const pairs = text.split(',').map((pair) => pair.split(/=(.*)/s));
  return Object.fromEntries(pairs.flatMap(([name = '', value]) => (value === undefined ? [] : [[name.trim(), decoded(value.trim())]])));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function codeOf(error: Error & { readonly code?: string; readonly errors?: readonly { readonly code?: string }[] }): string {
  return error.code ?? error.errors?.[0]?.code ?? 'an error';
}
