// Knows: where in a row's arguments the items stand that a command reads or writes.
// Must not know: any single command, replies.
import type { Element, Grammar, Role } from './grammar';
import { countOf } from './reader';

/** The items of a command: keys, or the fields of the first key. */
export interface Items {
  readonly areFields: boolean;
  /** Of the first item, behind the command's name. */
  readonly first: number;
  /** From one item to the next; undefined: there is one. */
  readonly step: number | undefined;
  /** Arguments behind the last. */
  readonly behind: number;
  /** The number of items stands before the first. */
  readonly isCounted: boolean;
  /** Nothing but values and options stands beside the items: what is read is the item, and not a part of it. */
  readonly areWhole: boolean;
}

const KEYS = { areFields: false, first: 0, behind: 0, isCounted: false, areWhole: true };

/** undefined: the row begins with something else. */
export function itemsOf(grammar: Grammar): Items | undefined {
  const [first, second] = grammar;
  if (first?.kind === 'repeat') return first.roles[0] === 'key' ? { ...KEYS, step: first.roles.length, behind: first.behind } : undefined;
  if (first?.kind === 'counted')
    return first.roles[0] === 'key' ? { ...KEYS, step: first.roles.length, first: 1, isCounted: true } : undefined;
  if (first?.kind !== 'one' || first.role !== 'key') return undefined;
  const step = second === undefined ? undefined : fieldStep(second);
  if (step !== undefined) return { ...KEYS, areFields: true, first: 1, step };
  return { ...KEYS, step: undefined, areWhole: grammar.slice(1).every(isBeside) };
}

/** One field is read as the first of any number: HSETNX has a value behind it, and no second field. */
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

/** Index behind the last argument that is an item or belongs to one. */
export function endOfItems(items: Items, args: readonly unknown[], from: number): number {
  if (items.step === undefined) return Math.min(from + items.first + 1, args.length);
  if (!items.isCounted) return args.length - items.behind;
  const count = countOf(args[from]);
  return count === undefined ? from : Math.min(args.length, from + 1 + count * items.step);
}
