// Knows: how to read `COMMAND DOCS` of a server, and to make a command line of what it says.
// Must not know: the table. What the server calls an argument is the second opinion on it.

export interface DocumentedArgument {
  readonly name: string;
  readonly type: string;
  readonly token: string | undefined;
  readonly flags: readonly string[];
  readonly arguments: readonly DocumentedArgument[];
}

/** By both words in upper case. */
export function readDocs(reply: unknown): Map<string, readonly DocumentedArgument[]> {
  const commands = new Map<string, readonly DocumentedArgument[]>();
  for (const [name, doc] of pairsOf(reply)) {
    const facts = new Map(pairsOf(doc));
    const children = pairsOf(facts.get('subcommands'));
    if (children.length === 0) commands.set(name.toUpperCase(), readArguments(facts.get('arguments')));
    for (const [child, own] of children) {
      commands.set(child.toUpperCase().replace('|', ' '), readArguments(new Map(pairsOf(own)).get('arguments')));
    }
  }
  return commands;
}

function pairsOf(flat: unknown): [string, unknown][] {
  const list = Array.isArray(flat) ? flat : [];
  return Array.from({ length: list.length / 2 }, (_, index) => [String(list[2 * index]), list[2 * index + 1]]);
}

function readArguments(list: unknown): DocumentedArgument[] {
  return (Array.isArray(list) ? list : []).map((entry) => {
    const facts = new Map(pairsOf(entry));
    const token = facts.get('token');
    return {
      name: String(facts.get('name')),
      type: String(facts.get('type')),
      token: token === undefined ? undefined : String(token),
      flags: (facts.get('flags') as string[] | undefined) ?? [],
      arguments: readArguments(facts.get('arguments')),
    };
  });
}

/**
 * A command line with every option. `turn` chooses between alternatives; `fill` says what stands for an argument.
 */
export function writeLine(list: readonly DocumentedArgument[], turn: number, fill: (argument: DocumentedArgument) => string): string[] {
  return list.flatMap((argument) => {
    const times = argument.flags.includes('multiple') ? 2 : 1;
    const written = Array.from({ length: times }, (_, time) => {
      const own = writeArgument(argument, turn, fill);
      const repeatsToken = time === 0 || argument.flags.includes('multiple_token');
      return argument.token === undefined || argument.token === '' || argument.type === 'pure-token' || !repeatsToken
        ? own
        : [argument.token, ...own];
    }).flat();
    return countsBehind(list, argument) ?? written;
  });
}

function writeArgument(argument: DocumentedArgument, turn: number, fill: (argument: DocumentedArgument) => string): string[] {
  if (argument.type === 'pure-token') return [argument.token ?? argument.name];
  if (argument.type === 'block') return writeLine(argument.arguments, turn, fill);
  if (argument.type === 'oneof') {
    const chosen = argument.arguments[turn % argument.arguments.length];
    return chosen === undefined ? [] : writeLine([chosen], turn, fill);
  }
  return [fill(argument)];
}

/** The two that follow `numkeys`. */
function countsBehind(list: readonly DocumentedArgument[], argument: DocumentedArgument): string[] | undefined {
  return /^num(keys|fields)$/.test(argument.name) && list.length > 1 ? ['2'] : undefined;
}
