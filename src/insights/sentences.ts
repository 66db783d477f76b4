// Knows: error prefixes and sentences of Redis and Valkey servers that never contain a part of the call.
// Must not know: errors of clients, spans.
import { lookup } from '../catalog';

/**
 * Prefixes of Redis, Valkey, their sentinels and clusters. This is a list and not a pattern: a script can return an
 * argument as a prefix, `redis.error_reply(ARGV[1])`, and then the prefix is a value.
 */
export const PREFIXES: ReadonlySet<string> = new Set(
  (
    'ASK BUSY BUSYGROUP BUSYKEY CLUSTERDOWN CROSSSLOT DENIED ERR EXECABORT INPROG INVALIDOBJ IOERR LOADING ' +
    'MASTERDOWN MISCONF MOVED NOAUTH NOGOODSLAVE NOGROUP NOMASTERLINK NOPERM NOPROTO NOQUORUM NOREPLICAS ' +
    'NOSCRIPT NOSUB NOTBUSY OOM READONLY REDIRECT TESTFAILED TRYAGAIN UNBLOCKED UNKILLABLE WRONGPASS WRONGTYPE'
  ).split(' '),
);

/** Sentences that are kept. They are compared as a whole, so they cannot contain a value. */
const SENTENCES: ReadonlySet<string> = new Set([
  // Of any command
  'Operation against a key holding the wrong kind of value',
  'Key is not a valid HyperLogLog string value.',
  'Corrupted HLL object detected',
  "command not allowed when used memory > 'maxmemory'.",
  'index out of range',
  'invalid cursor',
  'no such key',
  'offset is out of range',
  'source and destination objects are the same',
  'string exceeds maximum allowed size (proto-max-bulk-len)',
  'syntax error',
  'timeout is negative',
  'timeout is not a float or out of range',
  'timeout is out of range',
  'value is not a float',
  'value is not a valid float',
  'value is not an integer or out of range',
  'value is out of range',
  'value is out of range, must be positive',
  // Of one kind of data
  'BITOP NOT must be called with a single source key.',
  "COUNT can't be negative",
  'DUMP payload version or checksum are wrong',
  'Bad data format',
  'Elements are too large to be stored',
  'GT, LT, and/or NX options at the same time are not compatible',
  'INCR option supports a single increment-element pair',
  'Invalid TTL value, must be >= 0',
  'Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.',
  'Invalid stream ID specified as stream command argument',
  "LIMIT can't be negative",
  "MAXLEN can't be negative",
  'NX and XX, GT or LT options at the same time are not compatible',
  "One or more scores can't be converted into double",
  "RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start " +
    'from the end of the list',
  'Target key name already exists.',
  'The ID specified in XADD is equal or smaller than the target stream top item',
  'The ID specified in XADD must be greater than 0-0',
  'The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM ' +
    'option to create an empty stream automatically.',
  'The bit argument must be 1 or 0.',
  'The specified key does not exist',
  'The specified keys must contain string values',
  'The stream has exhausted the last possible ID, unable to add more items',
  'Consumer Group name already exists',
  "Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.",
  "Unbalanced 'xread' list of streams: for each stream key an ID, '+', or '$' must be specified.",
  "Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified.",
  'XX and NX options at the same time are not compatible',
  'at least 1 input key is needed for this command',
  'bit is not an integer or out of range',
  'bit offset is not an integer or out of range',
  'could not decode requested zset member',
  'count should be greater than 0',
  'decrement would overflow',
  'hash value is not a float',
  'hash value is not an integer',
  'increment or decrement would overflow',
  'increment would produce NaN or Infinity',
  'min or max is not a float',
  'min or max not valid string range item',
  'numkeys should be greater than 0',
  'resulting score is not a number (NaN)',
  'unsupported unit provided. please use M, KM, FT, MI',
  'value is NaN or Infinity',
  'weight value is not a float',
  'the consumer group this client was blocked on no longer exists',
  'the stream key no longer exists',
  // Transactions, scripts and functions
  'Command not allowed inside a transaction',
  'DISCARD without MULTI',
  'EXEC without MULTI',
  'MULTI calls can not be nested',
  'Transaction discarded because of previous errors.',
  'WATCH inside MULTI is not allowed',
  'Function not found',
  'Library not found',
  'Missing library metadata',
  'No matching script.',
  'No matching script. Please use EVAL.',
  'No scripts in execution right now.',
  "Number of keys can't be greater than number of args",
  "Number of keys can't be negative",
  'Write commands are not allowed from read-only scripts.',
  'This Redis command is not allowed from script',
  'Can not run script with write flag on readonly replica',
  "allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'",
  // Authentication and permissions
  'Authentication required.',
  'AUTH <password> called without any password configured for the default user. Are you sure your ' +
    'configuration is correct?',
  'HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option ' +
    'can be used to authenticate the client and select the RESP protocol version at the same time',
  'No permissions to access a channel',
  'No permissions to access a key',
  'invalid username-password pair or user is disabled.',
  'this user has no permissions to access one of the channels used as arguments',
  'this user has no permissions to access one of the keys used as arguments',
  'max number of clients reached',
  'max number of clients + cluster connections reached',
  'unsupported protocol version',
  // State of the server
  "Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a " +
    'BGSAVE whenever possible.',
  'Background append only file rewriting already in progress',
  'Background save already in progress',
  'DB index is out of range',
  'invalid DB index',
  'Redis is busy running a module command.',
  'Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.',
  'Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
  'Valkey is busy running a module command.',
  'Valkey is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.',
  'Valkey is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
  'Redis is loading the dataset in memory',
  'Valkey is loading the dataset in memory',
  "Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may " +
    'modify the data set are disabled, because this instance is configured to report errors during writes if RDB ' +
    'snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the ' +
    'RDB error.',
  "Valkey is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may " +
    'modify the data set are disabled, because this instance is configured to report errors during writes if RDB ' +
    'snapshotting fails (stop-writes-on-bgsave-error option). Please check the Valkey logs for details about the ' +
    'RDB error.',
  // Replication and cluster
  'Failover already in progress',
  'Hash slot not served',
  "Keys in request don't hash to the same slot",
  "Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
  'Multiple keys request during rehashing of slot',
  'No suitable replica to promote',
  'Not enough good replicas to write.',
  'SELECT is not allowed in cluster mode',
  'The cluster is down',
  'The cluster is down and only accepts read commands',
  'This instance has cluster support disabled',
  "You can't write against a read only replica.",
  "You can't write against a read only slave.",
  'client unblocked via CLIENT UNBLOCK',
  'error or timeout connecting to the client',
  'force unblock from blocking operation, instance state changed (master -> replica?)',
]);

/** Sentences that end in a part of the call. They are recognised by a constant part and replaced by our own words. */
const SUMMARIES: readonly (readonly [part: RegExp, text: string])[] = [
  [/^unknown command/, 'unknown command'],
  [/^unknown subcommand/i, 'unknown subcommand'],
  [/^wrong number of arguments/, 'wrong number of arguments'],
  [/^invalid expire time/, 'invalid expire time'],
  [/^Error compiling (?:script|function)/, 'the script does not compile'],
  [/^No such (?:key|consumer group) '/, 'No such key or consumer group'],
  [/ has no permissions to run the '/, 'no permission to run the command'],
  [/ has no permissions to access the '.*' key$/, 'No permissions to access a key'],
  [/ has no permissions to access the '.*' channel$/, 'No permissions to access a channel'],
  [/^error or timeout (?:reading from|writing to) target instance/, 'error or timeout talking to the target instance'],
];

/**
 * Sentences that name a command. They are kept only if it is a known command: a script may have put an argument
 * there.
 */
const OF_COMMAND = /^(?:wrong number of arguments for|invalid expire time in) '([a-z0-9._|-]{1,40})' command$/;

function namesCommand(sentence: string): boolean {
  const name = OF_COMMAND.exec(sentence)?.[1];
  return name !== undefined && lookup(name.split('|')).rule !== undefined;
}

/** Redis appends the position of the error in a script. */
const SCRIPT_TRAIL = / script: [\w-]{1,64}, on @?[\w-]{1,64}:\d{1,7}\.?$/;

/** Returns the part of the text behind a prefix that is safe to keep; undefined if it could hold a value. */
export function safeSentence(text: string): string | undefined {
  const sentence = text.replace(SCRIPT_TRAIL, '');
  if (SENTENCES.has(sentence) || namesCommand(sentence)) return sentence;
  return SUMMARIES.find(([part]) => part.test(sentence))?.[1];
}
