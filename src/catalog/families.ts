// Knows: which parts of a key vary, and which could tell a secret or a person.
// Must not know: commands, clients, settings.

/** What a varying segment becomes in a family: `user:123:cart` → `user:{}:cart`. */
const PLACEHOLDER = '{}';

/**
 * A token, an e-mail address or a word, with what separates it from the next. A UUID or a token with `-`
 * or `_` inside is one segment, so it is looked for before the key is split at those.
 */
const SEGMENT =
  /[\w.+-]+@[\w-]+(?:\.[\w-]+)+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?|(?=[\w-]*\d)(?=[\w-]*[a-z])[\w-]{20,}|[^:./|\-_#{}\s]+/gi;

/** Applies `change` to every segment of a key and leaves the separators alone. */
export function mapSegments(key: string, change: (segment: string) => string): string {
  return key.replace(SEGMENT, change);
}

const NUMBER = /^\d+$/;
const HEX = /^(?=.*\d)[0-9a-f]{8,}$/i;
const ULID = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/i;
const EMAIL = /@/;
const LONG_TOKEN = /^(?=.*[\da-z])[\w.+/=-]{20,}$/i;

/** Whether the segment names one of many things rather than a kind of thing. */
export function isVarying(segment: string): boolean {
  return NUMBER.test(segment) || EMAIL.test(segment) || HEX.test(segment) || ULID.test(segment) || LONG_TOKEN.test(segment);
}

/** Whether the segment looks like an e-mail address, a JWT or a random token: a person or a credential. */
export function isRevealing(segment: string): boolean {
  return EMAIL.test(segment) || (LONG_TOKEN.test(segment) && !NUMBER.test(segment));
}

/** The template of a key. Pure and the same for the same key, always. */
export function familyOf(key: string): string {
  return mapSegments(key, (segment) => (isVarying(segment) ? PLACEHOLDER : segment)).replaceAll(`{${PLACEHOLDER}}`, PLACEHOLDER);
}
