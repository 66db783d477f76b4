// Knows: how a key is split into segments, and which of them name a single thing, a person or a credential.
// Must not know: commands, clients, settings.
import { findForms, type SegmentKind } from './forms';
import { looksLikeWords, scoreWords } from './language';
import { looksLikeSecret, mayTell, tellsOfSecret } from './telling';

export type { SegmentKind } from './forms';

type Change = (segment: string, kind: SegmentKind) => string;

/** Random text of this length or more may be a credential, and is not shown. */
export const MIN_SECRET_LENGTH = 20;
/** From this length on random characters can be told from words. They are an id. */
const MIN_ID_LENGTH = 10;

/** Applies `change` to every segment of a key and leaves the separators alone. */
export function mapSegments(key: string, change: Change): string {
  const found = findForms(key);
  const told = tellsOfSecret(key) ? behindTellingName(change) : change;
  if (found.length === 0) return mapRuns(key, told);
  let text = '';
  let at = 0;
  for (const { from, to, kind } of found) {
    text += mapRuns(key.slice(at, from), told) + told(key.slice(from, to), kind);
    at = to;
  }
  return text + mapRuns(key.slice(at), told);
}

/** Behind a telling name, what looks like a secret is one, however short: `reset_password_hunter2`. */
function behindTellingName(change: Change): Change {
  let isBehind = false;
  return (segment, kind) => {
    const isSecret = isBehind && (kind === 'id' || (kind === 'word' && looksLikeSecret(segment)));
    isBehind ||= kind === 'word' && mayTell(segment);
    return change(segment, isSecret ? 'secret' : kind);
  };
}

/** A run that may be random, with the characters of all base64 alphabets, or a word of any script. */
const RUN = /[A-Za-z0-9_+/~-]{10,}={0,2}|[A-Za-z0-9\u0080-\uffff]+/g;

function mapRuns(key: string, change: Change): string {
  return key.replace(RUN, (run) => (run.length < MIN_ID_LENGTH ? change(run, kindOfWord(run)) : mapPaths(run, change)));
}

function mapPaths(run: string, change: Change): string {
  if (!run.includes('/'))
    return run.length >= MIN_SECRET_LENGTH && ALL_HEX.test(run) ? change(run, 'secret') : mapRandom(run, change);
  if (isBase64(run)) return change(run, run.length < MIN_SECRET_LENGTH ? 'id' : 'secret');
  let text = '';
  let at = 0;
  for (const { index } of run.matchAll(SLASH)) {
    if (!isBetweenNames(run, index)) continue;
    text += `${mapRandom(run.slice(at, index), change)}/`;
    at = index + 1;
  }
  return text + mapRandom(run.slice(at), change);
}

const SLASH = /\//g;
const ATOM_BEFORE = /[A-Za-z0-9]*$/;
const ATOM_BEHIND = /^[A-Za-z0-9]*/;
const NAME = /^(?:\d+|[a-z]{3,}|[A-Z]{3,})$/;

/**
 * Base64 has a length that is a multiple of four. A path of such a length contains names, rarely both cases and
 * digits.
 */
function isBase64(run: string): boolean {
  if (run.length % 4 !== 0 || !/[A-Z]/.test(run) || !/[a-z]/.test(run)) return false;
  return scoreWords(run) < 0 && !(run.match(ATOM) ?? []).some((atom) => isPlainWord(atom.toLowerCase()));
}

/** A slash next to a word or number belongs to a path; within a token it belongs to base64. */
function isBetweenNames(run: string, slash: number): boolean {
  const before = ATOM_BEFORE.exec(run.slice(0, slash))?.[0] ?? '';
  const behind = ATOM_BEHIND.exec(run.slice(slash + 1))?.[0] ?? '';
  return [before, behind].some((atom) => NAME.test(atom) && scoreWords(atom) >= 0);
}

/**
 * `cus_NffrFeUfNV2Hib`: the prefix names a kind. Prefixes of two letters are those of Stripe; others begin random
 * texts.
 */
const PREFIXED = /^(?:[a-z]{3,8}|ch|cs|in|pi|pm|po|re|si|tr)_(?=[A-Za-z0-9]{10,}$)/;

function mapRandom(part: string, change: Change): string {
  if (part.length < MIN_ID_LENGTH) return mapWords(part, change);
  // Most runs are words of small letters, for which no core has to be found.
  if (part.length < MIN_SECRET_LENGTH && !MIXED.test(part))
    return scoreWords(part) < part.length * LETTERS_SCORE ? change(part, 'id') : mapWords(part, change);
  const prefix = PREFIXED.exec(part)?.[0] ?? '';
  const [from, to] = findCore(part, prefix.length);
  const core = part.slice(from, to);
  if (core.length < MIN_ID_LENGTH || !isRandom(core)) return mapWords(part, change);
  const kind = core.length + prefix.length < MIN_SECRET_LENGTH ? 'id' : 'secret';
  return mapWords(part.slice(0, from), change) + change(core, kind) + mapWords(part.slice(to), change);
}

const NOWHERE = [0, 0] as const;
/** A name neither begins nor ends with a dash. */
const NAME_BEFORE = /^[A-Za-z0-9].*[-_/+~]$/;
const NAME_BEHIND = /^[-_/+~].*[A-Za-z0-9]$/;

/**
 * Finds where the token of `session_Zx8-…_cart` begins and ends. Text joined to it by `-` or `_` belongs to it,
 * unless it is a word: four letters or more of one case.
 */
function findCore(part: string, start: number): readonly [number, number] {
  let first = -1;
  let end = -1;
  ATOMS.lastIndex = start;
  for (let atom = ATOMS.exec(part); atom !== null; atom = ATOMS.exec(part)) {
    if (isPlainWord(atom[0])) continue;
    if (first < 0) first = atom.index;
    end = ATOMS.lastIndex;
  }
  if (first < 0) return NOWHERE;
  // A dash at the start and the padding of base64 at the end belong to the token.
  const from = start > 0 || NAME_BEFORE.test(part.slice(0, first)) ? first : 0;
  return [from, NAME_BEHIND.test(part.slice(end)) ? end : part.length];
}

const ATOM = /[A-Za-z0-9\u0080-\uffff]+/g;
/** The same pattern, used with `exec`: `matchAll` copies the pattern for every key. */
const ATOMS = new RegExp(ATOM);

function mapWords(text: string, change: Change): string {
  return text.replace(ATOM, (word) => change(word, kindOfWord(word)));
}

const NUMBER = /^\d+$/;
const HEX = /^(?=.*\d)(?=.*[a-f])[0-9a-f]{8,}$/i;

function kindOfWord(word: string): SegmentKind {
  if (NUMBER.test(word)) return word.length < MIN_SECRET_LENGTH ? 'number' : 'secret';
  return HEX.test(word) ? 'id' : 'word';
}

const ONE_CASE = /^(?:[a-z]{4,}|[A-Z]{4,})$/;

function isPlainWord(atom: string): boolean {
  return ONE_CASE.test(atom) && scoreWords(atom) >= 3;
}

const ALL_HEX = /^[0-9a-f]*\d[0-9a-f]*$/i;
const LETTER = /[a-z]/gi;

/** `k8s-prod-web3-s3-v2`: three or more names with a digit or two. */
const NAMES = /^(?:(?:[a-z]{3,}\d{0,2}|[a-z]\d|v\d{1,2}|[a-z]\d{1,2}[a-z]{1,2}|\d{1,4})(?:[-_](?!$)|$)){3,}$/;
const WORDS = /[a-z]{3,}/g;

/** The minimum score of a letter in short words. It was chosen like the one for long texts in language.ts. */
const SHORT_WORDS_SCORE = -0.6;
const WORDS_SCORE = -0.3;
/** Letters of one case alone are names in most keys: `judyfossil`. */
const LETTERS_SCORE = -1.3;
const MIXED = /\d|[a-z].*[A-Z]|[A-Z].*[a-z]/;

function isRandom(core: string): boolean {
  if (core.length >= MIN_SECRET_LENGTH && ALL_HEX.test(core)) return true;
  // A date, a version, an address: numbers with few other characters.
  if ((core.match(LETTER)?.length ?? 0) * (core.length < MIN_SECRET_LENGTH ? 3 : 8) < core.length) return false;
  if (NAMES.test(core) && (core.match(WORDS) ?? []).every((word) => scoreWords(word) > -2)) return false;
  if (core.length >= MIN_SECRET_LENGTH) return !looksLikeWords(core);
  const perLetter = !MIXED.test(core) ? LETTERS_SCORE : core.length < 12 ? SHORT_WORDS_SCORE : WORDS_SCORE;
  return scoreWords(core) < core.length * perLetter;
}
