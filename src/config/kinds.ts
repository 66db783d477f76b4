// Knows: the types that options have, and how code and environment spell their values.
// Must not know: which options there are.
import type { KeyMode } from '../catalog';
import type { ConflictMode, OptionalAttribute, SemconvMode } from '../config';

/** One type of option: what it is called in a message, how code and environment spell it. `undefined` refuses. */
export interface Kind<T> {
  readonly expects: string;
  fromCode(value: unknown): T | undefined;
  fromText?(text: string): T | undefined;
}

export const BOOLEAN: Kind<boolean> = {
  expects: 'true or false',
  fromCode: (value) => (typeof value === 'boolean' ? value : undefined),
  fromText: (text) => ({ true: true, false: false, 1: true, 0: false })[text.toLowerCase()],
};

function numberKind(expects: string, accepts: (value: number) => boolean): Kind<number> {
  const check = (value: unknown) => (typeof value === 'number' && accepts(value) ? value : undefined);
  return { expects, fromCode: check, fromText: (text) => check(Number(text)) };
}

export const MILLISECONDS = numberKind('a number of milliseconds', (value) => Number.isFinite(value) && value >= 0);
export const TEXT_LENGTH = numberKind('a whole number of at least 16', (value) => Number.isInteger(value) && value >= 16);

export const PATTERNS: Kind<readonly (string | RegExp)[]> = {
  expects: 'a list of command names or patterns',
  fromCode: (value) =>
    Array.isArray(value) && value.every((item) => typeof item === 'string' || item instanceof RegExp) ? value : undefined,
  fromText: (text) => listOf(text),
};

export const NAMES: Kind<readonly string[]> = {
  expects: 'a list of patterns',
  fromCode: (value) => (Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '') ? value : undefined),
  fromText: (text) => listOf(text),
};

export const SLOW: Kind<number> = {
  expects: `${MILLISECONDS.expects} or false`,
  fromCode: (value) => (value === false ? Number.POSITIVE_INFINITY : MILLISECONDS.fromCode(value)),
  fromText: (text) => (text.toLowerCase() === 'false' ? Number.POSITIVE_INFINITY : MILLISECONDS.fromText?.(text)),
};

export const TIMES: readonly OptionalAttribute[] = ['db.redis.queue_ms', 'db.redis.wire_ms', 'db.redis.event_loop_delay_ms'];
const OPTIONAL_ATTRIBUTE_NAMES: readonly OptionalAttribute[] = ['db.redis.key', 'db.redis.args_count', ...TIMES];

export const OPTIONAL_ATTRIBUTES: Kind<readonly OptionalAttribute[]> = {
  expects: `a list of ${OPTIONAL_ATTRIBUTE_NAMES.join(', ')}`,
  fromCode: (value) => (Array.isArray(value) && value.every(isOptionalAttribute) ? value : undefined),
  fromText: (text) => OPTIONAL_ATTRIBUTES.fromCode(listOf(text)),
};

function isOptionalAttribute(name: unknown): name is OptionalAttribute {
  return OPTIONAL_ATTRIBUTE_NAMES.some((known) => known === name);
}

export const SEMCONV: Kind<SemconvMode> = {
  expects: 'stable or dup',
  fromCode: (value) => (value === 'stable' || value === 'dup' ? value : undefined),
  fromText: (text) => SEMCONV.fromCode(text.toLowerCase()),
};

export const CONFLICT: Kind<ConflictMode> = {
  expects: 'takeover, stand-down or both',
  fromCode: (value) => (['takeover', 'stand-down', 'both'] as const).find((mode) => mode === value),
  fromText: (text) => CONFLICT.fromCode(text.toLowerCase()),
};

export const KEYS: Kind<KeyMode> = {
  expects: 'safe, full, family, hidden or a function',
  fromCode: (value) => (typeof value === 'function' ? (value as (key: string) => string) : KEYS.fromText?.(String(value))),
  fromText: (text) => (['safe', 'full', 'family', 'hidden'] as const).find((mode) => mode === text),
};

export const KEY_FAMILY: Kind<boolean | ((key: string) => string | undefined)> = {
  expects: 'true, false or a function',
  fromCode: (value) => (typeof value === 'function' ? (value as (key: string) => string | undefined) : BOOLEAN.fromCode(value)),
  fromText: (text) => BOOLEAN.fromText?.(text),
};

export const LOCKS: Kind<boolean | readonly (string | RegExp)[]> = {
  expects: 'true, false, a pattern or a list of patterns',
  fromCode: (value) => {
    if (typeof value === 'boolean') return value;
    return PATTERNS.fromCode(Array.isArray(value) ? value : [value]);
  },
  fromText: (text) => BOOLEAN.fromText?.(text) ?? listOf(text),
};

export function functionOf<F>(): Kind<F | undefined> {
  return { expects: 'a function', fromCode: (value) => (typeof value === 'function' ? (value as F) : undefined) };
}

export function listOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
