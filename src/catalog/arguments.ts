// Knows: how a single argument is converted to text, at bounded cost.
// Must not know: commands, roles, what is shown.

/**
 * Returns a command's own word, number or id as text; undefined if it is longer than `maxLength` or not text. Long
 * values are never copied only to be compared. Bytes count as text here: they are compared, not shown.
 */
export function shortText(arg: unknown, maxLength: number): string | undefined {
  if (typeof arg === 'string') return arg.length <= maxLength ? arg : undefined;
  if (typeof arg === 'number' || typeof arg === 'bigint') return String(arg);
  // Not `instanceof`: it is false for buffers of another realm (Jest), and it triggers the traps of a proxy.
  return ArrayBuffer.isView(arg) && arg.byteLength <= maxLength ? latin1(arg) : undefined;
}

/** Longer keys are cut: a key is an identifier, and a span is not a place for documents. */
export const MAX_IDENTIFIER_LENGTH = 256;
/** The part of a key that is checked before it is cut: half a token or half an address is not recognised as one. */
export const LOOKED_AT_LENGTH = 512;
const PRINTABLE = /^[\x20-\x7e]*$/;

/**
 * Returns a key or another identifier as text, cut. undefined: it is not text. Bytes are shown only if they are plain
 * text.
 */
export function identifierText(arg: unknown, maxLength = MAX_IDENTIFIER_LENGTH): string | undefined {
  if (typeof arg === 'string') return arg.length > maxLength ? cutText(arg, maxLength) : arg;
  if (typeof arg === 'number' || typeof arg === 'bigint') return String(arg);
  if (!ArrayBuffer.isView(arg) || arg.byteLength > MAX_IDENTIFIER_LENGTH) return undefined;
  const text = latin1(arg);
  return PRINTABLE.test(text) ? text : undefined;
}

/** Returns the first characters and an ellipsis. A surrogate pair is never split. */
export function cutText(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  return `${text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length)}…`;
}

/** Returns a copy. A substring (a key cut out of a request) would keep the whole string in memory. */
export function detach(text: string): string {
  // Concatenation and slice make the engine copy the text, at a tenth of the cost of a Buffer.
  return text.length < 13 ? text : ` ${text}`.slice(1);
}

function latin1(bytes: ArrayBufferView): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
