// Knows: the types of options, and how code, environment and JSON write their values.
// Must not know: which options there are.
import { hasPlace, type KeyMode } from '../catalog';
import type { ClientName, ConflictMode, OptionalAttribute, SemconvMode, SpanChoice } from './values';

/** One type of option. `fromCode` and `fromText` return `undefined` for an invalid value. */
export interface Kind<T> {
  /** The expected value, for messages about a bad one. */
  readonly expects: string;
  /** The type in TypeScript. */
  readonly type: string;
  /** The type as a JSON schema; undefined: only code can give such a value. */
  readonly schema?: object;
  fromCode(value: unknown): T | undefined;
  /** Replaces a bad value, if the default would show more than was asked for. `says` is the text of the message. */
  readonly otherwise?: { readonly value: T; readonly says: string };
  /** Reads the text of an environment variable; undefined: only code can give such a value. */
  fromText?(text: string): T | undefined;
}

export const BOOLEAN: Kind<boolean> = {
  expects: 'true or false',
  type: 'boolean',
  schema: { type: 'boolean' },
  fromCode: (value) => (typeof value === 'boolean' ? value : undefined),
  fromText: (text) => ({ true: true, false: false, 1: true, 0: false })[text.toLowerCase()],
};

function numberKind(expects: string, schema: object, accepts: (value: number) => boolean): Kind<number> {
  const check = (value: unknown) => (typeof value === 'number' && accepts(value) ? value : undefined);
  return { expects, type: 'number', schema, fromCode: check, fromText: (text) => check(Number(text)) };
}

export const MILLISECONDS = numberKind(
  'a number of milliseconds, 0 or more',
  { type: 'number', minimum: 0 },
  (value) => Number.isFinite(value) && value >= 0,
);

export const TEXT_LENGTH = numberKind(
  '0 or a whole number of at least 16',
  { anyOf: [{ const: 0 }, { type: 'integer', minimum: 16 }] },
  (value) => value === 0 || (Number.isInteger(value) && value >= 16),
);

/** Milliseconds, or `false` for never. */
export const SLOW: Kind<number> = {
  expects: `${MILLISECONDS.expects}, or false`,
  type: 'number | false',
  schema: { anyOf: [MILLISECONDS.schema, { const: false }] },
  fromCode: (value) => (value === false ? Number.POSITIVE_INFINITY : MILLISECONDS.fromCode(value)),
  fromText: (text) => (text.toLowerCase() === 'false' ? Number.POSITIVE_INFINITY : MILLISECONDS.fromText?.(text)),
};

const LIST_OF_TEXTS = { type: 'array', items: { type: 'string', minLength: 1 } };

export const COMMANDS: Kind<readonly (string | RegExp)[]> = {
  expects: 'a list of command names or patterns',
  type: 'readonly (string | RegExp)[]',
  schema: LIST_OF_TEXTS,
  fromCode: (value) => listIf(value, (item) => typeof item === 'string' || item instanceof RegExp),
  fromText: listOf,
};

/** Glob patterns, as in Redis. */
export const GLOBS: Kind<readonly string[]> = {
  expects: 'a list of patterns',
  type: 'readonly string[]',
  schema: LIST_OF_TEXTS,
  fromCode: (value) => listIf<string>(value, (item) => typeof item === 'string' && item !== ''),
  fromText: listOf,
};

/** A list of known words. */
function wordsOf<T extends string>(type: string, words: readonly T[]): Kind<readonly T[]> {
  const check = (value: unknown) => listIf<T>(value, (item) => words.some((word) => word === item));
  return {
    expects: `a list of ${words.join(', ')}`,
    type: `readonly ${type}[]`,
    schema: { type: 'array', items: { enum: words } },
    fromCode: check,
    fromText: (text) => check(listOf(text)),
  };
}

/** One of several words. */
function choiceOf<T extends string>(...words: readonly T[]): Kind<T> {
  return {
    expects: `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`,
    type: words.map((word) => `'${word}'`).join(' | '),
    schema: { enum: words },
    fromCode: (value) => words.find((word) => word === value),
    fromText: (text) => words.find((word) => word === text.toLowerCase()),
  };
}

export const SPANS: Kind<SpanChoice> = { ...choiceOf('all', 'notable'), type: 'SpanChoice' };
export const SEMCONV: Kind<SemconvMode> = { ...choiceOf('stable', 'dup'), type: 'SemconvMode' };
export const CONFLICT: Kind<ConflictMode> = { ...choiceOf('takeover', 'stand-down', 'both'), type: 'ConflictMode' };

const KEY_WORDS = choiceOf('safe', 'full', 'family', 'hidden');

export const KEYS: Kind<KeyMode> = {
  ...KEY_WORDS,
  expects: 'safe, full, family, hidden or a function',
  type: 'KeyMode',
  fromCode: (value) => {
    if (typeof value === 'function') return value as (key: string) => string;
    return typeof value === 'string' ? KEY_WORDS.fromText?.(value.trim()) : undefined;
  },
  // A user who mistypes `hidden` did not ask for `safe`.
  otherwise: { value: 'hidden', says: 'keys are hidden' },
};

type KeyFamilies = boolean | readonly string[] | ((key: string) => string | undefined);

export const KEY_FAMILIES: Kind<KeyFamilies> = {
  expects: 'true, false, a list of templates such as user:{}:cart, or a function',
  type: 'boolean | readonly string[] | ((key: string) => string | undefined)',
  schema: { anyOf: [{ type: 'boolean' }, LIST_OF_TEXTS] },
  fromCode: (value) =>
    typeof value === 'function' ? (value as KeyFamilies) : (BOOLEAN.fromCode(value) ?? GLOBS.fromCode(value)),
  fromText: (text) => {
    const templates = listOf(text);
    // Without a `{}` in any of them, it is more likely a misspelt `true` or `false`.
    return BOOLEAN.fromText?.(text) ?? (templates.some(hasPlace) ? templates : undefined);
  },
};

export const LOCKS: Kind<boolean | readonly (string | RegExp)[]> = {
  expects: 'true, false, a pattern or a list of patterns',
  type: 'boolean | string | RegExp | readonly (string | RegExp)[]',
  schema: { anyOf: [{ type: 'boolean' }, { type: 'string' }, LIST_OF_TEXTS] },
  fromCode: (value) => {
    if (typeof value === 'boolean') return value;
    return COMMANDS.fromCode(Array.isArray(value) ? value : [value]);
  },
  fromText: (text) => BOOLEAN.fromText?.(text) ?? listOf(text),
};

export const TIMES: readonly OptionalAttribute[] = [
  'db.redis.queue_ms',
  'db.redis.wire_ms',
  'db.redis.event_loop_delay_ms',
];

export const OPTIONAL_ATTRIBUTES = wordsOf<OptionalAttribute>('OptionalAttribute', [
  'db.redis.key',
  'db.redis.args_count',
  'db.query.summary',
  'db.response.returned_rows',
  ...TIMES,
]);

export const CLIENT_NAMES: readonly ClientName[] = ['redis', 'ioredis', 'iovalkey'];
export const CLIENTS = wordsOf('ClientName', CLIENT_NAMES);

/** @param type its type in TypeScript, the same as `F` */
export function functionOf<F>(type: string): Kind<F | undefined> {
  return { expects: 'a function', type, fromCode: (value) => (typeof value === 'function' ? (value as F) : undefined) };
}

export function listOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function listIf<T>(value: unknown, isRight: (item: unknown) => boolean): readonly T[] | undefined {
  return Array.isArray(value) && value.every(isRight) ? value : undefined;
}
