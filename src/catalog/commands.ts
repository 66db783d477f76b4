// Knows: what every Redis command's arguments and replies mean, one row a command.
// Must not know: how a row is read (grammar.ts) or what is made of it (redact.ts, insights).

/**
 * How a reply tells a hit from a miss. Only commands that read cached data have one: where 0 or empty
 * is ambiguous (STRLEN, LRANGE, SMEMBERS …) there is none.
 *
 * - `value` null is a miss · `each` every element counts for itself · `map` null or empty is a miss
 * - `count` the number found of the keys given · `flag` 0 or 1 · `flags` one of them for each member
 */
export type HitRule = 'value' | 'each' | 'map' | 'count' | 'flag' | 'flags';

export interface CommandRow {
  /** What each argument is, in the language of grammar.ts. */
  readonly args: string;
  readonly hit?: HitRule;
  /** The reply is the number of keys deleted, or of keys that exist. */
  readonly counts?: 'deleted' | 'existing';
  /** The arguments name a stored procedure: a script by its sha, or a function. */
  readonly procedure?: boolean;
  /** The command sends a message to a channel. */
  readonly sends?: boolean;
}

/** By upper-case name; sub-commands by both words. A string is a row with nothing but arguments. */
export const COMMANDS: Readonly<Record<string, string | CommandRow>> = {
  // Strings
  APPEND: 'key value',
  DECR: 'key',
  DECRBY: 'key value',
  GET: { args: 'key', hit: 'value' },
  GETDEL: { args: 'key', hit: 'value' },
  GETEX: { args: 'key [EX=seconds PX=ms EXAT=unix PXAT=unixms PERSIST]', hit: 'value' },
  GETRANGE: 'key number number',
  GETSET: 'key stored',
  INCR: 'key',
  INCRBY: 'key value',
  INCRBYFLOAT: 'key value',
  MGET: { args: 'key+', hit: 'each' },
  MSET: '(key value)+',
  MSETNX: '(key value)+',
  PSETEX: 'key ms stored',
  SET: 'key stored [NX XX GET KEEPTTL EX=seconds PX=ms EXAT=unix PXAT=unixms IFEQ=value IFNE=value IFDEQ=value IFDNE=value]',
  SETEX: 'key seconds stored',
  SETNX: 'key stored',
  SETRANGE: 'key number value',
  STRLEN: 'key',
  SUBSTR: 'key number number',

  // Keys
  COPY: 'key key [DB=number REPLACE]',
  DEL: { args: 'key+', counts: 'deleted' },
  DUMP: { args: 'key', hit: 'value' },
  EXISTS: { args: 'key+', hit: 'count', counts: 'existing' },
  EXPIRE: 'key seconds [NX XX GT LT]',
  EXPIREAT: 'key unix [NX XX GT LT]',
  EXPIRETIME: 'key',
  KEYS: 'pattern',
  MOVE: 'key number',
  'OBJECT ENCODING': 'key',
  'OBJECT FREQ': 'key',
  'OBJECT IDLETIME': 'key',
  'OBJECT REFCOUNT': 'key',
  PERSIST: 'key',
  PEXPIRE: 'key ms [NX XX GT LT]',
  PEXPIREAT: 'key unixms [NX XX GT LT]',
  PEXPIRETIME: 'key',
  PTTL: 'key',
  RANDOMKEY: '',
  RENAME: 'key key',
  RENAMENX: 'key key',
  RESTORE: 'key ms value [REPLACE ABSTTL IDLETIME=number FREQ=number]',
  SCAN: 'cursor [MATCH=pattern COUNT=number TYPE=name]',
  SORT: 'key [BY=pattern LIMIT=number,number GET=pattern ASC DESC ALPHA STORE=key]',
  SORT_RO: 'key [BY=pattern LIMIT=number,number GET=pattern ASC DESC ALPHA]',
  TOUCH: 'key+',
  TTL: 'key',
  TYPE: 'key',
  UNLINK: { args: 'key+', counts: 'deleted' },
  WAIT: 'number number',
  WAITAOF: 'number number number',
  MIGRATE: 'name number key number number [COPY REPLACE AUTH=secret AUTH2=secret,secret KEYS=key+]',

  // Hashes
  HDEL: 'key field+',
  HEXISTS: { args: 'key field', hit: 'flag' },
  HEXPIRE: 'key seconds [NX XX GT LT] FIELDS #field',
  HGET: { args: 'key field', hit: 'value' },
  HGETALL: { args: 'key', hit: 'map' },
  HGETDEL: { args: 'key FIELDS #field', hit: 'each' },
  HGETEX: { args: 'key [EX=seconds PX=ms EXAT=unix PXAT=unixms PERSIST] FIELDS #field', hit: 'each' },
  HINCRBY: 'key field value',
  HINCRBYFLOAT: 'key field value',
  HKEYS: 'key',
  HLEN: 'key',
  HMGET: { args: 'key field+', hit: 'each' },
  HMSET: 'key (field value)+',
  HPEXPIRE: 'key ms [NX XX GT LT] FIELDS #field',
  HPTTL: 'key FIELDS #field',
  HRANDFIELD: 'key number [WITHVALUES]',
  HSCAN: 'key cursor [MATCH=pattern COUNT=number NOVALUES]',
  HSET: 'key (field value)+',
  HSETNX: 'key field value',
  HSTRLEN: 'key field',
  HTTL: 'key FIELDS #field',
  HVALS: 'key',

  // Lists
  BLMOVE: 'key key [LEFT RIGHT] [LEFT RIGHT] number',
  BLPOP: 'key+',
  BRPOP: 'key+',
  BRPOPLPUSH: 'key key number',
  LINDEX: { args: 'key number', hit: 'value' },
  LINSERT: 'key [BEFORE AFTER] value value',
  LLEN: 'key',
  LMOVE: 'key key [LEFT RIGHT] [LEFT RIGHT]',
  LMPOP: '#key [LEFT RIGHT COUNT=number]',
  LPOP: 'key number',
  LPOS: 'key value [RANK=number COUNT=number MAXLEN=number]',
  LPUSH: 'key value+',
  LPUSHX: 'key value+',
  LRANGE: 'key number number',
  LREM: 'key number value',
  LSET: 'key number value',
  LTRIM: 'key number number',
  RPOP: 'key number',
  RPOPLPUSH: 'key key',
  RPUSH: 'key value+',
  RPUSHX: 'key value+',

  // Sets
  SADD: 'key value+',
  SCARD: 'key',
  SDIFF: 'key+',
  SDIFFSTORE: 'key+',
  SINTER: 'key+',
  SINTERCARD: '#key [LIMIT=number]',
  SINTERSTORE: 'key+',
  SISMEMBER: { args: 'key value', hit: 'flag' },
  SMEMBERS: 'key',
  SMISMEMBER: { args: 'key value+', hit: 'flags' },
  SMOVE: 'key key value',
  SPOP: 'key number',
  SRANDMEMBER: 'key number',
  SREM: 'key value+',
  SSCAN: 'key cursor [MATCH=pattern COUNT=number]',
  SUNION: 'key+',
  SUNIONSTORE: 'key+',

  // Sorted sets
  BZPOPMAX: 'key+',
  BZPOPMIN: 'key+',
  ZADD: 'key [NX XX GT LT CH INCR] value+',
  ZCARD: 'key',
  ZCOUNT: 'key value value',
  ZDIFF: '#key [WITHSCORES]',
  ZINCRBY: 'key value value',
  ZINTER: '#key [WEIGHTS=number AGGREGATE=name WITHSCORES]',
  ZMSCORE: { args: 'key value+', hit: 'each' },
  ZPOPMAX: 'key number',
  ZPOPMIN: 'key number',
  ZRANGE: 'key value value [BYSCORE BYLEX REV LIMIT=number,number WITHSCORES]',
  ZRANGEBYSCORE: 'key value value [WITHSCORES LIMIT=number,number]',
  ZRANK: 'key value [WITHSCORE]',
  ZREM: 'key value+',
  ZREMRANGEBYRANK: 'key number number',
  ZREMRANGEBYSCORE: 'key value value',
  ZREVRANGE: 'key number number [WITHSCORES]',
  ZREVRANK: 'key value [WITHSCORE]',
  ZSCAN: 'key cursor [MATCH=pattern COUNT=number NOSCORES]',
  ZSCORE: { args: 'key value', hit: 'value' },
  ZUNION: '#key [WEIGHTS=number AGGREGATE=name WITHSCORES]',
  ZUNIONSTORE: 'key #key [WEIGHTS=number AGGREGATE=name]',

  // Bitmaps, HyperLogLog, geo
  BITCOUNT: 'key number number [BYTE BIT]',
  GETBIT: 'key number',
  SETBIT: 'key number value',
  PFADD: 'key value+',
  PFCOUNT: 'key+',
  PFMERGE: 'key+',
  GEOADD: 'key [NX XX CH] value+',
  GEOPOS: { args: 'key value+', hit: 'each' },

  // Streams
  XACK: 'key name value+',
  XADD: 'key [NOMKSTREAM KEEPREF DELREF ACKED MAXLEN=~number MINID=~number LIMIT=number] cursor (field value)+',
  XDEL: 'key value+',
  'XGROUP CREATE': 'key name cursor [MKSTREAM ENTRIESREAD=number]',
  XLEN: 'key',
  XRANGE: 'key cursor cursor [COUNT=number]',
  XREAD: '[COUNT=number BLOCK=number] STREAMS {key cursor}',
  XREADGROUP: 'GROUP name name [COUNT=number BLOCK=number NOACK CLAIM=number] STREAMS {key cursor}',
  XTRIM: 'key [MAXLEN=~number MINID=~cursor LIMIT=number KEEPREF DELREF ACKED]',

  // Messages
  PUBLISH: { args: 'channel value', sends: true },
  SPUBLISH: { args: 'channel value', sends: true },
  SUBSCRIBE: 'channel+',
  PSUBSCRIBE: 'pattern+',
  UNSUBSCRIBE: 'channel+',
  'PUBSUB CHANNELS': 'pattern',
  'PUBSUB NUMSUB': 'channel+',

  // Scripts and functions
  EVAL: 'script #key value+',
  EVAL_RO: 'script #key value+',
  EVALSHA: { args: 'sha #key value+', procedure: true },
  EVALSHA_RO: { args: 'sha #key value+', procedure: true },
  FCALL: { args: 'name #key value+', procedure: true },
  FCALL_RO: { args: 'name #key value+', procedure: true },
  'SCRIPT EXISTS': 'sha+',
  'SCRIPT FLUSH': '[ASYNC SYNC]',
  'SCRIPT KILL': '',
  'SCRIPT LOAD': 'script',
  'FUNCTION LOAD': '[REPLACE] script',
  'FUNCTION LIST': '[LIBRARYNAME=name WITHCODE]',

  // Transactions
  DISCARD: '',
  EXEC: '',
  MULTI: '',
  UNWATCH: '',
  WATCH: 'key+',

  // Connection and server
  'ACL SETUSER': 'secret+',
  'ACL WHOAMI': '',
  AUTH: 'secret+',
  'CLIENT GETNAME': '',
  'CLIENT ID': '',
  'CLIENT INFO': '',
  'CLIENT LIST': '[TYPE=name ID=number]',
  'CLIENT SETINFO': '[LIB-NAME=value LIB-VER=value]',
  'CLIENT SETNAME': 'name',
  'CLUSTER INFO': '',
  'CLUSTER SLOTS': '',
  COMMAND: '',
  'CONFIG GET': 'pattern+',
  'CONFIG RESETSTAT': '',
  'CONFIG SET': '(name secret)+',
  DBSIZE: '',
  ECHO: 'value',
  FLUSHALL: '[ASYNC SYNC]',
  FLUSHDB: '[ASYNC SYNC]',
  HELLO: 'number [AUTH=secret,secret SETNAME=name]',
  INFO: 'name+',
  'MEMORY USAGE': 'key [SAMPLES=number]',
  MONITOR: '',
  PING: 'value',
  QUIT: '',
  RESET: '',
  ROLE: '',
  SELECT: 'number',
  TIME: '',

  // Modules
  'FT.SEARCH': 'name value+',
  'JSON.DEL': 'key path',
  'JSON.GET': { args: 'key path+', hit: 'value' },
  'JSON.MGET': { args: 'key+', hit: 'each' },
  'JSON.SET': 'key path value [NX XX]',
};
