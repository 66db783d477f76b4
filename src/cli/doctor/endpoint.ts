// Knows: how to test whether an address accepts spans, with a request that contains none.
// Must not know: whose address it is. Only the origin of an address leaves this file: the rest can hold credentials.
import { readFileSync } from 'node:fs';
import { request as requestHttp } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { type RequestOptions, request as requestHttps } from 'node:https';
import type { ExporterStatus } from '../../status/shape';

const TIMEOUT_MS = 3_000;
const GRPC_PATH = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

/** An uncompressed message of zero bytes. */
const EMPTY_MESSAGE = Buffer.alloc(5);

/**
 * `status` is the answer of an HTTP server, `grpcStatus` that of a gRPC server, `error` the reason why there is none.
 */
interface Answer {
  readonly status?: number;
  readonly grpcStatus?: number;
  readonly error?: string;
}

export interface Reach extends Answer {
  readonly origin: string;
  /** The protocol of the exporter, if it is OTLP; undefined: another one. */
  readonly protocol: 'http' | 'grpc' | undefined;
  /** The protocol of the port, if it is the other one. */
  readonly spoken?: 'http' | 'grpc';
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Tests the address of each exporter that sends somewhere. */
export async function reachAll(exporters: readonly ExporterStatus[], environment: Environment): Promise<Reach[]> {
  const addresses = new Map(exporters.flatMap(({ name, url }) => (url === undefined ? [] : [[url, name] as const])));
  return Promise.all([...addresses].map(([address, name]) => reach(address, name, environment)));
}

async function reach(address: string, name: string, environment: Environment): Promise<Reach> {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) return reachUrl(url, name, environment);
  // gRPC: `host:port`, with or without a scheme of its own.
  const [, host = address, port = '4317'] = /^(?:[a-z]+:\/*)?(.+?)(?::(\d+))?\/?$/i.exec(address) ?? [];
  const origin = `${host}:${port}`;
  const answer = await call(origin, environment);
  if (answer.grpcStatus !== undefined || isNobody(answer)) return { origin, protocol: 'grpc', ...answer };
  const { status } = await post(new URL(`http://${origin}/v1/traces`), environment);
  return { origin, protocol: 'grpc', ...answer, spoken: status === undefined ? undefined : 'http' };
}

async function reachUrl(url: URL, name: string, environment: Environment): Promise<Reach> {
  const { origin } = url;
  const answer = await post(url, environment);
  // Whatever answers may be right for an exporter with a format of its own.
  if (!/^OTLP/.test(name) && !/\/v1\/traces$/.test(url.pathname))
    return { origin, protocol: undefined, error: isNobody(answer) ? answer.error : undefined };
  if (answer.status !== undefined || isNobody(answer)) return { origin, protocol: 'http', ...answer };
  const { grpcStatus } = await call(url.host, environment);
  return { origin, protocol: 'http', ...answer, spoken: grpcStatus === undefined ? undefined : 'grpc' };
}

/** Whether not even the port is open. */
function isNobody({ error = '' }: Answer): boolean {
  return /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|no answer)$/.test(error);
}

function post(url: URL, environment: Environment): Promise<Answer> {
  const isJson = settingOf('PROTOCOL', environment) === 'http/json';
  const headers = { ...headersIn(environment), 'content-type': isJson ? 'application/json' : 'application/x-protobuf' };
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve) => {
    const options: RequestOptions = { method: 'POST', headers, timeout: TIMEOUT_MS, ...certificatesIn(environment) };
    const sent = request(url, options, (response) => {
      response.resume();
      resolve({ status: response.statusCode });
    });
    sent.once('timeout', () => sent.destroy(Object.assign(new Error(), { code: 'no answer' })));
    sent.once('error', (error) => resolve({ error: codeOf(error) }));
    // Each is the empty request of its format.
    sent.end(isJson ? '{}' : '');
  });
}

/** Only the exporter knows whether the channel is encrypted, so both are tried. */
async function call(host: string, environment: Environment): Promise<Answer> {
  const plain = await callAt(`http://${host}`, environment);
  if (plain.grpcStatus !== undefined || isNobody(plain)) return plain;
  const encrypted = await callAt(`https://${host}`, environment);
  return encrypted.grpcStatus === undefined ? plain : encrypted;
}

function callAt(authority: string, environment: Environment): Promise<Answer> {
  return new Promise((resolve) => {
    const session = connectHttp2(authority, { ...certificatesIn(environment), rejectUnauthorized: false });
    let answer: Answer = { error: 'no gRPC' };
    session.setTimeout(TIMEOUT_MS, () => session.destroy(Object.assign(new Error(), { code: 'no answer' })));
    session.once('error', (error) => {
      answer = { error: codeOf(error) };
    });
    session.once('close', () => resolve(answer));
    const headers = { ':method': 'POST', ':path': GRPC_PATH, 'content-type': 'application/grpc', te: 'trailers' };
    const stream = session.request({ ...headersIn(environment), ...headers });
    const look = (answered: Record<string, unknown>): void => {
      const grpcStatus = Number(answered['grpc-status'] ?? Number.NaN);
      if (!Number.isNaN(grpcStatus)) answer = { grpcStatus };
    };
    stream
      .once('response', look)
      .once('trailers', look)
      .once('error', () => {});
    stream.once('close', () => session.close());
    stream.resume().end(EMPTY_MESSAGE);
  });
}

/** Statuses of gRPC: 16 and 7 are about authentication. */
export const GRPC_STATUS = { ok: 0, invalid: 3, denied: 7, unauthenticated: 16 } as const;

/** Reads the variable for traces, or else the one for all signals. */
function settingOf(name: string, environment: Environment): string | undefined {
  return environment[`OTEL_EXPORTER_OTLP_TRACES_${name}`] ?? environment[`OTEL_EXPORTER_OTLP_${name}`];
}

/** The certificates that the environment gives the exporter. */
function certificatesIn(environment: Environment): { ca?: Buffer; cert?: Buffer; key?: Buffer } {
  return {
    ca: fileAt('CERTIFICATE', environment),
    cert: fileAt('CLIENT_CERTIFICATE', environment),
    key: fileAt('CLIENT_KEY', environment),
  };
}

function fileAt(name: string, environment: Environment): Buffer | undefined {
  const path = settingOf(name, environment)?.trim();
  try {
    return path === undefined || path === '' ? undefined : readFileSync(path);
  } catch {
    return undefined;
  }
}

/** Reads `name=value` pairs, as the specification defines them. */
function headersIn(environment: Environment): Record<string, string> {
  const text = `${environment.OTEL_EXPORTER_OTLP_HEADERS ?? ''},${environment.OTEL_EXPORTER_OTLP_TRACES_HEADERS ?? ''}`;
  const pairs = text.split(',').map((pair) => pair.split(/=(.*)/s));
  return Object.fromEntries(
    pairs.flatMap(([name = '', value]) => (value === undefined ? [] : [[name.trim(), decoded(value.trim())]])),
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function codeOf(
  error: Error & { readonly code?: string; readonly errors?: readonly { readonly code?: string }[] },
): string {
  return error.code ?? error.errors?.[0]?.code ?? 'an error';
}
