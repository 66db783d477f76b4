// Knows: how a key is matched with a template of the application: `user:{}:cart`.
// Must not know: options, learnt families.

const PLACE = '{}';
/** A place does not match a separator that the template contains. */
const SEPARATORS = [':', '/', '|', '#'];

/** Whether a template stands for more than one key. */
export function hasPlace(template: string): boolean {
  return template.includes(PLACE);
}

/**
 * Returns a function that finds the first template that matches a key; undefined: none matches. `{}` stands for one
 * character or more, except the separators that the template contains (of `:`, `/`, `|` and `#`). A template without it
 * stands for itself.
 */
export function templatesMatcher(templates: readonly string[]): (key: string) => string | undefined {
  const matchers = templates.map((template) => {
    const literals = template.split(PLACE);
    const separators = SEPARATORS.filter((separator) => literals.some((literal) => literal.includes(separator)));
    return (key: string) => matches(key, literals, separators);
  });
  return (key) => templates[matchers.findIndex((isOne) => isOne(key))];
}

/** Matches from left to right without backtracking: a place ends at the first separator. */
function matches(key: string, literals: readonly string[], separators: readonly string[]): boolean {
  const [first = ''] = literals;
  if (!key.startsWith(first)) return false;
  let at = first.length;
  for (let index = 1; index < literals.length; index++) {
    const literal = literals[index] as string;
    const isLast = index === literals.length - 1;
    const next = isLast ? key.length - literal.length : key.indexOf(literal, at + 1);
    if (next <= at || (isLast && !key.endsWith(literal))) return false;
    if (separators.some((separator) => isBetween(key, separator, at, next))) return false;
    at = next + literal.length;
  }
  return at === key.length;
}

function isBetween(key: string, separator: string, from: number, to: number): boolean {
  const index = key.indexOf(separator, from);
  return index >= 0 && index < to;
}
