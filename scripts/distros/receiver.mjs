// Knows: how each of them sends its spans, and what of a span is compared.
// Must not know: who sends, or what is right.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';

const require = createRequire(import.meta.url);
const { readSpans } = require('../../build/view/otlp/message.js');
const { protobufDecoders } = require('../../build/view/otlp/protobuf.js');

const INFLATE = { gzip: promisify(gunzip), deflate: promisify(inflate), br: promisify(brotliDecompress) };

/** By path. Each gives spans as { id, parent, name, isRedis }. */
const FORMATS = [
  [/\/v1\/traces$/, readOtlp],
  [/\/envelope\/$/, readSentry],
  [/\/v0\.[45]\/traces$/, readDatadog],
];

/** A server that takes spans in the formats of all of them. */
export async function startReceiver() {
  const spans = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    try {
      const body = await bodyOf(request);
      const [, format] = FORMATS.find(([path]) => path.test(pathname)) ?? [];
      if (format !== undefined) spans.push(...(await format(body, request.headers['content-type'] ?? '')));
    } catch (error) {
      process.stderr.write(`receiver: ${pathname}: ${error.message}\n`);
    }
    response.setHeader('content-type', 'application/json');
    response.end('{}');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, spans, stop: () => server.close() };
}

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const expand = INFLATE[request.headers['content-encoding']];
  return expand === undefined ? bytes : expand(bytes);
}

function readOtlp(body, type) {
  const message = type.includes('json') ? JSON.parse(body) : protobufDecoders().traces(body);
  return readSpans(message).map(({ spanId, parentSpanId, name, attributes }) => ({
    id: spanId,
    parent: parentSpanId,
    name,
    isRedis: isRedis(attributes),
  }));
}

function readSentry(body) {
  const items = body.toString('utf8').split('\n').filter(Boolean).flatMap(parsed);
  const transactions = items.filter((item) => item.type === 'transaction' && item.contexts !== undefined);
  const roots = transactions.map(({ transaction, contexts: { trace } }) => ({ ...trace, description: transaction }));
  const legacy = [...roots, ...transactions.flatMap(({ spans }) => spans)];
  const streamed = items.flatMap((item) => (Array.isArray(item.items) ? item.items : [])).filter((item) => item.span_id);
  return [
    ...legacy.map(({ span_id: id, parent_span_id: parent, description: name, data }) => ({ id, parent, name, isRedis: isRedis(data) })),
    ...streamed.map(({ span_id: id, parent_span_id: parent, name, attributes }) => ({
      id,
      parent,
      name,
      isRedis: isRedis(Object.fromEntries(Object.entries(attributes ?? {}).map(([key, { value }]) => [key, value]))),
    })),
  ];
}

function parsed(line) {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}

async function readDatadog(body) {
  const { decode } = await import(process.env.MSGPACK ?? '@msgpack/msgpack');
  return decode(body, { useBigInt64: true })
    .flat()
    .map(({ span_id: id, parent_id: parent, name, resource, type, meta }) => ({
      id: String(id),
      parent: String(parent) === '0' ? undefined : String(parent),
      name: `${name} ${resource}`,
      isRedis: type === 'redis' || isRedis(meta ?? {}),
    }));
}

function isRedis(attributes = {}) {
  return attributes['db.system.name'] === 'redis' || attributes['db.system'] === 'redis';
}
