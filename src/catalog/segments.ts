// Knows: how a key falls into segments, and which of them name one of many things, a person or a credential.
// Must not know: commands, clients, settings.

import { looksLikeWords, scoreWords } from './language';

/**
 * What a segment is. `token` (a UUID, ULID, JWT, session id: 20 random characters or more) and `email`
 * could tell a credential or a person; `number` and `hex` only vary; a `word` says what kind of thing it is.
 */
export type SegmentKind = 'word' | 'number' | 'hex' | 'token' | 'email';

type Change = (segment: string, kind: SegmentKind) => string;

/** Shorter than this nothing is taken for a token. */
const MIN_TOKEN_LENGTH = 20;

/** Applies `change` to every segment of a key and leaves the separators alone. */
export function mapSegments(key: string, change: Change): string {
  if (!key.includes('@') && !key.includes('%40')) return mapTokens(key, change);
  let text = '';
  let at = 0;
  for (const found of key.matchAll(EMAIL)) {
    text += mapTokens(key.slice(at, found.index), change) + change(found[0], 'email');
    at = found.index + found[0].length;
  }
  return text + mapTokens(key.slice(at), change);
}

/** Also as it stands in a URL. What follows the @ has a letter: `pkg@1.2.3` is a version. */
const EMAIL = /[^\s:|/#{}()<>,;"'@]+?(?:@|%40)(?=[^\s:|/#{}()<>,;"'@]*[a-z])[^\s:|/#{}()<>,;"'@]+/gi;

/** A JWT; a run that may hold a token, with the characters of all base64 alphabets; or a word of any script. */
const RUN = /eyJ[\w-]{17,}(?:\.[\w-]+)*|[A-Za-z0-9_+/=~-]{20,}|[A-Za-z0-9\u0080-\uffff]+/g;

function mapTokens(key: string, change: Change): string {
  return key.replace(RUN, (run) => {
    if (run.length < MIN_TOKEN_LENGTH) return change(run, kindOfWord(run));
    return run.startsWith('eyJ') || ONLY_UUID.test(run) ? change(run, 'token') : mapRun(run, change);
  });
}

const ONLY_UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const UUID = /(?<![0-9a-z])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9a-z])/gi;

function mapRun(run: string, change: Change): string {
  if (run.search(UUID) < 0) return mapPaths(run, change);
  let text = '';
  let at = 0;
  for (const found of run.matchAll(UUID)) {
    text += mapPaths(run.slice(at, found.index), change) + change(found[0], 'token');
    at = found.index + found[0].length;
  }
  return text + mapPaths(run.slice(at), change);
}

function mapPaths(run: string, change: Change): string {
  if (!run.includes('/')) return mapToken(run, change);
  let text = '';
  let at = 0;
  for (const { index } of run.matchAll(SLASH)) {
    if (!isBetweenNames(run, index)) continue;
    text += `${mapToken(run.slice(at, index), change)}/`;
    at = index + 1;
  }
  return text + mapToken(run.slice(at), change);
}

const SLASH = /\//g;
const ATOM_BEFORE = /[A-Za-z0-9]*$/;
const ATOM_BEHIND = /^[A-Za-z0-9]*/;
const NAME = /^(?:\d+|[a-z]{3,}|[A-Z]{3,})$/;

/** A slash next to a word or number is a path's; within a token it is base64. */
function isBetweenNames(run: string, slash: number): boolean {
  const before = ATOM_BEFORE.exec(run.slice(0, slash))?.[0] ?? '';
  const behind = ATOM_BEHIND.exec(run.slice(slash + 1))?.[0] ?? '';
  return [before, behind].some((atom) => NAME.test(atom) && scoreWords(atom) >= 0);
}

function mapToken(part: string, change: Change): string {
  const [from, to] = part.length < MIN_TOKEN_LENGTH ? NOWHERE : findCore(part);
  const core = part.slice(from, to);
  if (core.length < MIN_TOKEN_LENGTH || !looksRandom(core)) return mapWords(part, change);
  return mapWords(part.slice(0, from), change) + change(core, 'token') + mapWords(part.slice(to), change);
}

const NOWHERE = [0, 0] as const;

/**
 * Where the token of `session_Zx8-…_cart` begins and ends. What adjoins it by `-` or `_` belongs to it, unless
 * it is a word: four letters or more of one case.
 */
function findCore(part: string): readonly [number, number] {
  const others = [...part.matchAll(ATOM)].filter(([atom]) => !isPlainWord(atom));
  const first = others[0];
  const last = others.at(-1);
  if (first === undefined || last === undefined) return NOWHERE;
  // A dash at the start and the padding of base64 at the end go with it.
  const from = /[A-Za-z0-9]/.test(part.slice(0, first.index)) ? first.index : 0;
  const end = last.index + last[0].length;
  return [from, /[A-Za-z0-9]/.test(part.slice(end)) ? end : part.length];
}

const ATOM = /[A-Za-z0-9\u0080-\uffff]+/g;

function mapWords(text: string, change: Change): string {
  return text.replace(ATOM, (word) => change(word, kindOfWord(word)));
}

const NUMBER = /^\d+$/;
const HEX = /^(?=.*\d)(?=.*[a-f])[0-9a-f]{8,}$/i;

function kindOfWord(word: string): SegmentKind {
  if (NUMBER.test(word)) return word.length < MIN_TOKEN_LENGTH ? 'number' : 'token';
  return HEX.test(word) ? 'hex' : 'word';
}

const ONE_CASE = /^(?:[a-z]{4,}|[A-Z]{4,})$/;

function isPlainWord(atom: string): boolean {
  return ONE_CASE.test(atom) && scoreWords(atom) >= 3;
}

const ALL_HEX = /^[0-9a-f]*\d[0-9a-f]*$/i;
const LETTER = /[a-z]/gi;

function looksRandom(core: string): boolean {
  if (ALL_HEX.test(core)) return true;
  // A date, a version, an address: numbers with little between them.
  if ((core.match(LETTER)?.length ?? 0) * 8 < core.length) return false;
  return !looksLikeWords(core);
}

/**
 * Whether a closer look at the key is worth it. Almost every key is made of short words and numbers, and
 * this loop is all it costs them.
 */
export function mayReveal(key: string): boolean {
  if (key.length < MIN_TOKEN_LENGTH) return hasCloser(key);
  let run = 0;
  let atom = 0;
  let dashes = 0;
  let meetings = 0; // of a letter and a digit, or of a small and a capital letter
  let before = OTHER;
  for (let index = 0; index < key.length; index++) {
    const code = key.charCodeAt(index);
    const kind = classOf(code);
    if (kind === CLOSER) return true;
    run = kind === OTHER ? 0 : run + 1;
    atom = kind === OTHER || kind === JOINER ? 0 : atom + 1;
    if (run === 0) meetings = dashes = 0;
    else if (atom > 1 && kind !== before) meetings++;
    else if (code === DASH) dashes++;
    if (run >= MIN_TOKEN_LENGTH && (meetings >= 2 || atom >= MIN_TOKEN_LENGTH)) return true;
    // A UUID of digits has no such meetings.
    if (run >= UUID_LENGTH && dashes >= 4) return true;
    before = kind;
  }
  return false;
}

function hasCloser(key: string): boolean {
  for (let index = 0; index < key.length; index++) if (classOf(key.charCodeAt(index)) === CLOSER) return true;
  return false;
}

const DASH = 45;
const UUID_LENGTH = 36;

const OTHER = 0;
const JOINER = 1;
const DIGIT = 2;
const SMALL = 3;
const CAPITAL = 4;
const CLOSER = 5; // an @ or %40, or a control character

const CLASSES = new Uint8Array(128).map((_, code) => {
  const char = String.fromCharCode(code);
  if (/[a-z]/.test(char)) return SMALL;
  if (/[A-Z]/.test(char)) return CAPITAL;
  if (/\d/.test(char)) return DIGIT;
  if (/[@%]/.test(char) || code < 32 || code === 127) return CLOSER;
  return /[_+/=~-]/.test(char) ? JOINER : OTHER;
});

function classOf(code: number): number {
  return code < 128 ? (CLASSES[code] as number) : OTHER;
}
