// Knows: what may be written to a terminal: colours or none, and no control characters.
// Must not know: the text.
const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export type Paint = Readonly<Record<keyof typeof CODES, (text: string) => string>>;

/** `paint.red('text')`; plain text unless `stream` is a terminal and NO_COLOR is not set. */
export function createPaint(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): Paint {
  const coloured = stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  const entries = Object.entries(CODES).map(([name, code]) => {
    return [name, (text: string) => (coloured && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text)];
  });
  return Object.fromEntries(entries) as Paint;
}

/** A key is untrusted: an escape sequence in it must not reach the terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '·');
}
