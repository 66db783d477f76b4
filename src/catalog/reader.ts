// Knows: how the arguments of one command are read by the grammar of its row.
// Must not know: any single command, or what the roles are used for.
import { shortText } from './arguments';
import type { Element, Grammar, Options, Role } from './grammar';

/**
 * Writes the role of each argument from `from` up to `until` (exclusive) into `roles` at the same index. Returns the
 * index after the last argument with a role.
 */
export function assignRoles(
  grammar: Grammar,
  args: readonly unknown[],
  from: number,
  until: number,
  roles: Role[],
): number {
  const reader = new Reader(args, from, Math.min(until, args.length), roles);
  reader.read(grammar);
  return reader.finish();
}

/** Reads one argument list. A method returns false at an unexpected argument: nothing after it is known. */
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

  /** Arguments without a role are hidden. */
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
    // In XADD without its id, values would be taken for fields. So the argument in place of the id must be one.
    if ((role === 'cursor' || role === 'id') && !isCursor(this.args[this.at])) return false;
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
    // There are more keys than arguments. Redis refuses the command, and an argument in place of a key may be a
    // value.
    if (count === undefined || count * roles.length > this.args.length - this.at - 1) return false;
    this.take('number');
    return this.readGroups(roles, this.at + count * roles.length);
  }

  private readHalves(roles: readonly Role[]): boolean {
    // Half of the whole list, not of the part that is read: a limit must not move the middle.
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
      // Most options are in upper case already.
      const own = options.get(arg as string) ?? options.get(wordAt(arg));
      if (own === undefined) return true;
      this.take('word');
      if (!this.readOwn(own)) return false;
    }
    return true;
  }

  /**
   * Unlike `read`, this also runs at the end of the list: `ZRANGE k 1 2 BYSCORE` changes roles after its last
   * argument.
   */
  private readOwn(own: Grammar): boolean {
    for (const element of own) {
      if (element.kind === 'retract') this.retract();
      else if (this.at < this.until && !this.readElement(element)) return false;
    }
    return true;
  }

  private retract(): boolean {
    for (let index = this.from; index < this.at; index++)
      if (this.roles[index] === 'number') this.roles[index] = 'value';
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

export function countOf(arg: unknown): number | undefined {
  const text = shortText(arg, 10);
  if (text === '*') return 0; // `LOAD *` of FT.AGGREGATE: all fields, none is named
  return text !== undefined && COUNT.test(text) ? Number(text) : undefined;
}

const CURSOR = /^(?:\(?\d{1,20}(?:-(?:\d{1,20}|\*))?|[$*>+-])$/;

/** Whether the argument is a cursor of SCAN, or an id of a stream: `0`, `1-0`, `(1-0`, `*`, `$`, `>`. */
export function isCursor(arg: unknown): boolean {
  const text = shortText(arg, 48);
  return text !== undefined && CURSOR.test(text);
}
