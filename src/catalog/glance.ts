// Knows: which keys need no closer check, at the cost of one pass over their characters.
// Must not know: what the closer check finds.
import { NO_SHAPE, shapeOf } from './numbered';
import { MIN_SECRET_LENGTH } from './segments';

/** Shapes of keys that need no closer check, each at the place that its last bits name. */
const plain = new Float64Array(1_024).fill(NO_SHAPE);

/**
 * Whether the key needs a closer check. Almost every key consists of short words and numbers. Which digits a key with a
 * shape has does not matter, so what is true of one is true of all.
 */
export function mayReveal(key: string): boolean {
  const shape = shapeOf(key);
  const place = shape & (plain.length - 1);
  if (shape !== NO_SHAPE && plain[place] === shape) return false;
  if (isSuspect(key)) return true;
  plain[place] = shape;
  return false;
}

/** This loop is all that almost every key costs. */
export function isSuspect(key: string): boolean {
  let from = 0; // where the run begins
  let atom = 0; // where the word or number in it begins
  let digits = 0;
  let joiners = 0; // behind a digit
  let meetings = 0; // between a letter and a digit, or a small and a capital letter
  let longest = 0;
  let last = 0;
  let before = OTHER;
  for (let index = 0; index <= key.length; index++) {
    const code = index < key.length ? key.charCodeAt(index) : END;
    const kind = code < 128 ? (CLASSES[code] as number) : OTHER;
    if (kind > JOINER) {
      if (kind === CLOSER) return true;
      if (kind !== before && index > atom) {
        if (ENDS[last] === 1 && announces(key, atom, index)) return true;
        meetings++;
      }
      if (kind === DIGIT) digits++;
    } else {
      const length = index - atom;
      if (length > longest) longest = length;
      if (length > 1 && ENDS[last] === 1 && announces(key, atom, index)) return true;
      atom = index + 1;
      if (kind === JOINER) {
        if (before === DIGIT) joiners++;
      } else {
        if (meetings >= FEW_MEETINGS && (meetings >= MANY_MEETINGS || index - from >= MIN_SECRET_LENGTH)) return true;
        if (longest >= MIN_SECRET_LENGTH || (digits >= FEW_DIGITS && (joiners > 0 || mayBeCard(key, from, index))))
          return true;
        from = atom;
        digits = joiners = meetings = longest = 0;
      }
    }
    before = kind;
    last = code;
  }
  return false;
}

/** Whether the run contains a number of 13 digits or more that is not a time of this century. */
function mayBeCard(key: string, from: number, to: number): boolean {
  let length = 0;
  for (let index = from; index <= to; index++) {
    const code = index < to ? key.charCodeAt(index) : END;
    if (code >= ZERO && code <= NINE) length++;
    else {
      const isTime = key.charCodeAt(index - length) === ONE && (length === 13 || length === 16 || length === 19);
      if (length >= 13 && !isTime) return true;
      length = 0;
    }
  }
  return false;
}

const ZERO = 48;
const ONE = 49;
const NINE = 57;

/** A token of 20 characters has at least this many changes; a short one behind a credential's prefix has more. */
const FEW_MEETINGS = 2;
const MANY_MEETINGS = 4;
/** The length of the shortest personal number in groups, a social security number. UUIDs without letters have more. */
const FEW_DIGITS = 9;

/** A colon, which ends the last run. */
const END = 58;

const OTHER = 0;
const JOINER = 1;
const DIGIT = 2;
const SMALL = 3;
const CAPITAL = 4;
/**
 * Characters of addresses, URL queries and escapes, telephone numbers, documents and sentences; control characters.
 */
const CLOSER = 5;

const CLASSES = new Uint8Array(128).map((_, code) => {
  const char = String.fromCharCode(code);
  if (/[a-z]/.test(char)) return SMALL;
  if (/[A-Z]/.test(char)) return CAPITAL;
  if (/\d/.test(char)) return DIGIT;
  if (/[@%=+<[" ]/.test(char) || code < 32 || code === 127) return CLOSER;
  return /[_/~-]/.test(char) ? JOINER : OTHER;
});

/** The last letters of words that announce a secret. */
const ENDS = new Uint8Array(65_536);
for (const char of 'wdtyelsWDTYELS') ENDS[char.charCodeAt(0)] = 1;

/** Whether the word may end with one that announces a secret. They are in telling.ts. */
function announces(key: string, from: number, to: number): boolean {
  switch (key.charCodeAt(to - 1) | LOWER) {
    case 119: // pw
      return isLetter(key, from, to - 2, P);
    case 100: // pwd, passwd; password
      if (isLetter(key, from, to - 2, W)) return isLetter(key, from, to - 3, P) || isLetter(key, from, to - 6, P);
      return isLetter(key, from, to - 4, W) && isLetter(key, from, to - 8, P);
    case 116: // secret
      return isLetter(key, from, to - 6, S) && isLetter(key, from, to - 4, C);
    case 121: // key
      return isLetter(key, from, to - 3, K);
    case 101: // passphrase
      return isLetter(key, from, to - 10, P) && isLetter(key, from, to - 6, P);
    case 108: // credential
      return isLetter(key, from, to - 10, C);
    case 115: // pass, and plurals
      return (isLetter(key, from, to - 2, S) && isLetter(key, from, to - 4, P)) || announces(key, from, to - 1);
    default:
      return false;
  }
}

function isLetter(key: string, from: number, at: number, letter: number): boolean {
  return at >= from && (key.charCodeAt(at) | LOWER) === letter;
}

const LOWER = 32;
const [P, S, C, K, W] = [112, 115, 99, 107, 119];
