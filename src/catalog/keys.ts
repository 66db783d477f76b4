// Knows: how a key, field, channel or other identifier may be shown.
// Must not know: which command it belongs to.
import { handleRejection } from '../core/application-functions';
import { cutText, detach, identifierText, LOOKED_AT_LENGTH, MAX_IDENTIFIER_LENGTH } from './arguments';
import { KeyFamilies } from './families';
import { mayReveal } from './glance';
import { mapSegments, type SegmentKind } from './segments';
import { familyOf } from './templates';

/** How keys are shown, everywhere they can appear. */
export type KeyMode = 'safe' | 'full' | 'family' | 'hidden' | ((key: string) => string);

/** Masks one identifier. Bytes that are not text are hidden in every mode. */
export type KeyMask = (key: unknown) => string;

export const HIDDEN = '?';

/**
 * Returns the mask of a mode. If the application's function throws or returns no string, the key is hidden and
 * `report` is called.
 */
export function keyMask(mode: KeyMode, report: (message: string) => void): KeyMask {
  if (typeof mode === 'function') return (key) => maskWith(mode, key, report);
  if (mode === 'hidden') return () => HIDDEN;
  return mode === 'full' ? maskNothing : mode === 'family' ? remembering(maskVarying) : maskRevealing;
}

/** The number of remembered keys, in two generations. Finding the family of a key takes a microsecond. */
const MAX_REMEMBERED_KEYS = 1_000;

/** A mask that remembers its results. Longer keys are not remembered, to save memory. */
function remembering(mask: KeyMask): KeyMask {
  let recent = new Map<string, string>();
  let older = new Map<string, string>();
  return (key) => {
    if (typeof key !== 'string' || key.length > MAX_IDENTIFIER_LENGTH) return mask(key);
    const known = recent.get(key);
    if (known !== undefined) return known;
    const masked = older.get(key) ?? mask(key);
    if (recent.size >= MAX_REMEMBERED_KEYS) {
      older = recent;
      recent = new Map();
    }
    recent.set(detach(key), masked);
    return masked;
  };
}

/**
 * The mask for names that must be few: those of spans and metrics. It shows the family of the masked key, as far as
 * it is known by then. Each mask learns on its own: whatever is to agree shares one.
 */
export function familyMask(
  mode: KeyMode,
  report: (message: string) => void,
  familyOf?: (key: string) => string | undefined,
): KeyMask {
  if (mode === 'hidden') return () => HIDDEN;
  const families = new KeyFamilies({
    familyOf,
    report,
    shownOf: typeof mode === 'function' ? (key) => maskWith(mode, key, report) : undefined,
  });
  return (key) => families.of(key).name;
}

function maskNothing(key: unknown): string {
  return textOf(key) ?? HIDDEN;
}

function maskVarying(key: unknown): string {
  const text = textOf(key, LOOKED_AT_LENGTH);
  return text === undefined ? HIDDEN : cutMasked(familyOf(text));
}

/** `safe`: the key, without segments that look like a secret or a person. */
function maskRevealing(key: unknown): string {
  const text = identifierText(key, LOOKED_AT_LENGTH);
  if (text === undefined) return HIDDEN;
  if (!mayReveal(text)) return cutMasked(text);
  return CONTROL.test(text) ? HIDDEN : cutMasked(mapSegments(text, hideRevealing));
}

function cutMasked(masked: string): string {
  return masked.length > MAX_IDENTIFIER_LENGTH ? cutText(masked, MAX_IDENTIFIER_LENGTH) : masked;
}

function hideRevealing(segment: string, kind: SegmentKind): string {
  return kind === 'secret' ? HIDDEN : segment;
}

function maskWith(mask: (key: string) => string, key: unknown, report: (message: string) => void): string {
  const text = textOf(key);
  if (text === undefined) return HIDDEN;
  try {
    const masked = mask(text);
    if (typeof masked === 'string') return cutMasked(masked);
    handleRejection(masked);
    report('the `keys` function returned no string: the key is hidden');
  } catch {
    report('the `keys` function threw: the key is hidden');
  }
  return HIDDEN;
}

/** Control characters mean binary data, or a whole document in place of a key. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it looks for
const CONTROL = /[\x00-\x1f\x7f]/;

function textOf(key: unknown, maxLength?: number): string | undefined {
  const text = identifierText(key, maxLength);
  return text === undefined || CONTROL.test(text) ? undefined : text;
}
