// Knows: the template of a key by its own text, `user:{}:cart`, and the parts of a template.
// Must not know: other keys, commands, metrics.
import { type Digits, NO_DIGITS, VARIES } from './constants';
import { mapSegments } from './segments';

export interface Template {
  /** The template, with `VARIES` at each variable part. */
  readonly text: string;
  /**
   * The digits at each `VARIES`, if there were one or two digits within a word. `limit6` may be a name, `shard6` one
   * of many; other keys decide. Empty if there were no such digits.
   */
  readonly digits: Digits;
}

/** The template of a key by its text alone, as it is shown. It is a pure function. */
export function familyOf(key: string): string {
  return shown(templateOf(key).text);
}

function shown(template: string): string {
  return template.replaceAll(VARIES, '{}');
}

const MAX_SOFT_DIGITS = 2;

export function templateOf(key: string): Template {
  if (key === '') return { text: VARIES, digits: NO_DIGITS };
  const digits: (string | undefined)[] = [];
  let isSoft = false;
  const mapped = mapSegments(key, (segment, kind) => {
    if (kind === 'word' && (!DIGIT.test(segment) || NAME_WITH_DIGITS.test(segment))) return segment;
    if (kind !== 'word') {
      digits.push(undefined);
      return VARIES;
    }
    return segment.replace(DIGITS, (run) => {
      const may = run.length <= MAX_SOFT_DIGITS;
      isSoft ||= may;
      digits.push(may ? run : undefined);
      return VARIES;
    });
  });
  const version = LEADING.test(mapped) ? DJANGO_VERSION.exec(key)?.[0] : undefined;
  if (version !== undefined) digits.shift();
  const text = version === undefined ? mapped : mapped.replace(LEADING, version);
  if (text.includes(TWICE)) return { text: text.replace(RUNS, VARIES), digits: NO_DIGITS };
  return { text, digits: isSoft ? digits : NO_DIGITS };
}

const DIGIT = /\d/;
const DIGITS = /\d+/g;
/** `v2`, and `i18n`, `k8s`, `b2b`: digits with letters on both sides. */
const NAME_WITH_DIGITS = /^(?:v\d{1,2}|(?=.{3,4}$)[a-z]+\d{1,2}[a-z]+)$/i;

/**
 * Django writes prefix, version and key. Without a prefix a key begins with a colon, and all keys have one version.
 */
const DJANGO_VERSION = /^:\d{1,2}(?=:)/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is ours
const LEADING = /^:\x01(?=:)/;

const TWICE = VARIES + VARIES;
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is ours
const RUNS = /\x01{2,}/g;

/**
 * Splits a template into parts and separators: `['user', ':', '{}', ':', 'cart']`. It begins and ends with a part,
 * which may be empty. Programs join words by one separator and use weaker ones within a word: `bull:my-queue:7`.
 */
export function partsOf(template: string): readonly string[] {
  const separators = LEVELS.find((level) => level.test(template));
  if (separators === undefined) return [template];
  const parts = template.split(separators);
  return parts.length <= MAX_PARTS ? parts : [...parts.slice(0, MAX_PARTS - 1), VARIES];
}

/** The number of words and separators; the rest of a longer key is one part. */
const MAX_PARTS = 25;

const LEVELS: readonly RegExp[] = [/([:/|#?&=,;{}()<>[\]"'\s@!*$]+)/, /(\.+)/, /(_+)/, /(-+)/];
