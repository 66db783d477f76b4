// Knows: two numbers made of a key in one pass over its characters. One stands for the key; the other for all keys that
// differ from it only in their numbers, so that what was found out about one is true of the other.
// Must not know: what is found out, what is remembered.

/** The shape of a key whose digits may matter. */
export const NO_SHAPE = -1;

/** A longer number may be that of a card, by its digits. */
const MAX_NUMBER_LENGTH = 12;
/** Longer texts are not kept until the next one comes. */
const MAX_KEPT_LENGTH = 512;

const LETTER = 1;
const SEPARATOR = 2;
const DIGIT = 3;

const CLASSES = new Uint8Array(128).map((_, code) => {
  const char = String.fromCharCode(code);
  if (/[a-z]/i.test(char)) return LETTER;
  if (/\d/.test(char)) return DIGIT;
  return /[:/._|#-]/.test(char) ? SEPARATOR : 0;
});

/** All digits are alike, and unlike any character that a key with a shape may have. */
const ALIKE = new Uint8Array(128).map((_, code) => (CLASSES[code] === DIGIT ? 1 : code));

/** Where in a key the pass is. There is no way back from the first one: digits may matter. */
const LOST = 0;
const BEGIN = 1;
const IN_WORD = 2;
const BEHIND_WORD = 3;
const BEHIND_NUMBER = 4;
/** The first digit of a number; there is one for each further digit. */
const IN_NUMBER = 5;

/** The next place, by place and class. A number stands between separators, and a word between two numbers. */
const NEXT = new Uint8Array(4 * (IN_NUMBER + MAX_NUMBER_LENGTH));
const lead = (from: number, kind: number, to: number): void => {
  NEXT[4 * from + kind] = to;
};
for (const from of [BEGIN, IN_WORD, BEHIND_WORD, BEHIND_NUMBER]) lead(from, LETTER, IN_WORD);
for (const from of [BEGIN, BEHIND_WORD]) lead(from, DIGIT, IN_NUMBER);
for (const from of [IN_WORD, BEHIND_WORD]) lead(from, SEPARATOR, BEHIND_WORD);
lead(BEHIND_NUMBER, SEPARATOR, BEHIND_NUMBER);
for (let from = IN_NUMBER; from < IN_NUMBER + MAX_NUMBER_LENGTH; from++) {
  lead(from, SEPARATOR, BEHIND_NUMBER);
  if (from + 1 < IN_NUMBER + MAX_NUMBER_LENGTH) lead(from, DIGIT, from + 1);
}

/** What the last pass found, since several parts of this package ask for the numbers of one key. */
let kept = '';
let isAscii = true;
let isAlike = false;
let [own, ownToo, alike, alikeToo] = [0, 0, 0, 0];

function pass(key: string): void {
  let a = FIRST_SEED;
  let b = SECOND_SEED ^ key.length;
  let c = a;
  let d = b;
  let place = BEGIN;
  kept = key.length > MAX_KEPT_LENGTH ? '' : key;
  isAscii = true;
  for (let index = 0; index < key.length; index++) {
    const code = key.charCodeAt(index);
    if (code > 0x7f) {
      isAscii = false;
      break;
    }
    place = NEXT[4 * place + (CLASSES[code] as number)] as number;
    a = Math.imul(a ^ code, FIRST_FACTOR);
    b = Math.imul(b ^ code, SECOND_FACTOR);
    c = Math.imul(c ^ (ALIKE[code] as number), FIRST_FACTOR);
    d = Math.imul(d ^ (ALIKE[code] as number), SECOND_FACTOR);
  }
  // Without a digit both are the same.
  isAlike = isAscii && place !== LOST && (a !== c || b !== d);
  own = a;
  ownToo = b;
  alike = c;
  alikeToo = d;
}

/**
 * Returns a 53-bit hash of a key (cyrb53), in which all digits are alike: `user:17:cart` and `user:23:cart` have the
 * same. Digits do not matter if each number stands between separators, and a word between two numbers: that is no
 * date, no time, no version and no name like `v2`.
 */
export function shapeOf(key: string): number {
  if (key !== kept || key === '') pass(key);
  return isAlike ? finished(alike, alikeToo) : NO_SHAPE;
}

/**
 * Returns the same for a key with UUIDs, or with other ids of hexadecimal digits: all of one length are alike, to a
 * family. That a key has one says nothing of what may be shown.
 */
export function shapeWithIds(key: string): number {
  let a = FIRST_SEED;
  let b = SECOND_SEED ^ key.length;
  let place = BEGIN;
  let hasIds = false;
  for (let index = 0; index < key.length; index++) {
    const length = index === 0 || isBound(key, index - 1) ? idLength(key, index) : 0;
    const code = key.charCodeAt(index);
    if (length === 0 && code > 0x7f) return NO_SHAPE;
    const alike = length === 0 ? (ALIKE[code] as number) : 0x80 + length;
    // An id is like a word to what is beside it.
    place = length === 0 ? (NEXT[4 * place + (CLASSES[code] as number)] as number) : IN_WORD;
    if (place === LOST) return NO_SHAPE;
    a = Math.imul(a ^ alike, FIRST_FACTOR);
    b = Math.imul(b ^ alike, SECOND_FACTOR);
    if (length === 0) continue;
    hasIds = true;
    index += length - 1;
  }
  return hasIds ? finished(a, b) : NO_SHAPE;
}

/** Beside these an id is a segment of its own. Slashes and dots also belong to paths. */
function isBound(key: string, index: number): boolean {
  const code = key.charCodeAt(index);
  return code === COLON || code === PIPE || code === HASH;
}

/** The length of the id that begins here, and fills its segment; 0: there is none. */
function idLength(key: string, from: number): number {
  let dashes = 0;
  let digits = 0;
  let index = from;
  for (; index < key.length; index++) {
    const code = key.charCodeAt(index);
    if (code === DASH) {
      if (index - from !== DASHES_AT[dashes++]) return 0;
    } else if (code <= NINE && code >= ZERO) digits++;
    else if ((code | LOWER) < A || (code | LOWER) > F) break;
  }
  if (index < key.length && !isBound(key, index)) return 0;
  const length = index - from;
  if (dashes > 0) return dashes === DASHES_AT.length && length === UUID_LENGTH ? length : 0;
  return digits > 0 && HEX_LENGTHS.includes(length) ? length : 0;
}

const [HASH, DASH, ZERO, NINE, COLON, LOWER, A, F, PIPE] = [35, 45, 48, 57, 58, 32, 97, 102, 124];
const UUID_LENGTH = 36;
const DASHES_AT = [8, 13, 18, 23];
/** An ObjectId, MD5, SHA-1 and SHA-256. */
const HEX_LENGTHS = [24, 32, 40, 64];

/**
 * Returns a 53-bit hash of a text (cyrb53 of its bytes).
 * @param scope the same text has another hash in another one
 */
export function numberOfText(text: string, scope: number): number {
  if (text !== kept || text === '') pass(text);
  return isAscii ? finished(own ^ scope, ownToo) : numberOfBytes(Buffer.from(text), scope);
}

/** A text is sent as UTF-8 bytes. For most keys these equal the characters. */
export function numberOfBytes(bytes: Uint8Array, scope: number): number {
  let a = FIRST_SEED;
  let b = SECOND_SEED ^ bytes.length;
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, FIRST_FACTOR);
    b = Math.imul(b ^ byte, SECOND_FACTOR);
  }
  return finished(a ^ scope, b);
}

const FIRST_SEED = 0xdeadbeef | 0;
const SECOND_SEED = 0x41c6ce57;
const FIRST_FACTOR = 2_654_435_761;
const SECOND_FACTOR = 1_597_334_677;

function finished(first: number, second: number): number {
  const a = Math.imul(first ^ (first >>> 16), 2_246_822_507) ^ Math.imul(second ^ (second >>> 13), 3_266_489_909);
  const b = Math.imul(second ^ (second >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909);
  return 4_294_967_296 * (b & 0x1fffff) + (a >>> 0);
}
