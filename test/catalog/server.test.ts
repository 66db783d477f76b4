import assert from 'node:assert/strict';
import { COMMANDS } from '../../src/catalog/commands';
import { mentions, type Role } from '../../src/catalog/grammar';
import { keyMask } from '../../src/catalog/keys';
import { lookup } from '../../src/catalog/lookup';
import { assignRoles } from '../../src/catalog/reader';
import { queryText } from '../../src/catalog/redact';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { type DocumentedArgument, readDocs, writeLine } from './documented';
import { NEWER_THAN_7_0 } from './newer-commands';
import { sampleCommand } from './sample';

/** What `COMMAND INFO` says of a command, as far as it is compared. */
interface ServerCommand {
  readonly name: string;
  readonly flags: readonly string[];
}

/** The arguments with the role `key`, as the table reads the line. */
function keysOf(args: readonly unknown[]): unknown[] {
  const { rule, from } = lookup(args);
  const roles: Role[] = [];
  if (rule !== undefined) assignRoles(rule.grammar, args, from, args.length, roles);
  return args.filter((_, index) => roles[index] === 'key');
}

/** Two samples of each: options that name keys are in the second. */
function samplesOf(name: string): string[][] {
  return [false, true].map((wants) => {
    let count = 0;
    const fill = (role: Role) => (role === 'number' ? '1' : role === 'cursor' || role === 'id' ? '0' : `${role}-${++count}`);
    return sampleCommand(name, {
      pick: (limit) => limit - 1,
      fill,
      wants: (option, own) => (wants && option !== 'STOREDIST' && mentions(own, ['key'])) || REQUIRED_OPTIONS.has(option),
    }) as string[];
  });
}

/** Without these Redis would not look for keys at all. */
const REQUIRED_OPTIONS = new Set(['BYRADIUS', 'FROMMEMBER', 'MAXLEN']);

/** Where Redis and the table differ in what is a key. */
const OTHER_KEYS: Readonly<Record<string, string>> = {
  'CLUSTER KEYSLOT': 'Redis does not touch the key, so it does not call it one; it is the name of a key all the same',
  MIGRATE: 'with KEYS the first key must be the empty string: compared apart, below',
};

/** Where the flag `blocking` and the column `blocks` differ. */
const OTHER_BLOCKING: Readonly<Record<string, string>> = {
  WAIT: 'waits for replicas; Redis calls it blocking only from 7.2 on',
};

/** Text arguments by the server's own names (of 7.0 and later) that may be seen; any other is a value. */
const IDENTIFIERS = new Set(
  (
    'category categoryname channel clientname command command-name connection-name consumer consumername event field function group groupname host ip ' +
    'importing library-name library-name-pattern migrating module-name node node-id parameter prefix section shardchannel type unit'
  ).split(' '),
);

/** Names that say too little to be in the list for every command. */
const SHOWN: readonly string[] = ['CLUSTER KEYSLOT key', 'MODULE UNLOAD name', 'PFDEBUG subcommand'];

const MARK = 'mArK';
const MARKS = /mArK-([\w-]+)/g;

function fillDocumented({ name, type }: DocumentedArgument): string {
  if (type === 'key') return 'a-key';
  if (type === 'integer' || type === 'unix-time') return '1';
  if (name === 'id' || name === 'ID') return '1-1';
  return type === 'pattern' || IDENTIFIERS.has(name) ? 'identifier' : `${MARK}-${name}`;
}

describe('the table and a live server', () => {
  let server: RedisServer;
  let commands: Map<string, ServerCommand>;

  before(async () => {
    server = await startStandalone();
    commands = readCommands((await server.request('COMMAND', 'INFO')) as unknown[][]);
  });

  after(() => server.stop());

  it('has a row for every command and sub-command the server knows', () => {
    assert.ok(commands.size > 350, `${commands.size} commands`);
    assert.deepEqual(
      [...commands.keys()].filter((name) => !(name in COMMANDS)),
      [],
    );
  });

  it('has a reason for every row that the server does not know', () => {
    const unexplained = Object.keys(COMMANDS).filter((name) => !commands.has(name) && !NEWER_THAN_7_0.has(name));
    assert.deepEqual(unexplained, []);
    const known = [...NEWER_THAN_7_0.keys()].filter((name) => commands.has(name));
    assert.deepEqual(known, [], 'no longer differences');
  });

  it('calls the same arguments keys', async () => {
    const differences: string[] = [];
    for (const name of commands.keys()) {
      for (const args of samplesOf(name)) {
        const keys = (await server.request('COMMAND', 'GETKEYS', ...args).catch(noKeys)) as string[];
        if (JSON.stringify(keysOf(args).sort()) !== JSON.stringify(keys.sort())) differences.push(name);
      }
    }
    assert.deepEqual([...new Set(differences)].sort(), Object.keys(OTHER_KEYS).sort());
  });

  it('calls the keys of MIGRATE keys', async () => {
    for (const line of ['MIGRATE host 6379 a 0 1000 COPY', 'MIGRATE host 6379 "" 0 1000 AUTH2 user pass KEYS a b']) {
      const args = line.split(' ').map((word) => (word === '""' ? '' : word));
      const keys = await server.request('COMMAND', 'GETKEYS', ...args);
      assert.deepEqual(
        keysOf(args).filter((key) => key !== ''),
        keys,
      );
    }
  });

  it('shows no argument that the server documents as text, except identifiers', async () => {
    const full = keyMask('full', assert.fail);
    const shown = new Set<string>();
    let lines = 0;
    for (const [name, documented] of readDocs(await server.request('COMMAND', 'DOCS'))) {
      for (let turn = 0; turn < 6; turn++) {
        const args = [...name.split(' '), ...writeLine(documented, turn, fillDocumented)];
        for (const [, argument] of queryText(lookup(args), args, full, 4_096).matchAll(MARKS)) shown.add(`${name} ${argument}`);
        lines++;
      }
    }
    assert.ok(lines > 2_000, `${lines} lines`);
    assert.deepEqual([...shown].sort(), SHOWN);
  });

  it('knows which commands block', () => {
    const differences = [...commands].filter(([name, { flags }]) => {
      const row = COMMANDS[name];
      return flags.includes('blocking') !== (typeof row === 'object' && row.blocks !== undefined);
    });
    assert.deepEqual(differences.map(([name]) => name).sort(), Object.keys(OTHER_BLOCKING).sort());
  });
});

/** By the table's spelling; a container is no command of its own. */
function readCommands(infos: unknown[][]): Map<string, ServerCommand> {
  const commands = new Map<string, ServerCommand>();
  for (const info of infos) {
    const children = info[9] as unknown[][];
    for (const entry of children.length > 0 ? children : [info]) {
      const name = String(entry[0]).toUpperCase().replace('|', ' ');
      commands.set(name, { name, flags: entry[2] as string[] });
    }
  }
  return commands;
}

function noKeys(error: Error): string[] {
  const { message } = error;
  // A command without arguments is too short for GETKEYS itself.
  if (/The command has no key arguments|wrong number of arguments for 'command\|getkeys'/.test(message)) return [];
  return [message];
}
