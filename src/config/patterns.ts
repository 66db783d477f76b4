// Knows: how the patterns of options are matched.
// Must not know: which option a pattern belongs to.
import { keysOf, lookup } from '../catalog';
import type { Arguments } from '../core/events';
import { globMatcher } from '../core/glob';
import type { OperationSettings } from '../core/operation';

/** Of commands, by their names. undefined: none matches. */
export function matcherOf(patterns: readonly (string | RegExp)[]): OperationSettings['isIgnored'] {
  if (patterns.length === 0) return undefined;
  const names = new Set(patterns.filter((pattern) => typeof pattern === 'string').map((name) => name.toUpperCase()));
  const expressions = patterns.filter((pattern) => pattern instanceof RegExp).map(withoutMemory);
  return (args) => {
    const { canonical } = lookup(args);
    return names.has(canonical) || expressions.some((expression) => expression.test(canonical));
  };
}

/** Of keys. A text is a pattern as Redis has them. */
export function keyMatcherOf(patterns: readonly (string | RegExp)[]): (key: string) => boolean {
  const matchers = patterns.map((pattern) => (typeof pattern === 'string' ? globMatcher(pattern) : matcherOfExpression(pattern)));
  return (key) => matchers.some((matches) => matches(key));
}

/** Keys are looked for among so many arguments of a command. */
const MAX_ARGUMENTS = 64;

/** Of commands, by their keys: all of them match. undefined: none does. */
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

/** A global or sticky pattern remembers where it stopped; a copy without the flags does not. */
function withoutMemory({ source, flags }: RegExp): RegExp {
  return new RegExp(source, flags.replace(/[gy]/g, ''));
}
