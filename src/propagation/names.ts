// Knows: how names of channels and streams are matched.
// Must not know: what is done with matching names.
import { globMatcher } from '../core/glob';

/** Whether a name, as text or as bytes, matches a pattern. */
export type NameMatcher = (name: unknown) => boolean;

export function matcherOf(patterns: readonly string[]): NameMatcher {
  const matchers = patterns.map(globMatcher);
  return (name) => {
    if (!isText(name)) return false;
    const text = name.toString();
    return matchers.some((matches) => matches(text));
  };
}

export function isText(value: unknown): value is string | Buffer {
  return typeof value === 'string' || Buffer.isBuffer(value);
}
