// Knows: how a command is written as text without its values.
// Must not know: spans, replies, clients.
import type { Arguments } from '../core/events';
import { shortText } from './arguments';
import type { Role } from './grammar';
import { HIDDEN, type KeyMask } from './keys';
import type { Entry } from './lookup';
import { assignRoles, isCursor } from './reader';

/** Marks the place where the text was cut. */
const CUT = '…';

/**
 * The number of arguments that are read even for a short text, so that an option at the end of a fixed list is found.
 */
const MIN_READ = 32;

/** The roles of the last command. One buffer is enough: a text is built without an await. */
const roles: Role[] = [];

/**
 * Returns the text of a command: its name and its arguments, each shown as its role allows. Of an unknown command
 * only the name is shown. The text has at most `maxLength` characters and is cut at an argument. The work depends on
 * the length of the text, not on the length of the command.
 */
export function queryText(entry: Entry, args: Arguments, mask: KeyMask, maxLength: number): string {
  const { operation, rule, from } = entry;
  if (rule === undefined || from >= args.length) return cutName(operation, maxLength);
  if (operation.length > maxLength - 2) return cutName(operation, maxLength);
  // Most commands have one key and nothing else; the grammar is not needed for them.
  if (rule.takesOneKey && args.length === from + 1) {
    const text = `${operation} ${mask(args[from]) || '""'}`;
    return text.length > maxLength ? `${operation} ${CUT}` : text;
  }
  // Every argument takes two characters or more, so no argument after this index can be part of the text.
  const end = assignRoles(rule.grammar, args, from, from + Math.max(MIN_READ, maxLength >> 1), roles);
  let length = operation.length;
  let text = operation;
  let isCut = end < args.length;
  words.length = 0;
  for (let index = from; index < end; index++) {
    const shown = showArgument(args[index], roles[index] as Role, mask);
    // Leaves room for the mark of a cut, unless this is the last argument.
    const room = index === args.length - 1 ? maxLength : maxLength - 2;
    length += 1 + shown.length;
    if (length > room) {
      isCut = true;
      break;
    }
    if (end - from > FEW) words.push(shown);
    else text += ` ${shown}`;
  }
  if (words.length > 0) text += ` ${words.join(' ')}`;
  return isCut ? `${text} ${CUT}` : text;
}

/**
 * More are joined at once: a text to which they are added one by one keeps each of them as long as its span, and to
 * move thousands of them through the heap costs more than all the rest.
 */
const FEW = 8;
const words: string[] = [];

function cutName(name: string, maxLength: number): string {
  return name.length > maxLength ? name.slice(0, maxLength - 1) + CUT : name;
}

/** Joins several commands to one text, as the semantic conventions say. */
export function batchText(
  commands: readonly Arguments[],
  lookup: (args: Arguments) => Entry,
  mask: KeyMask,
  maxLength: number,
): string {
  const texts: string[] = [];
  let room = maxLength;
  for (let index = 0; index < commands.length; index++) {
    const args = commands[index] as Arguments;
    // `; …` must still fit after every command but the last.
    const left = index === commands.length - 1 ? room : room - 3;
    if (left < 8) {
      texts.push(CUT);
      break;
    }
    const text = queryText(lookup(args), args, mask, left);
    texts.push(text);
    room -= text.length + SEPARATOR.length;
  }
  return texts.join(SEPARATOR);
}

/** Between the commands of a batch. */
const SEPARATOR = '; ';

const PROCEDURE = /^[\w.-]{1,64}$/;
/** BullMQ defines `moveToFinished:5.81.5`. The version is removed: it would give another name with every release. */
const DEFINED = /^([\w.-]{1,64})(?::\d{1,9}(?:\.[\w-]{1,20}){0,4})?$/;

/**
 * Returns the sha or the function that a command calls; the function is shown as in the text. Anything else in place
 * of a sha, for example a script's body, gives undefined.
 *
 * @param known the application's name of the script
 */
export function procedureName(
  { rule, from }: Entry,
  args: Arguments,
  mask: KeyMask,
  known?: string,
): string | undefined {
  if (!rule?.procedure) return undefined;
  const called = known === undefined ? undefined : DEFINED.exec(known)?.[1];
  if (called !== undefined) return called;
  const [first] = rule.grammar;
  const name = args[from];
  if (typeof name !== 'string') return undefined;
  if (first?.kind === 'one' && first.role === 'sha') return SHA.test(name) ? name : undefined;
  const shown = PROCEDURE.test(name) ? mask(name) : HIDDEN;
  return shown === HIDDEN ? undefined : shown;
}

const NUMBER = /^(?:[+-]?(?:\d{1,20}(?:\.\d{1,20})?|inf)|#\d{1,20}|\*)$/i;
const SHA = /^[0-9a-f]{40}$/i;
const ENCODING = /^[iu]\d{1,2}$/i;

/** Structure is shown only if it looks like structure: a value in a wrong place is hidden. */
function showArgument(arg: unknown, role: Role, mask: KeyMask): string {
  switch (role) {
    case 'key':
    case 'field':
    case 'name':
    case 'channel':
    case 'pattern':
      return mask(arg) || '""';
    case 'word':
      return shortText(arg, 32) ?? HIDDEN; // it was compared with the words of the row already
    case 'number':
      return showIf(NUMBER, arg, 48);
    case 'cursor':
    case 'id':
      return isCursor(arg) ? (shortText(arg, 48) as string) : HIDDEN;
    case 'encoding':
      return showIf(ENCODING, arg, 3);
    case 'sha':
      return showIf(SHA, arg, 40);
    case 'path':
      return showPath(arg, mask);
    default:
      return HIDDEN;
  }
}

function showIf(shape: RegExp, arg: unknown, maxLength: number): string {
  const text = shortText(arg, maxLength);
  return text !== undefined && shape.test(text) ? text : HIDDEN;
}

/** Names and indexes only: a filter expression (`$[?(@.email=="a@b.c")]`) is a value. */
const PATH = /^[$.]?[\w.[\]*$-]*$/;

function showPath(arg: unknown, mask: KeyMask): string {
  const text = shortText(arg, 128);
  if (text === '$' || text === '.') return text;
  return text !== undefined && PATH.test(text) ? mask(text) || '""' : HIDDEN;
}
