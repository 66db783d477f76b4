// Knows: which keys differ only in their numbers, so that what was found out about one is true of the other.
// Must not know: what is found out.

/** The shape of a key whose digits may matter. */
export const NO_SHAPE = -1;

/** A longer number may be that of a card, by its digits. */
const MAX_NUMBER_LENGTH = 12;

const OTHER = 0;
const LETTER = 1;
const DIGIT = 2;
const SEPARATOR = 3;

const CLASSES = new Uint8Array(128).map((_, code) => {
  const char = String.fromCharCode(code);
  if (/[a-z]/i.test(char)) return LETTER;
  if (/\d/.test(char)) return DIGIT;
  return /[:/._|#-]/.test(char) ? SEPARATOR : OTHER;
});

const ZERO = 48;

/**
 * Returns a 53-bit hash of a key (cyrb53), in which all digits are alike: `user:17:cart` and `user:23:cart` have the
 * same. Digits do not matter if each number stands between separators, and a word between two numbers: that is no
 * date, no time, no version and no name like `v2`.
 */
export function shapeOf(key: string): number {
  if (key !== lastKey) {
    lastShape = readShape(key);
    lastKey = key;
  }
  return lastShape;
}

/** The last result: several parts of this package ask for the same key. */
let lastKey = '';
let lastShape = NO_SHAPE;

function readShape(key: string): number {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57 ^ key.length;
  let before = SEPARATOR;
  let digits = 0; // since the last letter
  let hasNumber = false;
  for (let index = 0; index < key.length; index++) {
    let code = key.charCodeAt(index);
    const kind = code < 128 ? (CLASSES[code] as number) : OTHER;
    if (kind === DIGIT) {
      if (before === LETTER || (digits > 0 && before !== DIGIT) || ++digits > MAX_NUMBER_LENGTH) return NO_SHAPE;
      hasNumber = true;
      code = ZERO;
    } else if (kind === LETTER) {
      if (before === DIGIT) return NO_SHAPE;
      digits = 0;
    } else if (kind === OTHER || index === 0) return NO_SHAPE;
    before = kind;
    a = Math.imul(a ^ code, 2_654_435_761);
    b = Math.imul(b ^ code, 1_597_334_677);
  }
  return hasNumber ? finished(a, b) : NO_SHAPE;
}

function finished(first: number, second: number): number {
  const a = Math.imul(first ^ (first >>> 16), 2_246_822_507) ^ Math.imul(second ^ (second >>> 13), 3_266_489_909);
  const b = Math.imul(second ^ (second >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909);
  return 4_294_967_296 * (b & 0x1fffff) + (a >>> 0);
}
