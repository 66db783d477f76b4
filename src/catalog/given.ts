// Knows: how a key is one of a template that the application gave: `user:{}:cart`.
// Must not know: options, what is learnt.

const PLACE = '{}';
/** A place does not reach across what parts the template in the first place. */
const SEPARATORS = [':', '/', '|', '#'];

/** Whether a text can be a template. */
export function isTemplate(text: string): boolean {
  return text.includes(PLACE);
}

/**
 * The first of the templates that a key is one of; undefined: none. `{}` stands for one character or more, but for the
 * separator of the template: of `:`, `/`, `|` and `#` those that are in it.
 */
export function templatesMatcher(templates: readonly string[]): (key: string) => string | undefined {
  const matchers = templates.map((template) => {
    const literals = template.split(PLACE);
    const separators = SEPARATORS.filter((separator) => literals.some((literal) => literal.includes(separator)));
    return (key: string) => matches(key, literals, separators);
  });
  return (key) => templates[matchers.findIndex((isOne) => isOne(key))];
}

/** From left to right, without going back: what a place may not hold ends it soon enough. */
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
  return true;
}

function isBetween(key: string, separator: string, from: number, to: number): boolean {
  const index = key.indexOf(separator, from);
  return index >= 0 && index < to;
}
