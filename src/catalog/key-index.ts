// Knows: where in the arguments of a command its keys stand.
// Must not know: how keys are shown, what is done with them.
import type { Arguments } from '../core/events';
import type { Role } from './grammar';
import type { Entry } from './lookup';
import { assignRoles } from './reader';

/** The first key stands behind a script and a count at most, or behind the options of XREADGROUP. */
const MAX_READ = 16;

const roles: Role[] = [];

/** Index of the first key; -1: the command has none, or is not known. */
export function keyIndexOf({ rule, from }: Entry, args: Arguments): number {
  if (rule === undefined || args.length <= from) return -1;
  if (rule.startsWithKey) return from;
  const end = assignRoles(rule.grammar, args, from, from + MAX_READ, roles);
  for (let index = from; index < end; index++) if (roles[index] === 'key') return index;
  return -1;
}

/** The first keys of a command, at most those among so many arguments. */
export function keysOf({ rule, from }: Entry, args: Arguments, maxArguments: number): unknown[] {
  if (rule === undefined) return [];
  if (rule.takesOneKey && args.length === from + 1) return [args[from]];
  const end = assignRoles(rule.grammar, args, from, from + maxArguments, roles);
  return args.slice(from, end).filter((_, index) => roles[from + index] === 'key');
}
