// Knows: which commands may wait at the server for other clients, for as long as their arguments say.
// Must not know: clients, spans, metrics.
import type { Arguments } from '../core/events';
import { shortText } from './arguments';
import type { Role } from './grammar';
import type { Entry } from './lookup';
import { assignRoles } from './reader';

/** BLOCK comes before the keys, after six arguments at most. */
const MAX_READ = 16;

const roles: Role[] = [];

/** Whether the duration of the command depends on other clients, which push, add or replicate. */
export function mayWait({ rule, from }: Entry, args: Arguments): boolean {
  if (rule?.blocks === undefined || rule.blocks === true) return rule?.blocks === true;
  const end = assignRoles(rule.grammar, args, from, from + MAX_READ, roles);
  for (let index = from; index < end; index++) {
    // A consumer group may be named BLOCK.
    if (roles[index] === 'word' && shortText(args[index], 5)?.toUpperCase() === rule.blocks) return true;
  }
  return false;
}
