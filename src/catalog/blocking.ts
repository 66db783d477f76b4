// Knows: which commands may wait for others: at the server, for as long as they were told.
// Must not know: clients, spans, metrics.
import type { Arguments } from '../core/events';
import { shortText } from './arguments';
import type { Role } from './grammar';
import type { Entry } from './lookup';
import { assignRoles } from './reader';

/** BLOCK stands ahead of the keys, behind six arguments at most. */
const MAX_READ = 16;

const roles: Role[] = [];

/** Whether how long the command takes is up to others: whoever pushes, adds or replicates. */
export function mayWait({ rule, from }: Entry, args: Arguments): boolean {
  if (rule?.blocks === undefined || rule.blocks === true) return rule?.blocks === true;
  const end = assignRoles(rule.grammar, args, from, from + MAX_READ, roles);
  for (let index = from; index < end; index++) {
    // A consumer group may have the same name.
    if (roles[index] === 'word' && shortText(args[index], 5)?.toUpperCase() === rule.blocks) return true;
  }
  return false;
}
