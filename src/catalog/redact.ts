// Knows: how a command is written down without its values.
// Must not know: spans, replies, clients.
import type { Arguments } from '../core/events';
import { assignRoles, type Role } from './grammar';
import { HIDDEN, type KeyMask } from './keys';
import type { Entry } from './lookup';

/** Stands where the text was cut. */
const CUT = '…';

/** Roles of the last command read. One buffer is enough: text is built in one go, never across an await. */
const roles: Role[] = [];

/**
 * The text of a command: its name and its arguments, each shown as its role allows. Unknown commands
 * show their name only. At most `maxLength` characters, cut at an argument; the work is bounded by
 * what is kept, not by what was sent.
 */
export function queryText(entry: Entry, args: Arguments, mask: KeyMask, maxLength: number): string {
  if (entry.rule === undefined) return entry.operation;
  // Every argument takes two characters or more, so none behind this index can be kept.
  const until = entry.from + Math.ceil(maxLength / 2);
  const end = assignRoles(entry.rule.grammar, args, entry.from, until, roles);
  let text = entry.operation;
  for (let index = entry.from; index < end; index++) {
    const shown = showArgument(args[index], roles[index] as Role, mask);
    if (text.length + 1 + shown.length > maxLength - 2) return `${text} ${CUT}`;
    text += ` ${shown}`;
  }
  return end < args.length ? `${text} ${CUT}` : text;
}

/** Several commands as one text, joined as the conventions ask. */
export function batchText(
  commands: readonly Arguments[],
  lookup: (args: Arguments) => Entry,
  mask: KeyMask,
  maxLength: number,
): string {
  let text = '';
  for (const args of commands) {
    const separator = text === '' ? '' : '; ';
    const left = maxLength - text.length - separator.length;
    if (left < 8) return `${text}${separator}${CUT}`.slice(0, maxLength);
    text += separator + queryText(lookup(args), args, mask, left);
  }
  return text;
}

const WORD = /^[\w.=~-]{1,32}$/;
const NUMBER = /^[+-]?(?:\d{1,20}(?:\.\d{1,20})?|inf)$/i;
const SHA = /^[0-9a-f]{40}$/i;
const CURSOR = /^(?:\d{1,20}(?:-(?:\d{1,20}|\*))?|[$*>+-])$/;
const PATH = /^[$.]?[\w.[\]*$-]{0,128}$/;

function showArgument(arg: unknown, role: Role, mask: KeyMask): string {
  switch (role) {
    case 'key':
    case 'field':
    case 'name':
    case 'channel':
    case 'pattern':
      return mask(arg);
    case 'word':
      return showIf(WORD, arg);
    case 'number':
      return showIf(NUMBER, arg);
    case 'cursor':
      return showIf(CURSOR, arg);
    case 'sha':
      return showIf(SHA, arg);
    case 'path':
      return showIf(PATH, arg);
    default:
      return HIDDEN;
  }
}

/** Structure is shown only when it looks like structure: a value in the wrong place stays hidden. */
function showIf(shape: RegExp, arg: unknown): string {
  const text = typeof arg === 'number' ? String(arg) : arg instanceof Uint8Array && arg.length <= 128 ? Buffer.from(arg).toString('latin1') : arg;
  return typeof text === 'string' && shape.test(text) ? text : HIDDEN;
}
