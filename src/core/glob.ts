// Knows: patterns as Redis matches channels and keys with them.
// Must not know: what is matched.

/** Makes the matcher of a pattern: `*`, `?`, `[abc]`, `[^a-z]` and `\` before a character that means itself. */
export function globMatcher(pattern: string): (text: string) => boolean {
  const source = pattern.replace(TOKENS, (token, escaped: string | undefined, set: string | undefined) => {
    if (escaped !== undefined) return literal(escaped);
    if (set !== undefined) return `[${set.replace(/[\\\]]/g, '\\$&')}]`;
    return token === '*' ? '.*' : token === '?' ? '.' : literal(token);
  });
  const expression = expressionOf(source);
  return expression === undefined ? (text) => text === pattern : (text) => expression.test(text);
}

/** What is escaped, a set of characters, and single characters. */
const TOKENS = /\\([\s\S])|\[((?:\^)?[^\]]+)\]|[\s\S]/g;

function literal(character: string): string {
  return /[$()*+./?[\\\]^{|}-]/.test(character) ? `\\${character}` : character;
}

/** A range that runs backwards, as in `[z-a]`, is no expression: it then matches itself alone. */
function expressionOf(source: string): RegExp | undefined {
  try {
    return new RegExp(`^${source}$`, 's');
  } catch {
    return undefined;
  }
}
