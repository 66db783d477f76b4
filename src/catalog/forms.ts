// Knows: the text forms of secrets, personal data and common ids that are longer than a single word.
// Must not know: commands, settings, what is done with the result.
import { BEHIND_TELLING_NAME, mayTell } from './telling';

/**
 * The kind of a segment. A `secret` could reveal a credential or a person: a password, a token of 20 random
 * characters or more, an address, a card number. An `id` and a `number` only vary. A `word` names a kind of thing.
 */
export type SegmentKind = 'word' | 'number' | 'id' | 'secret';

/** A part of a key with a form of its own. */
export interface Found {
  readonly from: number;
  readonly to: number;
  readonly kind: SegmentKind;
}

/** What a key contains, found in one pass. Most keys contain little and need no further check. */
interface Traits {
  digits: number;
  colons: number;
  dashes: number;
  dots: number;
  /** Changes between a letter and a digit, or between a small and a capital letter. */
  meetings: number;
  /** `@`, `%`, `=`, `+`. */
  web: number;
  /** Brackets and blanks. */
  text: number;
}

interface Form {
  readonly kind: SegmentKind;
  /** A global pattern. The match is its group `it`, if it has one. */
  readonly pattern: RegExp;
  /** The pattern is tried only if this holds. */
  readonly needs: (key: string, traits: Traits) => boolean;
  readonly confirms?: (text: string) => boolean;
}

/** Characters that end the local part or the domain of an e-mail address. */
const NOT_IN_ADDRESS = String.raw`\s:|/#{}()<>,;"'@=&?`;

/** Words that announce a secret before `=`, at the end of a name. */
const BEFORE_EQUALS =
  'passw(?:or)?d|pass|pwd?|passphrase|secret|token|sig(?:nature)?|key|auth(?:orization)?|credentials?|' +
  'session|sid|jwt|bearer|otp|pin';

/**
 * Prefixes of credentials, from the rules of gitleaks. The text behind a prefix is a credential of any length:
 * services change the length more often than the prefix.
 */
const PREFIXES = [
  '(?:sk|rk|pk|tk)_(?:live|test|prod)_|whsec_|sk-(?:ant|proj|svcacct|admin)-|A3T[A-Z0-9]|' +
    'A(?:KIA|SIA|BIA|CCA)|AIza|LTAI|ya29\\.',
  'gh[pousr]_|github_pat_|gl(?:pat|dt|ft|rt|soat|agent|cbt|imt|oas|ptt|ffct|sa)[_-]|GR1348941|' +
    'xox[abeoprs][.-]|xapp-|sq0(?:atp|csp)-',
  'do[opr]_v1_|shp(?:at|ca|pa|ss)_|shippo_(?:live|test)_|duffel_(?:live|test)_|FLW(?:SECK|PUBK)|' +
    'pscale_(?:tkn|oauth|pw)_|lin_api_',
  'pypi-|rubygems_|sntry[su]_|sm_[aps]at_|sgp_|PMAK-|AGE-SECRET-KEY-|HRKU-|dt0c01\\.|dp\\.pt\\.|' +
    'hv[bs]\\.|xkeysib-|dapi(?=[a-f0-9]{8})',
].join('|');
/** Prefixes that also begin other names: the text behind them must look random. */
const WEAK_PREFIXES = 'npm_|hf_|pat_|glc_|pnu_|rdme_|ntn_|pul-|ico-|sk-|pplx-|SG\\.|p8e-|fio-u-|tk-us-|api_org_';

/** A date, by its days, weeks or quarters, and a time behind it. */
const DATE = /(?:19|20)\d\d(?:-(?:W\d\d?|Q[1-4]|\d\d(?:-\d\d)?)|([/._])\d\d\1\d\d)/;
const TIME_OF_DAY = /(?:[T_]\d\d(?:[:.-]?\d\d){0,2}(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)?/;

const FORMS: readonly Form[] = [
  // A document or a sentence: the rest of the key is not an identifier.
  { kind: 'secret', pattern: /(?:\{\s*["']|\[\s*["'{[]|<[a-z!/?]).*$/gis, needs: (_, { text }) => text > 0 },
  { kind: 'secret', pattern: /(?<=^|[:|])[^:|]*(?:\s|%20).*$/gs, needs: (_, { text, web }) => text + web > 0 },
  { kind: 'secret', pattern: /(?<=:\/\/)[^\s/?#]+(?=@)/g, needs: hasWeb },
  {
    kind: 'secret',
    pattern: new RegExp(
      String.raw`[^${NOT_IN_ADDRESS}]{1,64}?(?:@|%40)(?:[^${NOT_IN_ADDRESS}.%]{1,63}\.)+[a-z\u0080-\uffff]+`,
      'gi',
    ),
    needs: hasWeb,
  },
  {
    kind: 'secret',
    pattern: new RegExp(String.raw`(?:${BEFORE_EQUALS})s?\d*(?:=|%3D)(?<it>[^&\s]+)`, 'gid'),
    needs: hasWeb,
  },
  { kind: 'secret', pattern: BEHIND_TELLING_NAME, needs: mayTell },
  { kind: 'secret', pattern: /(?<![a-z0-9])eyJ[\w-]{17,}(?:\.[\w-]+)*/gi, needs: (key) => key.includes('eyJ') },
  {
    kind: 'secret',
    pattern: new RegExp(String.raw`(?<![A-Za-z0-9])(?:${PREFIXES})[\w.~+/=-]{4,}`, 'g'),
    needs: hasMixture,
  },
  {
    kind: 'secret',
    pattern: new RegExp(String.raw`(?<![A-Za-z0-9])(?:${WEAK_PREFIXES})[\w.~+/=-]{8,}`, 'g'),
    needs: hasMixture,
    confirms: hasDigitAmongLetters,
  },
  { kind: 'secret', pattern: /(?<=^|[:/|])s%3A[^:|\s]+/gi, needs: hasWeb },
  { kind: 'secret', pattern: /(?<=^|[:/|])s:[\w-]{8,}\.[\w+/=%-]{20,}/g, needs: (key) => key.includes('s:') },
  { kind: 'secret', pattern: /(?<![\w+])(?:\+|%2B)[1-9](?:[-.]?\d){7,14}(?![\w.])/gi, needs: hasWeb },
  {
    kind: 'secret',
    pattern: /(?<!\d[a-z]*)(?:\d{13,19}|\d{4}-\d{4}-\d{4}-\d{1,7}|\d{4}-\d{6}-\d{4,5})(?![a-z\d])/gi,
    needs: (_, { digits }) => digits >= 13,
    confirms: isCard,
  },
  {
    kind: 'secret',
    pattern: /(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])/g,
    needs: (_, { digits, dashes }) => digits >= 9 && dashes > 1,
  },
  {
    kind: 'secret',
    pattern: /(?<![a-z0-9])[a-z]{2}\d{2}[a-z0-9]{11,30}(?![a-z0-9])/gi,
    needs: (key, { digits }) => digits > 1 && key.length >= 15,
    confirms: isIban,
  },
  {
    kind: 'secret',
    pattern: /(?<![0-9a-z])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9a-z])/gi,
    needs: (key, { dashes }) => dashes > 3 && key.length >= 36,
  },
  {
    kind: 'id',
    pattern:
      /(?<![\da-z]|[^\da-z][\da-f]{2}[:-])(?:[\da-f]{2}[:-]){5}[\da-f]{2}(?![\da-z]|[:-][\da-f]{2}(?![\da-z]))/gi,
    needs: (_, { colons, dashes }) => colons + dashes > 4,
  },
  {
    kind: 'id',
    pattern: /(?<![0-9a-z])(?:[0-9a-f]{1,4}:){2,7}(?::?[0-9a-f]{1,4}){1,6}(?![0-9a-z])/gi,
    needs: (_, { colons, digits }) => colons > 2 && digits > 0,
    confirms: isAddressOfSix,
  },
  {
    kind: 'id',
    pattern: new RegExp(`(?<!\\d)${DATE.source}${TIME_OF_DAY.source}(?!\\d)`, 'g'),
    needs: (_, { digits }) => digits > 4,
  },
  {
    kind: 'id',
    pattern: /(?<!\d)(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?!\d|:\d)/g,
    needs: (_, { colons, digits }) => colons > 1 && digits > 5,
  },
  {
    kind: 'id',
    pattern: /(?<![\d.])\d+(?:\.\d+){2,}(?:-(?:alpha|beta|rc|next|canary|dev|pre)[\w.]*)?(?![\w])/g,
    needs: (_, { dots, digits }) => dots > 1 && digits > 2,
  },
  { kind: 'id', pattern: /[^\s:|/#{}?&=]*%[0-9a-f]{2}[^\s:|/#{}?&=]*/gi, needs: hasWeb },
];

/** Finds the parts of a key that have a form of their own, in order and without overlaps. */
export function findForms(key: string): readonly Found[] {
  const traits = traitsOf(key);
  let found: Found[] | undefined;
  for (const { kind, pattern, needs, confirms } of FORMS) {
    if (!needs(key, traits)) continue;
    // Not `matchAll`: it copies the pattern for every key.
    pattern.lastIndex = 0;
    for (let match = pattern.exec(key); match !== null; match = pattern.exec(key)) {
      if (confirms !== undefined && !confirms(match[0])) continue;
      const [from, to] = match.indices?.groups?.it ?? [match.index, pattern.lastIndex];
      found ??= [];
      if (!found.some((other) => from < other.to && other.from < to)) found.push({ from, to, kind });
    }
  }
  return found?.sort((a, b) => a.from - b.from) ?? NONE;
}

const NONE: readonly Found[] = [];

function traitsOf(key: string): Traits {
  const traits: Traits = { digits: 0, colons: 0, dashes: 0, dots: 0, meetings: 0, web: 0, text: 0 };
  let before = 0;
  for (let index = 0; index < key.length; index++) {
    const code = key.charCodeAt(index);
    const kind = code < 128 ? (KINDS[code] as number) : 0;
    if (kind > 0 && before > 0 && kind !== before) traits.meetings++;
    before = kind;
    if (kind === DIGIT) traits.digits++;
    else if (kind < 0) count(traits, code);
  }
  return traits;
}

function count(traits: Traits, code: number): void {
  if (code === 58) traits.colons++;
  else if (code === 45) traits.dashes++;
  else if (code === 46) traits.dots++;
  else if (code === 64 || code === 37 || code === 61 || code === 43) traits.web++;
  else traits.text++;
}

const DIGIT = 1;
const SMALL = 2;
const CAPITAL = 3;
const COUNTED = -1;

const KINDS = new Int8Array(128).map((_, code) => {
  const char = String.fromCharCode(code);
  if (/\d/.test(char)) return DIGIT;
  if (/[a-z]/.test(char)) return SMALL;
  if (/[A-Z]/.test(char)) return CAPITAL;
  return /[:.@%=+\s[{<-]/.test(char) ? COUNTED : 0;
});

function hasWeb(_: string, { web }: Traits): boolean {
  return web > 0;
}

/** The text behind a credential's prefix is neither a plain word nor a short number. */
function hasMixture(_: string, { meetings, digits }: Traits): boolean {
  return meetings > 1 || digits > 8;
}

function hasDigitAmongLetters(text: string): boolean {
  const body = text.slice(text.search(/[_.-]/) + 1);
  return /[a-z]\d|\d[a-z]/i.test(body);
}

/** A time of this century in milliseconds, microseconds or nanoseconds. No card number begins like that. */
const TIME = /^1\d{12}(?:\d{3}|\d{6})?$/;

/** Whether the number passes the Luhn check. Card numbers do, and one in ten others. */
function isCard(text: string): boolean {
  const digits = text.replaceAll('-', '');
  if (digits.startsWith('0') || TIME.test(digits)) return false;
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 48;
    const twice = digit * 2;
    sum += index % 2 === 0 ? digit : twice > 9 ? twice - 9 : twice;
  }
  return sum % 10 === 0;
}

/** Whether the check digits are correct (ISO 7064, modulo 97). */
function isIban(text: string): boolean {
  let rest = 0;
  for (const char of text.slice(4) + text.slice(0, 4)) {
    const value = Number.parseInt(char, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

/** Eight groups, or fewer around `::`. `dead:beef:1` is two words and a number. */
function isAddressOfSix(text: string): boolean {
  const groups = text.split(':').filter((group) => group !== '');
  if (!groups.some((group) => group.length >= 3 && /\d/.test(group))) return false;
  return text.includes('::') ? groups.length >= 3 && groups.length < 8 : groups.length === 8;
}
