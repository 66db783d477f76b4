// Knows: how a single argument becomes text, at bounded cost.
// Must not know: commands, roles, what is shown.

/**
 * A command's own word, number or id as text, or undefined when it is longer than `maxLength` or no text:
 * a value is not copied only to be compared. Bytes count as text here, for they are compared, not shown.
 */
export function shortText(arg: unknown, maxLength: number): string | undefined {
  if (typeof arg === 'string') return arg.length <= maxLength ? arg : undefined;
  if (typeof arg === 'number' || typeof arg === 'bigint') return String(arg);
  // Not `instanceof`: that is false for buffers of another realm (Jest), and runs the traps of a proxy.
  return ArrayBuffer.isView(arg) && arg.byteLength <= maxLength ? latin1(arg) : undefined;
}

/** Keys longer than this are cut: a key is an identifier, and a span is no place for a document. */
export const MAX_IDENTIFIER_LENGTH = 256;
/** How much of a key is looked at before it is cut: a token or an address that is cut in two does not look like one. */
export const LOOKED_AT_LENGTH = 512;
const PRINTABLE = /^[\x20-\x7e]*$/;

/** A key or another identifier as text, cut; undefined when it is none. Bytes are shown only when they are plain text. */
export function identifierText(arg: unknown, maxLength = MAX_IDENTIFIER_LENGTH): string | undefined {
  if (typeof arg === 'string') return arg.length > maxLength ? cutText(arg, maxLength) : arg;
  if (typeof arg === 'number' || typeof arg === 'bigint') return String(arg);
  if (!ArrayBuffer.isView(arg) || arg.byteLength > MAX_IDENTIFIER_LENGTH) return undefined;
  const text = latin1(arg);
  return PRINTABLE.test(text) ? text : undefined;
}

/** The first characters and an ellipsis, never half a surrogate pair. */
export function cutText(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  return `${text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length)}…`;
}

/** A copy: a part of a larger string (a key cut out of a request) would keep all of it alive. */
export function detach(text: string): string {
  // Joined and cut: the engine copies what it joins, and cuts from the copy. A tenth of the cost of a Buffer.
  return text.length < 13 ? text : ` ${text}`.slice(1);
}

function latin1(bytes: ArrayBufferView): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
