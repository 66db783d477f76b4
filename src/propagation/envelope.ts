// Knows: how an envelope is put around a message, and removed again.
// Must not know: what the envelope holds, redis, spans.
import { type Carrier, MAX_CARRIER_LENGTH, parseCarrier } from './carrier';

/** A message as it was before it was wrapped. */
export interface Unwrapped {
  readonly carrier: Carrier;
  readonly payload: string | Buffer;
}

/**
 * Name and version of the format, for people who inspect messages. The length of the header, the header and the
 * payload follow.
 */
const MARK = 'otel-redis/1 ';
const HEAD = /^otel-redis\/1 (\d{1,5}) /;
const MAX_HEAD_LENGTH = MARK.length + 6;

/** Wraps a message; bytes stay bytes. undefined: the fields are too long for a message. */
export function wrap(payload: string | Buffer, carrier: Carrier): string | Buffer | undefined {
  const header = toAscii(JSON.stringify(carrier));
  if (header.length > MAX_CARRIER_LENGTH) return undefined;
  const head = `${MARK}${header.length} ${header}`;
  return typeof payload === 'string' ? head + payload : Buffer.concat([Buffer.from(head, 'latin1'), payload]);
}

/** Removes the envelope. undefined: there is none, or it is not ours. */
export function unwrap(body: unknown): Unwrapped | undefined {
  if (typeof body !== 'string' && !Buffer.isBuffer(body)) return undefined;
  const [head, digits] = HEAD.exec(asciiOf(body, 0, MAX_HEAD_LENGTH)) ?? [];
  if (head === undefined) return undefined;
  const end = head.length + Number(digits);
  if (end > body.length || end > MAX_HEAD_LENGTH + MAX_CARRIER_LENGTH) return undefined;
  const carrier = parseCarrier(asciiOf(body, head.length, end));
  if (carrier === undefined) return undefined;
  return { carrier, payload: typeof body === 'string' ? body.slice(end) : body.subarray(end) };
}

function asciiOf(body: string | Buffer, start: number, end: number): string {
  return typeof body === 'string' ? body.slice(start, end) : body.toString('latin1', start, end);
}

/** Escapes to ASCII, so that a header has the same length in characters as in bytes. */
function toAscii(json: string): string {
  return json.replace(/[\u0080-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
