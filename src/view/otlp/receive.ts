// Knows: OTLP over HTTP: which requests are accepted, their maximum size, and how they are answered.
// Must not know: the content of the telemetry.
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { protobufDecoders } from './protobuf';

export type Signal = 'traces' | 'metrics';

export interface Received {
  readonly signal: Signal;
  readonly body: unknown;
  readonly contentType: string;
}

/** A refused request, with its HTTP status. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** The limit, compressed and uncompressed. A batch of 512 spans of the SDK is well below one megabyte. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;

const NO_DECODER =
  'protobuf cannot be read: protobufjs is not installed. Install it, or set ' +
  'OTEL_EXPORTER_OTLP_PROTOCOL=http/json where the telemetry comes from';

export const JSON_TYPE = 'application/json';
const PROTOBUF_TYPE = 'application/x-protobuf';
const inflate = promisify(gunzip);

/** Reads one export. Throws a Refusal for anything but the expected OTLP. */
export async function receive(request: IncomingMessage, signal: Signal): Promise<Received> {
  const contentType = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (contentType !== JSON_TYPE && contentType !== PROTOBUF_TYPE)
    throw new Refusal(415, `${JSON_TYPE} or ${PROTOBUF_TYPE} is expected`);
  const decode = contentType === JSON_TYPE ? parseJson : protobufDecoders()?.[signal];
  if (decode === undefined) throw new Refusal(415, NO_DECODER);
  const bytes = await readBody(request);
  try {
    return { signal, contentType, body: decode(bytes) };
  } catch {
    throw new Refusal(400, `the body is not ${contentType}`);
  }
}

function parseJson(bytes: Buffer): unknown {
  return JSON.parse(bytes.toString('utf8'));
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity' && encoding !== 'gzip')
    throw new Refusal(415, 'gzip is the only compression that is read');
  const bytes = await collect(request);
  if (encoding === 'identity') return bytes;
  try {
    return await inflate(bytes, { maxOutputLength: MAX_BODY_BYTES });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
      ? tooLarge()
      : new Refusal(400, 'the body is not gzip');
  }
}

async function collect(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(): Refusal {
  return new Refusal(413, `no more than ${MAX_BODY_BYTES} bytes are read`);
}
