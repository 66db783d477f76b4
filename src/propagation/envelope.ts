// Knows: how what travels with a message is wrapped around it, and taken off again.
// Must not know: what travels, redis, spans.

/** What travels with a message: the fields of a propagator. */
export type Carrier = Record<string, string>;

/** A message as it was before it was wrapped. */
export interface Unwrapped {
  readonly carrier: Carrier;
  readonly payload: string | Buffer;
}

/** Name and version, for whoever looks at the wire; then the length of the header, the header and the payload. */
const MARK = 'otel-redis/1 ';
const HEAD = /^otel-redis\/1 (\d{1,5}) /;
/** Room for a baggage of the size that its specification allows. */
export const MAX_CARRIER_LENGTH = 10_000;
const MAX_HEAD_LENGTH = MARK.length + 6;

/** Wraps a message, bytes as bytes; undefined where the fields are more than a message should carry. */
export function wrap(payload: string | Buffer, carrier: Carrier): string | Buffer | undefined {
  const header = toAscii(JSON.stringify(carrier));
  if (header.length > MAX_CARRIER_LENGTH) return undefined;
  const head = `${MARK}${header.length} ${header}`;
  return typeof payload === 'string' ? head + payload : Buffer.concat([Buffer.from(head, 'latin1'), payload]);
}

/** Takes the wrapping off; undefined where there is none, or one that we did not make. */
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

/** One byte a character, so that a header is as long in text as in bytes. */
function toAscii(json: string): string {
  return json.replace(/[\u0080-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** undefined: not what a propagator wrote. */
export function parseCarrier(header: string): Carrier | undefined {
  try {
    const parsed: unknown = JSON.parse(header);
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
    return Object.values(parsed).every((value) => typeof value === 'string') ? (parsed as Carrier) : undefined;
  } catch {
    return undefined;
  }
}
