// Knows: how to find the row of a command by the words that the application sent. Default: deny.
// Must not know: clients, spans, metrics.
import type { Arguments } from '../core/events';
import { shortText } from './arguments';
import { COMMANDS, type CommandRow } from './commands';
import { compile, type Grammar, type Makes, mentions } from './grammar';
import { type Items, itemsOf } from './items';

/** A row, prepared for use. */
export interface CommandRule extends CommandRow {
  readonly grammar: Grammar;
  /** The first argument is a key. This is so for most commands, and saves reading the grammar. */
  readonly startsWithKey: boolean;
  /** The only argument is a key. */
  readonly takesOneKey: boolean;
  /** Some argument may be a time to live or a stored value. */
  readonly writes: boolean;
  /** Where the items are that the command reads or writes: keys, or fields of one key. */
  readonly items: Items | undefined;
  /** Some argument is a stored value. */
  readonly stores: boolean;
  /** The command stores nothing, but changes or removes the expiry of its key. */
  readonly prolongs: boolean;
  /**
   * Keys that exist after the command, whether or not they existed before. Keys whose value is an argument are not
   * included.
   */
  readonly made: readonly Made[];
  /** The command changes neither values nor times to live. */
  readonly onlyReads: boolean;
  /** Several calls can be sent at once: none waits, goes on where another ended, or runs a script. */
  readonly isIndependent: boolean;
}

/** Where a key is that exists after the command. */
export interface Made {
  /** The index of the key behind the command's name. */
  readonly at: number;
  /** The key follows this option instead. */
  readonly option: string | undefined;
  readonly how: Makes;
}

/** What the table says about one command. */
export interface Entry {
  /** `db.operation.name`: as the application spelled it, with both words of a container command. */
  readonly operation: string;
  /** The same in upper case, for comparisons. */
  readonly canonical: string;
  /** undefined: the command is unknown, and only its name is shown. */
  readonly rule: CommandRule | undefined;
  /** The index of the first argument after the name. */
  readonly from: number;
  /** The table knows it, and it is spelled in capitals or in small letters throughout: of these names there are few. */
  readonly isUsual: boolean;
}

/** The number of remembered spellings: far more than the table has, and a limit for unusual ones. */
const MAX_REMEMBERED = 2_000;
let rememberedCount = 0;
/** By the first word; for a container command by the second word in a nested map. */
const remembered = new Map<string, Entry | Map<string, Entry>>();
const rules = new Map<string, CommandRule>();
const containers = new Set(
  Object.keys(COMMANDS)
    .filter((name) => name.includes(' '))
    .map((name) => name.slice(0, name.indexOf(' '))),
);

/**
 * The last result. Several parts of this package ask for the same command, and the commands of a batch are often
 * alike.
 */
let lastName: unknown;
let lastEntry: Entry | undefined;

/** Looks up a command. Never throws; an unknown or malformed name gives an entry without a rule. */
export function lookup(args: Arguments): Entry {
  const name = args[0];
  if (name === lastName && lastEntry !== undefined) return lastEntry;
  const known = typeof name === 'string' ? remembered.get(name) : undefined;
  if (known === undefined) return lookupSlowly(args);
  if (!(known instanceof Map)) {
    lastName = name;
    lastEntry = known;
    return known;
  }
  const word = args[1];
  return (typeof word === 'string' ? known.get(word) : undefined) ?? lookupSlowly(args);
}

function lookupSlowly(args: Arguments): Entry {
  const name = nameOf(args[0]);
  if (name === undefined) return UNNAMED;
  const canonical = name.toUpperCase();
  if (!containers.has(canonical)) return lookupSingle(name, canonical);
  const word = nameOf(args[1]);
  const both = word === undefined ? '' : `${canonical} ${word.toUpperCase()}`;
  if (word === undefined || !Object.hasOwn(COMMANDS, both)) return entryOf(name, canonical, 1);
  const words = wordsBehind(name);
  return words.get(word) ?? remember(words, word, entryOf(`${name} ${word}`, both, 2));
}

function lookupSingle(name: string, canonical: string): Entry {
  const known = remembered.get(name);
  return known !== undefined && !(known instanceof Map)
    ? known
    : remember(remembered, name, entryOf(name, canonical, 1));
}

function entryOf(operation: string, canonical: string, from: number): Entry {
  const rule = ruleOf(canonical);
  const isUsual = rule !== undefined && (operation === canonical || operation === canonical.toLowerCase());
  return { operation, canonical, rule, from, isUsual };
}

function remember(memory: { set(spelling: string, entry: Entry): unknown }, spelling: string, entry: Entry): Entry {
  if (entry.rule === undefined || rememberedCount >= MAX_REMEMBERED) return entry;
  rememberedCount++;
  memory.set(spelling, entry);
  return entry;
}

function wordsBehind(name: string): Map<string, Entry> {
  const known = remembered.get(name);
  if (known instanceof Map) return known;
  const words = new Map<string, Entry>();
  if (rememberedCount < MAX_REMEMBERED) remembered.set(name, words);
  return words;
}

const TTL_ROLES = ['seconds', 'ms', 'unix', 'unixms'] as const;
const WRITE_ROLES = ['stored', ...TTL_ROLES] as const;

function ruleOf(canonical: string): CommandRule | undefined {
  const compiled = rules.get(canonical);
  if (compiled !== undefined) return compiled;
  const source = Object.hasOwn(COMMANDS, canonical) ? COMMANDS[canonical] : undefined;
  if (source === undefined) return undefined;
  const row = typeof source === 'string' ? { args: source } : source;
  const grammar = compile(row.args);
  const first = grammar[0];
  const writes = mentions(grammar, WRITE_ROLES);
  const rule = {
    ...row,
    grammar,
    startsWithKey:
      first !== undefined &&
      ((first.kind === 'one' && first.role === 'key') || (first.kind === 'repeat' && first.roles[0] === 'key')),
    takesOneKey:
      first !== undefined &&
      ((first.kind === 'one' && first.role === 'key') ||
        (first.kind === 'repeat' && first.roles[0] === 'key' && first.behind === 0)),
    writes,
    items: itemsOf(grammar),
    stores: mentions(grammar, ['stored', 'item']),
    prolongs: row.persists === true || isProlonging(grammar),
    made: madeBy(grammar),
    onlyReads: row.hit !== undefined && !writes && !row.ends,
    isIndependent: row.blocks === undefined && !row.procedure && !mentions(grammar, ['cursor', 'script', 'sha']),
  };
  rules.set(canonical, rule);
  return rule;
}

/** `key seconds` and the like, but not for fields. */
function isProlonging(grammar: Grammar): boolean {
  return (
    itemsOf(grammar)?.first === 0 && mentions(grammar, TTL_ROLES) && !mentions(grammar, ['stored', 'item', 'field'])
  );
}

function madeBy(grammar: Grammar): Made[] {
  const made: Made[] = [];
  for (const [at, element] of grammar.entries()) {
    if (element.kind === 'one' && element.makes !== undefined) made.push({ at, option: undefined, how: element.makes });
    if (element.kind !== 'options') continue;
    for (const [option, [own]] of element.options)
      if (own?.kind === 'one' && own.makes !== undefined) made.push({ at, option, how: own.makes });
  }
  return made;
}

const UNNAMED: Entry = { operation: '_OTHER', canonical: '_OTHER', rule: undefined, from: 1, isUsual: true };

/** The form of a command name. A whole command line, or a value in its place, does not match. */
const NAME = /^[a-z_][a-z0-9._|-]{0,39}$/i;

function nameOf(word: unknown): string | undefined {
  const text = typeof word === 'number' ? undefined : shortText(word, 40);
  return text !== undefined && NAME.test(text) ? text : undefined;
}
