// Knows: which keys need no closer look, at the cost of one pass over their characters.
// Must not know: what the closer look finds.
import { MIN_SECRET_LENGTH } from './segments';

/**
 * Whether a closer look at the key is worth it. Almost every key is made of short words and numbers, and
 * this loop is all it costs them.
 */
export function mayReveal(key: string): boolean {
  let run = 0;
  let atom = 0;
  let digits = 0;
  let joiners = 0;
  let meetings = 0; // of a letter and a digit, or of a small and a capital letter
  let before = OTHER;
  for (let index = 0; index < key.length; index++) {
    const code = key.charCodeAt(index);
    const kind = code < 128 ? (CLASSES[code] as number) : OTHER;
    if (kind === CLOSER) return true;
    if (kind <= JOINER) {
      if (atom > 1 && (announces(key, index - atom, index) || (atom >= 13 && mayBeCard(key, index - atom, index)))) return true;
      atom = 0;
      if (kind === JOINER && before === DIGIT) joiners++;
      run = kind === OTHER ? 0 : run + 1;
      if (run === 0) digits = joiners = meetings = 0;
    } else {
      run++;
      atom++;
      if (kind === DIGIT) digits++;
      if (atom > 1 && kind !== before) meetings++;
      if (meetings >= FEW_MEETINGS || run >= MIN_SECRET_LENGTH) {
        if (meetings >= MANY_MEETINGS || atom >= MIN_SECRET_LENGTH || (run >= MIN_SECRET_LENGTH && meetings >= FEW_MEETINGS)) return true;
      }
      if (digits >= MANY_DIGITS && joiners > 1) return true;
    }
    before = kind;
  }
  return atom >= 13 && mayBeCard(key, key.length - atom, key.length);
}

/** A number of 13 digits or more, but for times of this century. */
function mayBeCard(key: string, from: number, to: number): boolean {
  const length = to - from;
  const isTime = key.charCodeAt(from) === ONE && (length === 13 || length === 16 || length === 19);
  return !isTime && key.charCodeAt(from) <= NINE && key.charCodeAt(to - 1) <= NINE;
}

const ONE = 49;
const NINE = 57;

/** A token of 20 characters has that many, and a short one behind the prefix of a credential has more. */
const FEW_MEETINGS = 2;
const MANY_MEETINGS = 4;
/** The shortest number in groups that could tell somebody: of social security. UUIDs without letters have more. */
const MANY_DIGITS = 9;

const OTHER = 0;
const JOINER = 1;
const DIGIT = 2;
const SMALL = 3;
const CAPITAL = 4;
/** Of an address, a URL's query or escape, a telephone number, a document, a sentence; and control characters. */
const CLOSER = 5;

const CLASSES = new Uint8Array(128).map((_, code) => {
  const char = String.fromCharCode(code);
  if (/[a-z]/.test(char)) return SMALL;
  if (/[A-Z]/.test(char)) return CAPITAL;
  if (/\d/.test(char)) return DIGIT;
  if (/[@%=+<[" ]/.test(char) || code < 32 || code === 127) return CLOSER;
  return /[_/~-]/.test(char) ? JOINER : OTHER;
});

/** Whether the segment may announce a secret: `pw`, `pwd`, `pass`, `passwd`, `password`, `passphrase`, `secret`, `…key`, `credential(s)`. */
function announces(key: string, from: number, to: number): boolean {
  const length = to - from;
  switch (key.charCodeAt(to - 1) | LOWER) {
    case 119: // w
      return length === 2 && (key.charCodeAt(from) | LOWER) === P;
    case 100: // d
      return (length === 3 || length === 6 || length === 8) && (key.charCodeAt(from) | LOWER) === P;
    case 116: // t
      return length === 6 && (key.charCodeAt(from) | LOWER) === S && (key.charCodeAt(from + 2) | LOWER) === C;
    case 121: // y
      return length >= 3 && (key.charCodeAt(to - 3) | LOWER) === K;
    case 101: // e
      return length === 10 && (key.charCodeAt(from) | LOWER) === P;
    case 108: // l
    case 115: // s
      return length >= 10 && (key.charCodeAt(from) | LOWER) === C;
    default:
      return false;
  }
}

const LOWER = 32;
const [P, S, C, K] = [112, 115, 99, 107];
