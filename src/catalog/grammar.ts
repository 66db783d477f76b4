// Knows: the small language in which a row of the table says what each argument is, and how to read it.
// Must not know: any single command, or what the roles are used for.

/**
 * What one argument is. `word` and `number` are structure and may be shown; `key`, `field`, `name`,
 * `channel`, `pattern` and `path` identify and are shown through the key mask; the rest is never shown.
 */
export const ROLES = [
  'value', // never shown, and the answer for everything unknown
  'word', // a literal of the command's own syntax
  'number', // structure: a count, an index, a limit
  'key',
  'field',
  'name', // an index, a consumer group, a function: an identifier the developer chose
  'channel',
  'pattern',
  'path', // a JSON path
  'sha',
  'cursor',
  'stored', // the value a write stores: never shown, its size is
  'seconds',
  'ms',
  'unix', // a point in time, in seconds
  'unixms',
  'script',
  'secret',
] as const;

export type Role = (typeof ROLES)[number];

type Element =
  | { readonly kind: 'one'; readonly role: Role }
  | { readonly kind: 'literal'; readonly word: string }
  | { readonly kind: 'repeat'; readonly roles: readonly Role[] }
  | { readonly kind: 'counted'; readonly roles: readonly Role[] }
  | { readonly kind: 'halves'; readonly roles: readonly Role[] }
  | { readonly kind: 'options'; readonly options: ReadonlyMap<string, readonly Element[]> };

/** A compiled row: a list of elements, read from left to right. */
export type Grammar = readonly Element[];

/**
 * Compiles a row's argument string:
 *
 * - `key` one argument of that role · `STREAMS` (upper case) a literal word
 * - `key+` the rest, each of that role · `(field value)+` the rest, in groups
 * - `#key` a count, then that many · `#(field value)` a count, then that many groups
 * - `{key value}` the rest in two halves: all keys, then all values
 * - `[NX GET EX=seconds LIMIT=number,number]` options in any order and case, each with its arguments;
 *   `MAXLEN=~number` takes an optional `=` or `~` first, `KEYS=key+` takes the rest.
 *
 * An argument nothing speaks for is a `value`: the default is to hide.
 */
export function compile(source: string): Grammar {
  return (source.match(/\[[^\]]*\]|#?\([^)]*\)\+?|\{[^}]*\}|\S+/g) ?? []).map(compileElement);
}

function compileElement(source: string): Element {
  if (source.startsWith('[')) return { kind: 'options', options: compileOptions(source.slice(1, -1)) };
  if (source.startsWith('{')) return { kind: 'halves', roles: source.slice(1, -1).split(' ').map(roleOf) };
  if (source.startsWith('#')) return { kind: 'counted', roles: groupOf(source.slice(1)) };
  if (source.endsWith('+')) return { kind: 'repeat', roles: groupOf(source.slice(0, -1)) };
  if (source === source.toUpperCase()) return { kind: 'literal', word: source };
  return { kind: 'one', role: roleOf(source) };
}

function compileOptions(source: string): ReadonlyMap<string, readonly Element[]> {
  const options = new Map<string, readonly Element[]>();
  for (const option of source.split(' ').filter(Boolean)) {
    const at = option.indexOf('=', 1);
    if (at < 0) options.set(option, []);
    else options.set(option.slice(0, at), option.slice(at + 1).split(',').flatMap(compileOptionArgument));
  }
  return options;
}

const APPROXIMATION: Element = { kind: 'options', options: new Map([['=', []], ['~', []]]) };

function compileOptionArgument(source: string): Element[] {
  return source.startsWith('~') ? [APPROXIMATION, compileElement(source.slice(1))] : [compileElement(source)];
}

function groupOf(source: string): Role[] {
  return source.replace(/[()]/g, '').split(' ').map(roleOf);
}

function roleOf(source: string): Role {
  const role = ROLES.find((known) => known === source);
  if (role === undefined) throw new Error(`catalog: no role is called "${source}"`);
  return role;
}

/** Whether any argument of the row can have one of these roles. */
export function mentions(grammar: Grammar, wanted: readonly Role[]): boolean {
  return grammar.some((element) => {
    if (element.kind === 'one') return wanted.includes(element.role);
    if (element.kind === 'literal') return false;
    if (element.kind === 'options') return [...element.options.values()].some((own) => mentions(own, wanted));
    return element.roles.some((role) => wanted.includes(role));
  });
}

/**
 * Gives a role to each argument from `from` on, at most up to index `until` (exclusive), into `roles`
 * at the same index. Returns the index after the last argument that got one.
 */
export function assignRoles(
  grammar: Grammar,
  args: readonly unknown[],
  from: number,
  until: number,
  roles: Role[],
): number {
  const reader = new Reader(args, Math.min(until, args.length), roles, from);
  reader.read(grammar);
  return reader.finish();
}

class Reader {
  constructor(
    private readonly args: readonly unknown[],
    private readonly until: number,
    private readonly roles: Role[],
    private at: number,
  ) {}

  read(grammar: Grammar): void {
    for (const element of grammar) {
      if (this.at >= this.until) return;
      this.readElement(element);
    }
  }

  /** What the row did not speak for is hidden. */
  finish(): number {
    while (this.at < this.until) this.take('value');
    return this.at;
  }

  private readElement(element: Element): void {
    switch (element.kind) {
      case 'one':
        return this.take(element.role);
      case 'literal':
        return this.take(wordAt(this.args[this.at]) === element.word ? 'word' : 'value');
      case 'repeat':
        return this.readGroups(element.roles, Number.POSITIVE_INFINITY);
      case 'counted':
        return this.readCounted(element.roles);
      case 'halves':
        return this.readHalves(element.roles);
      case 'options':
        return this.readOptions(element.options);
    }
  }

  private readGroups(roles: readonly Role[], groups: number): void {
    for (let group = 0; group < groups && this.at < this.until; group++) {
      for (const role of roles) this.take(role);
    }
  }

  private readCounted(roles: readonly Role[]): void {
    const count = countOf(this.args[this.at]);
    this.take('number');
    if (count !== undefined) this.readGroups(roles, count);
  }

  private readHalves(roles: readonly Role[]): void {
    // Of the whole list, not of what is read: a cut must not move the middle.
    const half = Math.ceil((this.args.length - this.at) / roles.length);
    for (const role of roles) this.readGroups([role], half);
  }

  private readOptions(options: ReadonlyMap<string, readonly Element[]>): void {
    while (this.at < this.until) {
      const own = options.get(wordAt(this.args[this.at]));
      if (own === undefined) return;
      this.take('word');
      this.read(own);
    }
  }

  private take(role: Role): void {
    if (this.at < this.until) this.roles[this.at++] = role;
  }
}

/** Longer than any word of Redis' syntax: a value is not copied only to be compared. */
const MAX_WORD_LENGTH = 24;

function wordAt(arg: unknown): string {
  if (typeof arg === 'string') return arg.length > MAX_WORD_LENGTH ? '' : arg.toUpperCase();
  if (arg instanceof Uint8Array && arg.length <= MAX_WORD_LENGTH) return Buffer.from(arg).toString('latin1').toUpperCase();
  return '';
}

function countOf(arg: unknown): number | undefined {
  const text = arg instanceof Uint8Array && arg.length < 12 ? Buffer.from(arg).toString('latin1') : arg;
  const count = typeof text === 'string' && text !== '' ? Number(text) : text;
  return typeof count === 'number' && Number.isInteger(count) && count >= 0 ? count : undefined;
}
