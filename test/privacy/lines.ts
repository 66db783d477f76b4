// Knows: command lines for every row of the table, with a mark in every argument that must not be seen.
// Must not know: clients, tracing.
import { COMMANDS } from '../../src/catalog/commands';
import type { Role } from '../../src/catalog/grammar';
import { sampleCommand } from '../catalog/sample';
import { FORM_COUNT, markedText, markedValue } from './marks';

/** Not sent, each for what it would do to the server or to the connection. */
export const SKIPPED: ReadonlyMap<string, string> = new Map([
  ['SHUTDOWN', 'ends the server'],
  ['REPLICAOF', 'makes the server a replica'],
  ['SLAVEOF', 'makes the server a replica'],
  ['MONITOR', 'makes the connection a log'],
  ['SYNC', 'makes the connection a replica’s'],
  ['PSYNC', 'makes the connection a replica’s'],
  ['SUBSCRIBE', 'makes the connection a subscriber’s; takes channels only'],
  ['PSUBSCRIBE', 'makes the connection a subscriber’s; takes patterns only'],
  ['SSUBSCRIBE', 'makes the connection a subscriber’s; takes channels only'],
  ['UNSUBSCRIBE', 'is answered once a channel, or not at all; takes channels only'],
  ['PUNSUBSCRIBE', 'is answered once a pattern, or not at all; takes patterns only'],
  ['SUNSUBSCRIBE', 'is answered once a channel, or not at all; takes channels only'],
  ['CLIENT KILL', 'closes the connections of the test'],
  ['CLIENT PAUSE', 'stops the server for a while; takes no value'],
  ['CLIENT REPLY', 'stops the replies; takes no value'],
  ['QUIT', 'closes the connection; takes no argument'],
  ['RESET', 'changes the protocol under the client; takes no argument'],
  ['PFSELFTEST', 'computes for a second; takes no argument'],
  ['MULTI', 'queues what other tests send; takes no argument, and every transaction here has one'],
]);

export const NAMES: readonly string[] = Object.keys(COMMANDS).filter((name) => !SKIPPED.has(name));

/** The types a key has. Every command meets all of them, and most of them are the wrong one. */
export const KEY_TYPES = ['text', 'count', 'hash', 'list', 'set', 'zset', 'geo', 'hll', 'stream', 'none'] as const;

/** Turns after which a command has met every type, with and without options, with marks for structure too. */
export const TURNS = KEY_TYPES.length;

export interface Variant {
  readonly turn: number;
  /** What keys, fields, channels and patterns begin with. */
  readonly prefix: string;
}

/** Prevents a line from waiting, or from changing what the next lines meet. */
const NUMBERS: Readonly<Record<string, string>> = { SELECT: '0', SWAPDB: '0', MOVE: '9', COPY: '9', HELLO: '9' };
const NAMED: Readonly<Record<string, string>> = { MIGRATE: '127.0.0.1' };
const CURSORS = ['0', '*', '1-1', '$', '>'];

export function lineOf(name: string, { turn, prefix }: Variant): unknown[] {
  let filled = turn;
  const type = KEY_TYPES[turn % KEY_TYPES.length];
  const isModest = name.startsWith('CLIENT ') || name === 'SCRIPT DEBUG'; // their last word is OFF or NO
  let option = 0;
  return sampleCommand(name, {
    pick: (limit) => (isModest || limit === 2 ? limit - 1 : turn % limit),
    wants: () => turn % 4 === 1 || (turn % 4 > 1 && option++ === turn >> 2),
    fill: (role) => {
      filled++;
      if (MARKED.has(role)) return markedValue(filled % FORM_COUNT);
      if (turn === TURNS - 1 && STRUCTURE.has(role) && !blocks(name)) return markedText();
      return shown(role, { name, type: type as string, prefix, filled });
    },
  });
}

const MARKED = new Set<Role>(['value', 'stored', 'item', 'script', 'secret']);
/** Shown, or read as a number, but only if they look the part. */
const STRUCTURE = new Set<Role>(['number', 'cursor', 'id', 'encoding', 'sha', 'seconds', 'ms', 'unix', 'unixms']);

interface Place {
  readonly name: string;
  readonly type: string;
  readonly prefix: string;
  readonly filled: number;
}

function shown(role: Role, { name, type, prefix, filled }: Place): string {
  switch (role) {
    case 'key':
    case 'field':
    case 'channel':
      return prefix + type;
    case 'pattern':
      return `${prefix}*`;
    case 'name':
      return NAMED[name] ?? 'identifier';
    case 'path':
      return '$.a';
    case 'sha':
      return 'c664a3bf70bd1d45c4284ffebb65a6f2299bfc9f';
    case 'cursor':
    case 'id':
      return CURSORS[filled % CURSORS.length] as string;
    case 'encoding':
      return 'u8';
    case 'unix':
      return '4102444800';
    case 'unixms':
      return '4102444800000';
    case 'seconds':
    case 'ms':
      return '100000';
    default:
      return NUMBERS[name] ?? (blocks(name) && name !== 'WAIT' && name !== 'WAITAOF' ? '0.001' : '1');
  }
}

/** Commands whose timeout is among their fixed arguments, in seconds. BLOCK counts in milliseconds. */
function blocks(name: string): boolean {
  const row = COMMANDS[name];
  return typeof row === 'object' && row.blocks === true;
}

/** Sets one key of every type, under each prefix; what was there before, and what a line left behind, is gone. */
export const SEED_SCRIPT = `
redis.call('FLUSHDB')
for _, prefix in ipairs(ARGV) do
  local k = function(type) return prefix .. type end
  redis.call('SET', k('text'), 'canary text')
  redis.call('SET', k('count'), '7391846')
  redis.call('HSET', k('hash'), k('hash'), '7391846', 'f', 'canary')
  redis.call('RPUSH', k('list'), 'CANARY', 'canary', '7391846')
  redis.call('SADD', k('set'), 'CANARY', 'canary')
  redis.call('ZADD', k('zset'), 1, 'CANARY', 2, 'canary')
  redis.call('GEOADD', k('geo'), 1, 2, 'CANARY', 3, 4, 'canary')
  redis.call('PFADD', k('hll'), 'CANARY')
  redis.call('XADD', k('stream'), '1-1', 'f', 'CANARY')
end
return 'OK'`;
