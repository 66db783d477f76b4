// Knows: the small language in which a row of the table says what each argument is, and how to read it.
// Must not know: any single command, or what the roles are used for.
import { shortText } from './arguments';

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
  'cursor', // of a scan, or an id in a stream
  'encoding', // u8, i16: of a bit field
  'stored', // the value a write stores: never shown, its size is
  'item', // one of several values a write stores
  'seconds',
  'ms',
  'unix', // a point in time, in seconds
  'unixms',
  'script',
  'secret',
] as const;

export type Role = (typeof ROLES)[number];

type Options = ReadonlyMap<string, Grammar>;

type Element =
  | { readonly kind: 'one'; readonly role: Role }
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
 * Compiles a row's argument string:
 *
 * - `key` one argument of that role · `AND|OR` (upper case) one of these words, and nothing is read
 *   behind any other
 * - `key+` the rest, each of that role; `key+ number` all but the last · `(field value)+` the rest, in groups
 * - `#key` a count, then that many · `#(field value)` a count, then that many groups
 * - `{key value}` the rest in two halves: all keys, then all values
 * - `[NX GET EX=seconds LIMIT=number,number]` options in any order and case, each with its arguments;
 *   `MAXLEN=~number` takes an optional `=` or `~` first, `KEYS=key+` takes the rest, and `BYSCORE!` says
 *   that the numbers read so far are values after all
 * - `id* [FORCE …]` and `[IDS=id* FORCE …]` all up to the next option
 *
 * An argument nothing speaks for is a `value`, and so is everything behind a surprise: the default is to hide.
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
  if (source === source.toUpperCase()) return { kind: 'word', words: new Set(source.split('|')) };
  return { kind: 'one', role: roleOf(source) };
}

function compileOptions(source: string): Options {
  const options = new Map<string, Grammar>();
  for (const option of source.match(/(?:\([^)]*\)|[^\s()])+/g) ?? []) {
    const at = option.indexOf('=', 1);
    if (option.endsWith('!')) options.set(option.slice(0, -1), [{ kind: 'retract' }]);
    else if (at < 0) options.set(option, []);
    else options.set(option.slice(0, at), option.slice(at + 1).split(',').flatMap((own) => compileOwn(own, options)));
  }
  return options;
}

const APPROXIMATION: Element = { kind: 'options', options: new Map([['=', []], ['~', []]]) };

/** `options` is still filled while this runs: an `until` inside an option ends at its siblings. */
function compileOwn(source: string, options: Options): Element[] {
  return source.startsWith('~') ? [APPROXIMATION, ...compileOwn(source.slice(1), options)] : [compileElement(source, 0, options)];
}

function rolesOf(source: string): Role[] {
  return source.replace(/[()]/g, '').split(' ').map(roleOf);
}

function roleOf(source: string): Role {
  // A word is shown as it is, so it must be one the row spells out.
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

/**
 * Gives a role to each argument from `from` on, at most up to index `until` (exclusive), into `roles`
 * at the same index. Returns the index after the last argument that got one.
 */
export function assignRoles(grammar: Grammar, args: readonly unknown[], from: number, until: number, roles: Role[]): number {
  const reader = new Reader(args, from, Math.min(until, args.length), roles);
  reader.read(grammar);
  return reader.finish();
}

/** Reads one argument list. A method that returns false met a surprise: nothing behind it is known. */
class Reader {
  private at: number;

  constructor(
    private readonly args: readonly unknown[],
    private readonly from: number,
    private readonly until: number,
    private readonly roles: Role[],
  ) {
    this.at = from;
  }

  read(grammar: Grammar): boolean {
    for (const element of grammar) {
      if (this.at >= this.until) return true;
      if (!this.readElement(element)) return false;
    }
    return true;
  }

  /** What the row did not speak for is hidden. */
  finish(): number {
    while (this.at < this.until) this.roles[this.at++] = 'value';
    return this.at;
  }

  private readElement(element: Element): boolean {
    switch (element.kind) {
      case 'one':
        return this.readOne(element.role);
      case 'word':
        return this.readWord(element.words);
      case 'repeat':
        return this.readGroups(element.roles, this.args.length - element.behind);
      case 'until':
        return this.readUntil(element.role, element.options);
      case 'counted':
        return this.readCounted(element.roles);
      case 'halves':
        return this.readHalves(element.roles);
      case 'options':
        return this.readOptions(element.options);
      case 'retract':
        return this.retract();
    }
  }

  private readOne(role: Role): boolean {
    // XADD without its id would take the values for fields: where an id should stand must be one.
    if (role === 'cursor' && !isCursor(this.args[this.at])) return false;
    this.take(role);
    return true;
  }

  private readWord(words: ReadonlySet<string>): boolean {
    if (!words.has(wordAt(this.args[this.at]))) return false;
    this.take('word');
    return true;
  }

  private readGroups(roles: readonly Role[], end: number): boolean {
    const last = Math.min(end, this.until);
    while (this.at < last) for (const role of roles) this.take(role);
    return true;
  }

  private readUntil(role: Role, options: Options): boolean {
    while (this.at < this.until && !options.has(wordAt(this.args[this.at]))) this.take(role);
    return true;
  }

  private readCounted(roles: readonly Role[]): boolean {
    const count = countOf(this.args[this.at]);
    // More keys than arguments: Redis refuses it, and what would be called a key may be a value.
    if (count === undefined || count * roles.length > this.args.length - this.at - 1) return false;
    this.take('number');
    return this.readGroups(roles, this.at + count * roles.length);
  }

  private readHalves(roles: readonly Role[]): boolean {
    // Of the whole list, not of what is read: a cut must not move the middle.
    const half = Math.ceil((this.args.length - this.at) / roles.length);
    for (const role of roles) {
      const end = Math.min(this.at + half, this.until);
      while (this.at < end) this.take(role);
    }
    return true;
  }

  private readOptions(options: Options): boolean {
    while (this.at < this.until) {
      const arg = this.args[this.at];
      // Most are upper case as they come.
      const own = options.get(arg as string) ?? options.get(wordAt(arg));
      if (own === undefined) return true;
      this.take('word');
      if (!this.readOwn(own)) return false;
    }
    return true;
  }

  /** Unlike `read`, also at the end of the list: `ZRANGE k 1 2 BYSCORE` retracts behind its last argument. */
  private readOwn(own: Grammar): boolean {
    for (const element of own) {
      if (element.kind === 'retract') this.retract();
      else if (this.at < this.until && !this.readElement(element)) return false;
    }
    return true;
  }

  private retract(): boolean {
    for (let index = this.from; index < this.at; index++) if (this.roles[index] === 'number') this.roles[index] = 'value';
    return true;
  }

  private take(role: Role): void {
    if (this.at < this.until) this.roles[this.at++] = role;
  }
}

/** Longer than any word of Redis' syntax. */
const MAX_WORD_LENGTH = 24;

function wordAt(arg: unknown): string {
  return typeof arg === 'number' ? '' : (shortText(arg, MAX_WORD_LENGTH)?.toUpperCase() ?? '');
}

const COUNT = /^\d{1,10}$/;

function countOf(arg: unknown): number | undefined {
  const text = shortText(arg, 10);
  if (text === '*') return 0; // `LOAD *` of FT.AGGREGATE: all, and none is named
  return text !== undefined && COUNT.test(text) ? Number(text) : undefined;
}

const CURSOR = /^(?:\(?\d{1,20}(?:-(?:\d{1,20}|\*))?|[$*>+-])$/;

/** A cursor of SCAN, or a stream's id: `0`, `1-0`, `(1-0`, `*`, `$`, `>`. */
export function isCursor(arg: unknown): boolean {
  const text = shortText(arg, 48);
  return text !== undefined && CURSOR.test(text);
}
