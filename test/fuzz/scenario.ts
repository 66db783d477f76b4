// Knows: what an application can do with a client, step by step, and how such scenarios are made up.
// Must not know: how a version is called, tracing.
import fc from 'fast-check';
import { COMMANDS } from '../../src/catalog/commands';
import type { Role } from '../../src/catalog/grammar';
import { sampleCommand } from '../catalog/sample';
import { KEY_TYPES, NAMES } from '../privacy/lines';

/** A method of the client as redis 4 and later write it, or a raw line. */
export type Call = { readonly method: string; readonly args: readonly unknown[] } | { readonly line: readonly unknown[] };

export type Step =
  | { readonly do: 'call'; readonly call: Call }
  | { readonly do: 'ignore'; readonly call: Call }
  | { readonly do: 'together'; readonly calls: readonly Call[] }
  | { readonly do: 'batch'; readonly as: BatchAs; readonly calls: readonly Call[] }
  | { readonly do: 'watch'; readonly isTouched: boolean; readonly calls: readonly Call[] }
  | { readonly do: 'abort'; readonly when: 'before' | 'after'; readonly call: Call }
  | { readonly do: 'script'; readonly defined: boolean; readonly script: number; readonly key: string; readonly value: string }
  | { readonly do: 'subscribe' | 'unsubscribe'; readonly to: 'channel' | 'pattern'; readonly name: string }
  | { readonly do: 'publish'; readonly channel: string; readonly message: string }
  | { readonly do: 'kill'; readonly who: 'client' | 'subscriber' }
  | { readonly do: 'kill'; readonly who: 'waiting'; readonly calls: readonly Call[] };

export const SCRIPTS = [
  "return redis.call('SET', KEYS[1], ARGV[1])",
  "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) else return 0 end",
  "return redis.call('GET', KEYS[1])",
  "return { ARGV[1], 1, false, redis.error_reply('ERR mine'), redis.status_reply('fine') }",
] as const;

type BatchAs = 'transaction' | 'pipeline' | 'abandoned';

/** What the client is, where the version has it. */
export const FLAVOURS = ['plain', 'RESP3', 'buffers', 'pool'] as const;
export type Flavour = (typeof FLAVOURS)[number];

/** How we are set up while the application runs; the control knows nothing of it. */
export interface Setting {
  readonly parent: 'none' | 'sampled' | 'unsampled';
  readonly config: object;
}

export interface Scenario {
  readonly flavour: Flavour;
  readonly steps: readonly Step[];
  readonly setting: Setting;
}

/** Answers that differ from run to run whoever asks: times, chance, identities; and what changes the server for good. */
const UNREPEATABLE =
  /RAND|^(SPOP|H?P?TTL|H?P?EXPIRETIME|KEYS|SCAN|TIME|INFO|LASTSAVE|SAVE|BGSAVE|BGREWRITEAOF|BACKUP|XPENDING|XINFO|XAUTOCLAIM|XCLAIM|OBJECT|HELLO|AUTH|MIGRATE|WAIT|WAITAOF|WATCH|ACL|CLIENT|CLUSTER|COMMAND|COMMANDLOG|CONFIG|MODULE|DEBUG|HOTKEYS|LATENCY|LOLWUT|MEMORY|SLOWLOG|FAILOVER|REPLCONF|ROLE|SENTINEL|SCRIPT DEBUG|SCRIPT KILL|FUNCTION KILL|FUNCTION STATS|PFDEBUG|PUBSUB)\b/;
const RAW = NAMES.filter((name) => !UNREPEATABLE.test(name) && !name.includes('.') && !isBlocking(name));

function isBlocking(name: string): boolean {
  const row = COMMANDS[name];
  return typeof row === 'object' && row.blocks !== undefined;
}

const key = fc.constantFrom(...KEY_TYPES.map((type) => `k:${type}`), 'user:7', 'new:1', 'new:2');
/** Mostly a key of the type that a command is for, else any. */
const keyOf = (...types: (typeof KEY_TYPES)[number][]): fc.Arbitrary<string> =>
  fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...types.map((type) => `k:${type}`), 'user:7') }, { weight: 1, arbitrary: key });
const text = keyOf('text', 'none');
const count = keyOf('count');
const hash = keyOf('hash');
const list = keyOf('list');
const set = keyOf('set');
const zset = keyOf('zset');
const hll = keyOf('hll');
const stream = keyOf('stream');
const field = fc.constantFrom('f', 'g', 'k:hash');
const value = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
  { weight: 3, arbitrary: fc.constantFrom('', '', '0', '41', '-1', 'a\r\nb', 'é'.repeat(2_000)) },
);
const bytes = fc.oneof({ weight: 4, arbitrary: value }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 8 }).map(Buffer.from) });
const integer = fc.integer({ min: -5, max: 20 });
// So long that the seconds between two runs do not show.
const seconds = fc.constantFrom(1_000, 50_000, 0, -1);
const expiry = fc.constantFrom({ EX: 1_000 }, { PX: 5_000_000 }, { NX: true }, { XX: true }, { GET: true }, { EX: 1_000, NX: true }, {});
const member = fc.constantFrom('a', 'b', 'c', 'canary');
const score = fc.integer({ min: -3, max: 3 });
const id = fc.constantFrom('1-1', '2-1', '5-5', '*bad');

/** Methods that all versions share, with what they take. Keys are of any type, so many meet the wrong one. */
const METHODS: Readonly<Record<string, readonly fc.Arbitrary<unknown>[]>> = {
  get: [text],
  set: [text, bytes, expiry],
  setEx: [text, seconds, value],
  setNX: [text, value],
  getSet: [text, value],
  mGet: [fc.array(text, { minLength: 1, maxLength: 4 })],
  mSet: [fc.dictionary(key, value, { minKeys: 1, maxKeys: 3 })],
  incr: [count],
  incrBy: [count, integer],
  decr: [count],
  incrByFloat: [count, score],
  append: [text, value],
  strLen: [text],
  getRange: [text, integer, integer],
  setRange: [text, fc.nat(10), value],
  del: [fc.oneof(key, fc.array(key, { minLength: 1, maxLength: 3 }))],
  unlink: [key],
  exists: [fc.array(key, { minLength: 1, maxLength: 3 })],
  expire: [key, seconds],
  persist: [key],
  type: [key],
  rename: [key, key],
  hSet: [hash, field, value],
  hGet: [hash, field],
  hGetAll: [hash],
  hmGet: [hash, fc.array(field, { minLength: 1, maxLength: 3 })],
  hDel: [hash, field],
  hExists: [hash, field],
  hIncrBy: [hash, field, integer],
  hKeys: [hash],
  hLen: [hash],
  lPush: [list, value],
  rPush: [list, fc.array(value, { minLength: 1, maxLength: 3 })],
  lPop: [list],
  rPop: [list],
  lRange: [list, integer, integer],
  lLen: [list],
  lIndex: [list, integer],
  lTrim: [list, integer, integer],
  rPopLPush: [list, list],
  sAdd: [set, member],
  sRem: [set, member],
  sMembers: [set],
  sIsMember: [set, member],
  sCard: [set],
  sMove: [set, set, member],
  zAdd: [zset, fc.record({ score, value: member })],
  zScore: [zset, member],
  zRange: [zset, integer, integer],
  zRank: [zset, member],
  zIncrBy: [zset, score, member],
  zRem: [zset, member],
  zCard: [zset],
  pfAdd: [hll, member],
  pfCount: [hll],
  setBit: [text, fc.nat(40), fc.constantFrom(0, 1)],
  getBit: [text, fc.nat(40)],
  bitCount: [text],
  ping: [],
  echo: [value],
  dbSize: [],
  // Redis 4 would ask for one that does not exist at every new connection, for ever.
  select: [fc.constantFrom(0, 1, 2)],
  evalSha: [fc.constant('c664a3bf70bd1d45c4284ffebb65a6f2299bfc9f'), fc.record({ keys: fc.array(key, { maxLength: 1 }) })],
  xAdd: [stream, id, fc.constant({ f: 'v' })],
  xLen: [stream],
  xRange: [stream, fc.constant('-'), fc.constant('+')],
};

/** Nothing Redis or the client would take. Some throw, some reject, some are sent as text. */
const junk: fc.Arbitrary<unknown> = fc.constantFrom<unknown>(undefined, null, 1.5, true, {}, [], Number.NaN);

const method = fc.constantFrom(...Object.keys(METHODS));
const meant: fc.Arbitrary<Call> = method.chain((name) =>
  fc.tuple(...(METHODS[name] ?? [])).map((args) => ({ method: name, args: args as unknown[] })),
);
const invalid: fc.Arbitrary<Call> = fc
  .tuple(method, fc.array(fc.oneof(key, junk), { maxLength: 3 }))
  .map(([name, args]) => ({ method: name, args }));

const ROLES: Partial<Record<Role, fc.Arbitrary<unknown>>> = {
  key,
  field,
  channel: fc.constantFrom('news', 'other'),
  name: fc.constant('identifier'),
  pattern: fc.constantFrom('*', 'k:*'),
  cursor: fc.constantFrom('0', '1-1', '$', '>'),
  encoding: fc.constantFrom('u8', 'i16'),
  number: integer.map(String),
  seconds: seconds.map(String),
  ms: fc.constantFrom('-1', '0', '5000000'),
  unix: fc.constantFrom('1', '4102444800'),
  unixms: fc.constantFrom('1', '4102444800000'),
};
const raw: fc.Arbitrary<Call> = fc.tuple(fc.constantFrom(...RAW), fc.gen()).map(([name, gen]) => ({
  line: sampleCommand(name, {
    pick: (limit) => gen(() => fc.nat(limit - 1)),
    fill: (role) => gen(() => ROLES[role] ?? bytes),
    wants: () => gen(() => fc.boolean()),
  }),
}));
const nonsense: fc.Arbitrary<Call> = fc
  .tuple(fc.constantFrom('GET', 'set', 'MSET', 'EVAL', 'NOSUCH'), fc.array(fc.oneof(key, value), { maxLength: 5 }))
  .map(([name, args]) => ({ line: [name, ...args] }));

const sound = fc.oneof({ weight: 8, arbitrary: meant }, { weight: 3, arbitrary: raw }, { weight: 1, arbitrary: nonsense });
const call = fc.oneof({ weight: 9, arbitrary: sound }, { weight: 1, arbitrary: invalid });
const calls = fc.array(sound, { minLength: 1, maxLength: 6 });
const channel = fc.constantFrom('news', 'news:7', 'orders:7', 'other');
const topic = fc.oneof(
  fc.record({ to: fc.constant('channel' as const), name: channel }),
  fc.record({ to: fc.constant('pattern' as const), name: fc.constantFrom('*', 'orders:*', 'news*') }),
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('call' as const), call }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('ignore' as const), call: sound }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('together' as const), calls: fc.array(call, { minLength: 2, maxLength: 10, size: 'max' }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('batch' as const),
      as: fc.constantFrom<BatchAs>('transaction', 'transaction', 'pipeline', 'pipeline', 'abandoned'),
      calls: fc.array(sound, { maxLength: 8, size: 'max' }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('watch' as const), isTouched: fc.boolean(), calls }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('abort' as const), when: fc.constantFrom('before' as const, 'after' as const), call: sound }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('script' as const), defined: fc.boolean(), script: fc.nat(SCRIPTS.length - 1), key, value }),
  },
  { weight: 2, arbitrary: topic.map((one) => ({ do: 'subscribe' as const, ...one })) },
  { weight: 1, arbitrary: topic.map((one) => ({ do: 'unsubscribe' as const, ...one })) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('publish' as const), channel, message: value }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kill' as const), who: fc.constantFrom('client' as const, 'subscriber' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('kill' as const),
      who: fc.constant('waiting' as const),
      calls: fc.array(sound, { maxLength: 2 }),
    }),
  },
);

const setting: fc.Arbitrary<Setting> = fc.record({
  parent: fc.constantFrom('sampled' as const, 'none' as const, 'unsampled' as const),
  config: fc.record(
    {
      keys: fc.constantFrom('safe', 'full', 'family', 'hidden'),
      batchCommands: fc.boolean(),
      requireParentSpan: fc.boolean(),
      spansWhenParentUnsampled: fc.boolean(),
      cacheInsight: fc.boolean(),
      locks: fc.boolean(),
      minDurationMs: fc.constantFrom(0, 1),
      slowMs: fc.constantFrom(0, 1, false as const),
      ignoreCommands: fc.constant(['GET', 'H*']),
      optionalAttributes: fc.constant(['db.redis.key', 'db.redis.args_count', 'db.redis.queue_ms', 'db.redis.wire_ms']),
      semconv: fc.constant('dup'),
      propagateChannels: fc.constant(['orders:*']),
      consumerSpans: fc.boolean(),
      compressSpans: fc.boolean(),
      requestTotals: fc.boolean(),
      spans: fc.constantFrom('all', 'notable'),
      emptyPolls: fc.boolean(),
      ignoreKeys: fc.constant(['a*']),
      internalCommands: fc.boolean(),
      metrics: fc.boolean(),
    },
    { requiredKeys: [] },
  ),
});

export const scenarios: fc.Arbitrary<Scenario> = fc.record({
  flavour: fc.constantFrom(...FLAVOURS),
  steps: fc.array(step, { minLength: 1, maxLength: 24, size: 'max' }),
  setting,
});
