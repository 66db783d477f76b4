// Knows: how the patterns of options are matched.
// Must not know: which option a pattern belongs to.
import { keysOf, lookup, procedureName } from '../catalog';
import type { Arguments } from '../core/events';
import { globMatcher } from '../core/glob';
import type { OperationSettings } from '../core/operation';

/** Matches commands by name, and scripts and functions by the names that spans have. undefined: no command matches. */
export function matcherOf(patterns: readonly (string | RegExp)[]): OperationSettings['isIgnored'] {
  if (patterns.length === 0) return undefined;
  const names = new Set(patterns.filter((pattern) => typeof pattern === 'string').map((name) => name.toUpperCase()));
  const expressions = patterns.filter((pattern) => pattern instanceof RegExp).map(withoutMemory);
  const matches = (name: string): boolean => expressions.some((expression) => expression.test(name));
  return (args, _facts, procedure) => {
    const entry = lookup(args);
    if (names.has(entry.canonical) || matches(entry.canonical)) return true;
    const called = procedureName(entry, args, String, procedure);
    return called !== undefined && (names.has(called.toUpperCase()) || matches(called));
  };
}

/** Matches keys. A text is a glob pattern, as in Redis. */
export function keyMatcherOf(patterns: readonly (string | RegExp)[]): (key: string) => boolean {
  const matchers = patterns.map((pattern) =>
    typeof pattern === 'string' ? globMatcher(pattern) : matcherOfExpression(pattern),
  );
  return (key) => matchers.some((matches) => matches(key));
}

/** The number of arguments of a command that are searched for keys. */
const MAX_ARGUMENTS = 64;

/** Matches commands whose keys all match. undefined: no command matches. */
export function commandMatcherOf(patterns: readonly string[]): ((args: Arguments) => boolean) | undefined {
  if (patterns.length === 0) return undefined;
  const matches = keyMatcherOf(patterns);
  return (args) => {
    const keys = keysOf(lookup(args), args, MAX_ARGUMENTS);
    return keys.length > 0 && keys.every((key) => matches(textOf(key)));
  };
}

function textOf(key: unknown): string {
  return typeof key === 'string'
    ? key
    : ArrayBuffer.isView(key)
      ? Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString()
      : String(key);
}

function matcherOfExpression(pattern: RegExp): (key: string) => boolean {
  const expression = withoutMemory(pattern);
  return (key) => expression.test(key);
}

/** A global or sticky pattern keeps the position of its last match; a copy without these flags does not. */
function withoutMemory({ source, flags }: RegExp): RegExp {
  return new RegExp(source, flags.replace(/[gy]/g, ''));
}
