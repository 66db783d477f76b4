// Knows: where the keys are in the arguments of a command.
// Must not know: how keys are shown, what is done with them.
import type { Arguments } from '../core/events';
import type { Role } from './grammar';
import type { Entry } from './lookup';
import { assignRoles } from './reader';

/** The first key comes after a script and a count, or after the options of XREADGROUP, at the latest. */
const MAX_READ = 16;

const roles: Role[] = [];

/** Returns the index of the first key; -1: the command has none, or is unknown. */
export function keyIndexOf({ rule, from }: Entry, args: Arguments): number {
  if (rule === undefined || args.length <= from) return -1;
  if (rule.startsWithKey) return from;
  const end = assignRoles(rule.grammar, args, from, from + MAX_READ, roles);
  for (let index = from; index < end; index++) if (roles[index] === 'key') return index;
  return -1;
}

/** Returns the first keys of a command, from the given number of arguments at most. */
export function keysOf({ rule, from }: Entry, args: Arguments, maxArguments: number): unknown[] {
  if (rule === undefined) return [];
  if (rule.takesOneKey && args.length === from + 1) return [args[from]];
  const end = assignRoles(rule.grammar, args, from, from + maxArguments, roles);
  return args.slice(from, end).filter((_, index) => roles[from + index] === 'key');
}
