// Knows: which commands take a connection to another database, and when: as their replies come, in order.
// Must not know: which version called, spans.
import type { Arguments, ClientRef } from '../../../core/events';
import { selectDatabase } from '../server-info';
import type { Ending } from './entries';

/** Where every connection begins, and RESET leads back to. */
const FIRST = '0';

/** Whether the command may change the database of its connection. Asked for every command. */
export function isSelecting([given]: Arguments): boolean {
  const name = Buffer.isBuffer(given) ? given.toString('latin1') : given;
  if (typeof name !== 'string') return false;
  if (name.length === 6) return name === 'SELECT' || (isLetter(name, 's') && name.toUpperCase() === 'SELECT');
  return name.length === 5 && isLetter(name, 'r') && name.toUpperCase() === 'RESET';
}

function isLetter(name: string, letter: 's' | 'r'): boolean {
  return name.startsWith(letter) || name.startsWith(letter === 's' ? 'S' : 'R');
}

/** What a command that `isSelecting` does once it succeeds. What Redis refuses changes nothing. */
export function selecting(ref: ClientRef, args: Arguments): Ending {
  return { succeed: () => selected(ref, args), fail: () => {} };
}

/** Such a command has succeeded. */
export function selected(ref: ClientRef, [name, database]: Arguments): void {
  if (String(name).length === FIRST_AGAIN.length) beginAnew(ref);
  else selectDatabase(ref, Buffer.isBuffer(database) ? database.toString() : database);
}

const FIRST_AGAIN = 'RESET';

/** A new connection, whatever database the last one had. */
export function beginAnew(ref: ClientRef): void {
  selectDatabase(ref, FIRST);
}
