import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { getKeyIndexes, list } from '@ioredis/commands';
import { COMMANDS } from '../../src/catalog/commands';
import { mentions, type Role } from '../../src/catalog/grammar';
import { lookup } from '../../src/catalog/lookup';
import { assignRoles } from '../../src/catalog/reader';
import { grammarOf, sampleCommand } from './sample';

const resolveFrom = createRequire(__filename);

interface Metadata {
  readonly isKeyless: boolean;
  readonly subcommands?: Readonly<Record<string, Metadata>>;
}

/** The client's own list, by the table's spelling. Read from where the built package has it: it is not exported. */
function readMetadata(): Map<string, Metadata> {
  const client = dirname(resolveFrom.resolve('@redis/client'));
  const { COMMAND_METADATA } = resolveFrom(join(client, 'lib/command-metadata')) as {
    COMMAND_METADATA: Record<string, Record<string, Metadata>>;
  };
  const commands = new Map<string, Metadata>();
  for (const [module, entries] of Object.entries(COMMAND_METADATA)) {
    for (const [word, entry] of Object.entries(entries)) {
      const name = (module === 'std' ? word : `${module}.${word}`).toUpperCase();
      if (entry.subcommands === undefined) commands.set(name, entry);
      for (const [sub, own] of Object.entries(entry.subcommands ?? {})) commands.set(`${name} ${sub.toUpperCase()}`, own);
    }
  }
  return commands;
}

/** Names the table does not have. */
const NOT_IN_TABLE: Readonly<Record<string, string>> = {
  'JSON.DEBUG': 'a container of two sub-commands, which the table has',
};

/** Whether a command has keys, where the metadata says otherwise. */
const OTHER_KEYLESS: Readonly<Record<string, string>> = {
  'CLUSTER KEYSLOT': 'Redis does not touch the key, so it does not call it one; it is the name of a key all the same',
  'FT.SEARCH': 'only in its option INKEYS, which limits the result; a cluster does not route by it',
  SPUBLISH: 'a shard channel is routed like a key, and is a channel',
  SSUBSCRIBE: 'a shard channel is routed like a key, and is a channel',
  SUNSUBSCRIBE: 'a shard channel is routed like a key, and is a channel',
};

/** Where `getKeyIndexes` of @ioredis/commands and the table differ in what is a key. */
const OTHER_KEYS: Readonly<Record<string, string>> = {
  'CLUSTER KEYSLOT': 'as above',
  MIGRATE: 'it always counts the first key, which with KEYS is the empty string, and never those of KEYS',
  SPUBLISH: 'as above',
  SSUBSCRIBE: 'as above',
  SUNSUBSCRIBE: 'as above',
};

/** Every sample with and without the options that name keys. */
function samplesOf(name: string): string[][] {
  return [false, true].map((wants) => {
    let count = 0;
    return sampleCommand(name, {
      pick: (limit) => limit - 1,
      fill: (role) => (role === 'number' ? '1' : role === 'cursor' || role === 'id' ? '0' : `${role}-${++count}`),
      wants: (option, own) => wants && option !== 'STOREDIST' && mentions(own, ['key']),
    }) as string[];
  });
}

function keyIndexesOf(args: readonly string[]): number[] {
  const { rule, from } = lookup(args);
  const roles: Role[] = [];
  if (rule !== undefined) assignRoles(rule.grammar, args, from, args.length, roles);
  return args.map((_, index) => index).filter((index) => roles[index] === 'key');
}

function commandsOf(name: string): string {
  // Gone with redis 5.
  if (name === 'graph') return join(__dirname, '../versions/redis-4.7/node_modules/@redis/graph/dist/commands');
  const main = resolveFrom.resolve(`@redis/${name}`);
  return join(main.slice(0, main.lastIndexOf(`${sep}dist${sep}`)), 'dist/lib/commands');
}

const MODULE_PREFIXES: Readonly<Record<string, string>> = { json: 'JSON.', search: 'FT.', 'time-series': 'TS.', graph: 'GRAPH.' };
const FILTER_PREFIXES: Readonly<Record<string, string>> = {
  'count-min-sketch': 'CMS.',
  bloom: 'BF.',
  cuckoo: 'CF.',
  't-digest': 'TDIGEST.',
  'top-k': 'TOPK.',
};

/** What the files of a package's commands are called: `CONFIG_GET`, `MGET_WITHLABELS`, one for each way to send one. */
function modulesIn(folder: string, prefix = ''): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return modulesIn(join(folder, entry.name), FILTER_PREFIXES[entry.name]);
    return /^[A-Z_].*\.js$/.test(entry.name) ? [prefix + entry.name.slice(0, -3)] : [];
  });
}

/** Whether a row is called like the file, or like the beginning of its name. */
function hasRow(module: string): boolean {
  const words = module.split(/(?<=[A-Z])_/);
  return lookup(words).rule !== undefined || TWO_PARTS.has(words.slice(0, 2).join('_'));
}

/** Underscores in the name of the command itself. */
const TWO_PARTS = new Set(['GRAPH.RO_QUERY', 'TDIGEST.TRIMMED_MEAN']);

/** Files that are called like no command. */
const OTHER_MODULES: Readonly<Record<string, string>> = {
  INCREXBYFLOAT: 'INCREX with its option BYFLOAT',
};

describe('the table and the clients', () => {
  const metadata = readMetadata();

  it("has every command of node-redis' own metadata", () => {
    assert.ok(metadata.size > 500, `${metadata.size} commands`);
    const missing = [...metadata.keys()].filter((name) => !(name in COMMANDS));
    assert.deepEqual(missing.sort(), Object.keys(NOT_IN_TABLE).sort());
  });

  it('agrees with it on which commands have keys', () => {
    const differences = [...metadata].filter(
      ([name, { isKeyless }]) => name in COMMANDS && mentions(grammarOf(name), ['key']) === isKeyless,
    );
    assert.deepEqual(differences.map(([name]) => name).sort(), Object.keys(OTHER_KEYLESS).sort());
  });

  for (const name of ['client', 'json', 'search', 'time-series', 'bloom', 'graph']) {
    it(`has every command @redis/${name} can send`, () => {
      const modules = modulesIn(commandsOf(name), MODULE_PREFIXES[name]);
      assert.ok(modules.length > 5, `${modules.length} modules`);
      assert.deepEqual(
        modules.filter((module) => !hasRow(module) && !(module in OTHER_MODULES)),
        [],
      );
    });
  }

  it('has every command of @ioredis/commands', () => {
    assert.ok(list.length > 290, `${list.length} commands`);
    assert.deepEqual(
      list.map((name) => name.toUpperCase()).filter((name) => !(name in COMMANDS) && !isContainer(name)),
      [],
    );
  });

  it('calls the same arguments keys as @ioredis/commands', () => {
    const known = Object.keys(COMMANDS).filter((name) => list.includes((name.split(' ')[0] as string).toLowerCase()));
    assert.ok(known.length > 400, `${known.length} commands`);
    const differences = known.filter((name) =>
      samplesOf(name).some((args) => {
        const theirs = getKeyIndexes((args[0] as string).toLowerCase(), args.slice(1)).map((index) => index + 1);
        return JSON.stringify(theirs.sort((a, b) => a - b)) !== JSON.stringify(keyIndexesOf(args));
      }),
    );
    assert.deepEqual(differences.sort(), Object.keys(OTHER_KEYS).sort());
  });
});

function isContainer(name: string): boolean {
  return Object.keys(COMMANDS).some((known) => known.startsWith(`${name} `));
}
