// Knows: the language in which a row of the table gives each argument a role.
// Must not know: any single command, how arguments are read (reader.ts).

/**
 * The role of one argument. `word` and `number` are structure and may be shown. `key`, `field`, `name`, `channel`,
 * `pattern` and `path` are identifiers and are shown through the key mask. All others are never shown.
 */
const ROLES = [
  'value', // never shown; the default for everything unknown
  'word', // a literal of the command's own syntax
  'number', // structure: a count, an index, a limit
  'key',
  'field',
  'name', // an index, a consumer group, a function: an identifier the developer chose
  'channel',
  'pattern',
  'path', // a JSON path
  'sha',
  'cursor', // where a scan, or a read of a stream, goes on
  'id', // of an entry in a stream
  'encoding', // for example u8, i16: of a bit field
  'stored', // the value that a write stores: never shown, only its size is
  'item', // one of several values that a write stores
  'seconds',
  'ms',
  'unix', // a point in time, in seconds
  'unixms',
  'script',
  'secret',
] as const;

export type Role = (typeof ROLES)[number];

/** A key that exists after the command: `surely`, or unless the reply is 0 or null. */
export type Makes = 'surely' | 'unlessNone';

export type Options = ReadonlyMap<string, Grammar>;

export type Element =
  | { readonly kind: 'one'; readonly role: Role; readonly makes?: Makes }
  | { readonly kind: 'word'; readonly words: ReadonlySet<string> }
  | { readonly kind: 'repeat'; readonly roles: readonly Role[]; readonly behind: number }
  | { readonly kind: 'until'; readonly role: Role; readonly options: Options }
  | { readonly kind: 'counted'; readonly roles: readonly Role[] }
  | { readonly kind: 'halves'; readonly roles: readonly Role[] }
  | { readonly kind: 'options'; readonly options: Options }
  | { readonly kind: 'retract' };

/** A compiled row: a list of elements, read from left to right. */
export type Grammar = readonly Element[];

/**
 * Compiles the argument string of a row:
 *
 * - `key`: one argument of that role; `key!` exists afterwards, `key?` exists unless the reply is 0 · `AND|OR` (upper
 *   case): one of these words; after any other word nothing is read
 * - `key+`: the rest, each of that role; `key+ number`: all but the last · `(field value)+`: the rest, in groups
 * - `#key`: a count, then that many · `#(field value)`: a count, then that many groups
 * - `{key value}`: the rest in two halves: all keys, then all values
 * - `[NX GET EX=seconds LIMIT=number,number]`: options in any order and case, each with its arguments;
 *   `MAXLEN=~number` takes an optional `=` or `~` first, `KEYS=key+` takes the rest, and `BYSCORE!` says that the
 *   numbers read so far are values
 * - `id* [FORCE …]` and `[IDS=id* FORCE …]`: all arguments up to the next option
 *
 * An argument without a role is a `value`, and so is everything after an unexpected argument: the default is to hide.
 */
export function compile(source: string): Grammar {
  const parts = source.match(/\[[^\]]*\]|#?\([^)]*\)\+?|\{[^}]*\}|\S+/g) ?? [];
  const options = compileOptions(parts.find((part) => part.startsWith('['))?.slice(1, -1) ?? '');
  return parts.map((part, index) => compileElement(part, parts.length - 1 - index, options));
}

function compileElement(source: string, behind: number, options: Options): Element {
  if (source.startsWith('[')) return { kind: 'options', options: compileOptions(source.slice(1, -1)) };
  if (source.startsWith('{')) return { kind: 'halves', roles: rolesOf(source.slice(1, -1)) };
  if (source.startsWith('#')) return { kind: 'counted', roles: rolesOf(source.slice(1)) };
  if (source.endsWith('+')) return { kind: 'repeat', roles: rolesOf(source.slice(0, -1)), behind };
  if (source.endsWith('*')) return { kind: 'until', role: roleOf(source.slice(0, -1)), options };
  if (source === 'key!') return { kind: 'one', role: 'key', makes: 'surely' };
  if (source === 'key?') return { kind: 'one', role: 'key', makes: 'unlessNone' };
  if (source === source.toUpperCase()) return { kind: 'word', words: new Set(source.split('|')) };
  return { kind: 'one', role: roleOf(source) };
}

function compileOptions(source: string): Options {
  const options = new Map<string, Grammar>();
  for (const option of source.match(/(?:\([^)]*\)|[^\s()])+/g) ?? []) {
    const at = option.indexOf('=', 1);
    if (option.endsWith('!')) options.set(option.slice(0, -1), [{ kind: 'retract' }]);
    else if (at < 0) options.set(option, []);
    else
      options.set(
        option.slice(0, at),
        option
          .slice(at + 1)
          .split(',')
          .flatMap((own) => compileOwn(own, options)),
      );
  }
  return options;
}

const APPROXIMATION: Element = {
  kind: 'options',
  options: new Map([
    ['=', []],
    ['~', []],
  ]),
};

/** `options` is still being filled here: an `until` inside an option ends at the other options of its list. */
function compileOwn(source: string, options: Options): Element[] {
  return source.startsWith('~')
    ? [APPROXIMATION, ...compileOwn(source.slice(1), options)]
    : [compileElement(source, 0, options)];
}

function rolesOf(source: string): Role[] {
  return source.replace(/[()]/g, '').split(' ').map(roleOf);
}

function roleOf(source: string): Role {
  // A word is shown as it is, so the row must spell it out.
  const role = source === 'word' ? undefined : ROLES.find((known) => known === source);
  if (role === undefined) throw new Error(`catalog: no role is called "${source}"`);
  return role;
}

/** Whether any argument of the row can have one of these roles. */
export function mentions(grammar: Grammar, wanted: readonly Role[]): boolean {
  return grammar.some((element) => {
    if ('role' in element) return wanted.includes(element.role);
    if ('roles' in element) return element.roles.some((role) => wanted.includes(role));
    if (element.kind === 'options') return [...element.options.values()].some((own) => mentions(own, wanted));
    return false;
  });
}
