// Knows: the glob patterns with which Redis matches channels and keys.
// Must not know: what is matched.

/** Returns the matcher of a pattern: `*`, `?`, `[abc]`, `[^a-z]` and `\` before a literal character. */
export function globMatcher(pattern: string): (text: string) => boolean {
  const source = pattern.replace(TOKENS, (token, escaped: string | undefined, set: string | undefined) => {
    if (escaped !== undefined) return literal(escaped);
    if (set !== undefined) return `[${set.replace(/[\\\]]/g, '\\$&')}]`;
    return token === '*' ? '.*' : token === '?' ? '.' : literal(token);
  });
  const expression = expressionOf(source);
  return expression === undefined ? (text) => text === pattern : (text) => expression.test(text);
}

/** An escaped character, a set of characters, or a single character. */
const TOKENS = /\\([\s\S])|\[((?:\^)?[^\]]+)\]|[\s\S]/g;

function literal(character: string): string {
  return /[$()*+./?[\\\]^{|}-]/.test(character) ? `\\${character}` : character;
}

/** A reversed range, as in `[z-a]`, is not a valid expression: the pattern then matches only itself. */
function expressionOf(source: string): RegExp | undefined {
  try {
    return new RegExp(`^${source}$`, 's');
  } catch {
    return undefined;
  }
}
