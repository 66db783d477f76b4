// Knows: which commands change the database of a connection, and when: as their replies come, in order.
// Must not know: which version called, spans.
import type { Arguments, ClientRef } from '../../../core/events';
import type { Observer } from '../../shared/observe';
import { selectDatabase } from '../../shared/servers';

/** The first database of every connection, also after RESET. */
const FIRST = '0';

/** Whether the command may change the database of its connection. Called for every command. */
export function isSelecting(args: Arguments): boolean {
  const given = args[0];
  if (typeof given !== 'string')
    return Buffer.isBuffer(given) && given.length <= 6 && isSelecting([given.toString('latin1')]);
  const name: string = given;
  if (name.length === 6) return name === 'SELECT' || (isLetter(name, 's') && name.toUpperCase() === 'SELECT');
  return name.length === 5 && isLetter(name, 'r') && name.toUpperCase() === 'RESET';
}

function isLetter(name: string, letter: 's' | 'r'): boolean {
  return name.startsWith(letter) || name.startsWith(letter === 's' ? 'S' : 'R');
}

/** The effect of a command for which `isSelecting` is true, once it succeeds. A refused command changes nothing. */
export function selecting(ref: ClientRef, args: Arguments): Observer {
  return { succeed: () => selected(ref, args), fail: () => {} };
}

/** Handles the success of such a command. */
export function selected(ref: ClientRef, [name, database]: Arguments): void {
  if (String(name).length === FIRST_AGAIN.length) beginAnew(ref);
  else selectDatabase(ref, Buffer.isBuffer(database) ? database.toString() : database);
}

const FIRST_AGAIN = 'RESET';

/** A new connection does not keep the database of the last one. */
export function beginAnew(ref: ClientRef): void {
  selectDatabase(ref, FIRST);
}
