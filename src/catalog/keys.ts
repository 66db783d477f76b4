// Knows: how a key, field, channel or other identifier may be shown.
// Must not know: which command it came with.
import { familyOf, isRevealing, mapSegments } from './families';

/** How keys are shown, everywhere they can appear. */
export type KeyMode = 'safe' | 'full' | 'family' | 'hidden' | ((key: string) => string);

/** Masks one identifier. Bytes that are not text stay hidden in every mode. */
export type KeyMask = (key: unknown) => string;

export const HIDDEN = '?';

/** Keys longer than this are cut: a key is an identifier, and a span is no place for a document. */
const MAX_KEY_LENGTH = 256;

/**
 * Makes the mask of a mode. A function of the application's is guarded: when it throws or returns
 * no string, the key is hidden and `report` hears of it.
 */
export function keyMask(mode: KeyMode, report: (message: string) => void): KeyMask {
  if (typeof mode === 'function') return (key) => maskWith(mode, key, report);
  if (mode === 'hidden') return () => HIDDEN;
  const show = mode === 'full' ? (text: string) => text : mode === 'family' ? familyOf : maskRevealing;
  return (key) => {
    const text = textOf(key);
    return text === undefined ? HIDDEN : show(text);
  };
}

/** `safe`: the key, but for segments that look like a secret or a person. */
function maskRevealing(key: string): string {
  return mapSegments(key, (segment) => (isRevealing(segment) ? HIDDEN : segment));
}

function maskWith(mask: (key: string) => string, key: unknown, report: (message: string) => void): string {
  const text = textOf(key);
  if (text === undefined) return HIDDEN;
  try {
    const masked = mask(text);
    if (typeof masked === 'string') return masked;
    report('the `keys` function returned no string: the key is hidden');
  } catch {
    report('the `keys` function threw: the key is hidden');
  }
  return HIDDEN;
}

function textOf(key: unknown): string | undefined {
  if (typeof key === 'number') return String(key);
  const text = key instanceof Uint8Array ? decode(key) : key;
  if (typeof text !== 'string') return undefined;
  return text.length > MAX_KEY_LENGTH ? `${text.slice(0, MAX_KEY_LENGTH)}…` : text;
}

const PRINTABLE = /^[\x20-\x7e]*$/;

/** A key given as bytes is shown only when the bytes are plain text. */
function decode(bytes: Uint8Array): string | undefined {
  if (bytes.length > MAX_KEY_LENGTH) return undefined;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  return PRINTABLE.test(text) ? text : undefined;
}
