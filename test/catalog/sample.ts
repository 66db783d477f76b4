// Knows: how to make up arguments for any row of the table.
// Must not know: what the roles are used for.
import { COMMANDS } from '../../src/catalog/commands';
import { compile, type Grammar, type Role } from '../../src/catalog/grammar';

type Element = Grammar[number];

export interface Choices {
  /** A whole number from 0 up to and without the limit. */
  pick(limit: number): number;
  /** What stands for an argument of this role. */
  fill(role: Role): unknown;
  /** Whether the option is given. */
  wants(option: string, own: Grammar): boolean;
}

export function grammarOf(name: string): Grammar {
  const row = COMMANDS[name];
  if (row === undefined) throw new Error(`no row for ${name}`);
  return compile(typeof row === 'string' ? row : row.args);
}

/** A command line the row speaks for. */
export function sampleCommand(name: string, choices: Choices): unknown[] {
  return [...name.split(' '), ...sample(grammarOf(name), choices)];
}

function sample(grammar: Grammar, choices: Choices): unknown[] {
  return grammar.flatMap((element) => sampleElement(element, choices));
}

function sampleElement(element: Element, choices: Choices): unknown[] {
  switch (element.kind) {
    case 'one':
      return [choices.fill(element.role)];
    case 'word':
      return [[...element.words][choices.pick(element.words.size)]];
    case 'repeat':
      return sampleGroups(element.roles, choices);
    case 'until':
      return sampleGroups([element.role], choices);
    case 'counted': {
      const arguments_ = sampleGroups(element.roles, choices);
      return [String(arguments_.length / element.roles.length), ...arguments_];
    }
    case 'halves': {
      const half = 1 + choices.pick(2);
      return element.roles.flatMap((role) => Array.from({ length: half }, () => choices.fill(role)));
    }
    case 'options':
      return [...element.options].flatMap(([word, own]) => (choices.wants(word, own) ? [word, ...sample(own, choices)] : []));
    case 'retract':
      return [];
  }
}

function sampleGroups(roles: readonly Role[], choices: Choices): unknown[] {
  return Array.from({ length: 1 + choices.pick(2) }, () => roles.map(choices.fill)).flat();
}
