// Knows: where the items that a command reads or writes are in the arguments of a row.
// Must not know: any single command, replies.
import type { Element, Grammar, Role } from './grammar';
import { countOf } from './reader';

/** The items of a command: keys, or the fields of its first key. */
export interface Items {
  readonly areFields: boolean;
  /** The index of the first item, counted from the argument behind the command's name. */
  readonly first: number;
  /** The distance from one item to the next; undefined: there is only one. */
  readonly step: number | undefined;
  /** The number of arguments after the last item. */
  readonly behind: number;
  /** The number of items is an argument before the first item. */
  readonly isCounted: boolean;
  /** Apart from items there are only values and options, so the command reads whole items and not parts of them. */
  readonly areWhole: boolean;
}

const KEYS = { areFields: false, first: 0, behind: 0, isCounted: false, areWhole: true };

/** undefined: the row begins with something else. */
export function itemsOf(grammar: Grammar): Items | undefined {
  const [first, second] = grammar;
  if (first?.kind === 'repeat')
    return first.roles[0] === 'key' ? { ...KEYS, step: first.roles.length, behind: first.behind } : undefined;
  if (first?.kind === 'counted')
    return first.roles[0] === 'key' ? { ...KEYS, step: first.roles.length, first: 1, isCounted: true } : undefined;
  if (first?.kind !== 'one' || first.role !== 'key') return undefined;
  const step = second === undefined ? undefined : fieldStep(second);
  if (step !== undefined) return { ...KEYS, areFields: true, first: 1, step };
  return { ...KEYS, step: undefined, areWhole: grammar.slice(1).every(isBeside) };
}

/** One field counts as the first of any number. HSETNX has a value and no second field. */
function fieldStep(element: Element): number | undefined {
  if (element.kind === 'one' && element.role === 'field') return 2;
  return element.kind === 'repeat' && element.roles[0] === 'field' ? element.roles.length : undefined;
}

const BESIDE: readonly Role[] = ['stored', 'item', 'path', 'seconds', 'ms', 'unix', 'unixms'];

function isBeside(element: Element): boolean {
  if (element.kind === 'options') return true;
  const roles = 'roles' in element ? element.roles : 'role' in element ? [element.role] : [];
  return roles.length > 0 && roles.every((role) => BESIDE.includes(role));
}

/** Returns the index after the last argument that belongs to an item. */
export function endOfItems(items: Items, args: readonly unknown[], from: number): number {
  if (items.step === undefined) return Math.min(from + items.first + 1, args.length);
  if (!items.isCounted) return args.length - items.behind;
  const count = countOf(args[from]);
  return count === undefined ? from : Math.min(args.length, from + 1 + count * items.step);
}
