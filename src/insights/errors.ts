// Knows: what an error of Redis or of its client means, and what of its text is safe to keep.
// Must not know: spans, metrics, clients.
import type { Arguments } from '../core/events';

export interface Failure {
  /** `error.type`: the Redis error prefix, the error's code, or its class. Low cardinality. */
  readonly type: string;
  /** `db.response.status_code`: the Redis error prefix, when Redis answered. */
  readonly statusCode: string | undefined;
  /** A text with nothing of the arguments in it. */
  readonly description: string;
}

const OTHER = '_OTHER';

/** What is said of a rejection. Error texts of Redis can echo arguments, so only known sentences are kept whole. */
export function classify(error: unknown, args: Arguments): Failure {
  if (!(error instanceof Error)) return { type: OTHER, statusCode: undefined, description: 'rejected with a value that is no Error' };
  const prefix = redisPrefix(error, args);
  if (prefix !== undefined) return { type: prefix, statusCode: prefix, description: scrub(prefix, error.message) };
  const type = codeOf(error) ?? classOf(error);
  return { type, statusCode: undefined, description: CLIENT_MESSAGES.has(error.message) ? error.message : type };
}

/** Redis error prefixes are upper-case words; anything longer is text. */
const PREFIX = /^-?([A-Z][A-Z0-9_]{1,31})(?: |$)/;

/** Messages of the client's own errors that begin like a prefix. */
const SERVER_ERROR_CLASSES = /^(?:ErrorReply|SimpleError|BlobError|ReplyError|MultiErrorReply|AuthError)$/;

function redisPrefix(error: Error, args: Arguments): string | undefined {
  if (codeOf(error) !== undefined && !isReplyError(error)) return undefined;
  const prefix = PREFIX.exec(error.message)?.[1];
  // A script can answer with anything, an argument of the call included: that is no prefix.
  return prefix !== undefined && !args.includes(prefix) ? prefix : undefined;
}

function isReplyError(error: Error): boolean {
  return SERVER_ERROR_CLASSES.test(error.name) || SERVER_ERROR_CLASSES.test(error.constructor.name);
}

const CODE = /^[A-Z][A-Z0-9_]{1,47}$/;

/** A system error's code, `ECONNREFUSED`. An AggregateError of several addresses carries it too. */
function codeOf(error: Error): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' && CODE.test(code) ? code : undefined;
}

const CLASS = /^[A-Z]\w{3,47}$/;

/** A class name that minification shortened says nothing, and changes with every build. */
function classOf(error: Error): string {
  const name = error.constructor.name === 'Error' ? error.name : error.constructor.name;
  return CLASS.test(name) ? name : OTHER;
}

/** What the client libraries say of their own state: constant texts. */
const CLIENT_MESSAGES: ReadonlySet<string> = new Set([
  'Cannot send commands in PubSub mode',
  'Connection timeout',
  'Disconnects client',
  'Socket already opened',
  'Socket closed unexpectedly',
  'The client is closed',
  'The client is offline',
  'The command was aborted',
  'The command aborted',
  'The queue is full',
]);

/** Sentences of Redis that hold nothing of the call, as they stand behind the prefix. */
const SENTENCES: readonly RegExp[] = [
  /^Operation against a key holding the wrong kind of value$/,
  /^Authentication required\.$/,
  /^Can't save in background: .{0,40}fork.{0,40}$/,
  /^Connection has not been authenticated/,
  /^DB index is out of range$/,
  /^DISCARD without MULTI$/,
  /^EXEC without MULTI$/,
  /^Hash slot not served$/,
  /^Keys in request don't hash to the same slot$/,
  /^Link with MASTER is down and replica-serve-stale-data is set to 'no'\.$/,
  /^MULTI calls can not be nested$/,
  /^No matching script\. Please use EVAL\.$/,
  /^Redis is busy running a script\. You can only call SCRIPT KILL or SHUTDOWN NOSAVE\.$/,
  /^Redis is loading the dataset in memory$/,
  /^The cluster is down$/,
  /^Transaction discarded because of previous errors\.$/,
  /^WATCH inside MULTI is not allowed$/,
  /^You can't write against a read only (?:replica|slave)\.$/,
  /^command not allowed when used memory > 'maxmemory'\.$/,
  /^hash value is not (?:an integer|a float)$/,
  /^increment or decrement would overflow$/,
  /^index out of range$/,
  /^invalid expire time in '[a-z]+' command$/,
  /^invalid username-password pair or user is disabled\.$/,
  /^min or max is not a float$/,
  /^no such key$/,
  /^offset is out of range$/,
  /^source and destination objects are the same$/,
  /^syntax error$/,
  /^timeout is (?:negative|out of range|not a float or out of range)$/,
  /^value is not (?:an integer or out of range|a valid float|a float)$/,
  /^wrong number of arguments for '[a-z.|_-]+' command$/,
  /^wrong number of arguments \(given \d+, expected [\d.+]+\)$/,
];

const HIDDEN_TEXT = '(text hidden)';

/** The prefix, and the sentence behind it only when it is one of those that cannot echo an argument. */
function scrub(prefix: string, message: string): string {
  const text = message.slice(message.indexOf(prefix) + prefix.length).trim();
  if (text === '') return prefix;
  if (text.startsWith('unknown command')) return `${prefix} unknown command`;
  if (text.startsWith('unknown subcommand')) return `${prefix} unknown subcommand`;
  return `${prefix} ${SENTENCES.some((sentence) => sentence.test(text)) ? text : HIDDEN_TEXT}`;
}
