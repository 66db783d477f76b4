// Knows: what an error of Redis or of its client means, and what of its text is safe to keep.
// Must not know: spans, metrics, clients.
import type { Failure } from '../core/facts';
import { FewNames } from '../core/few-names';
import { VALUE_OTHER } from '../core/semconv';
import { clientSentence } from './client-sentences';
import { isKnownCode } from './error-codes';
import { PREFIXES, safeSentence } from './sentences';

/** Describes a rejection. Error texts of Redis can echo arguments, so only known sentences are kept whole. */
export function classify(error: unknown): Failure {
  if (!(error instanceof Error))
    return { type: VALUE_OTHER, statusCode: undefined, description: 'rejected with a value that is no Error' };
  const prefix = redisPrefix(error);
  if (prefix !== undefined) return { type: prefix, statusCode: prefix, description: scrub(prefix, error.message) };
  const sentence = clientSentence(error.message);
  const type = codeOf(error) ?? (isPlain(error) ? sentence?.type : undefined) ?? classOf(error);
  return { type, statusCode: undefined, description: sentence?.text ?? type };
}

/** What kind of trouble an error is, in the words of Redis's clients. */
type ErrorCategory = 'network' | 'tls' | 'auth' | 'server' | 'other';

const AUTH: ReadonlySet<string> = new Set(['NOAUTH', 'WRONGPASS', 'NOPERM']);
const NETWORK: ReadonlySet<string> = new Set(
  (
    'ECONNREFUSED ECONNRESET ECONNABORTED ETIMEDOUT ENOTFOUND ENETUNREACH EHOSTUNREACH EPIPE EAI_AGAIN ' +
    'ConnectionTimeoutError CommandTimeoutDuringMaintenanceError'
  ).split(' '),
);
const SOCKET = /^Socket\w+Error$/;
const TLS = /^(?:UNABLE_TO_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_|ERR_SSL_)/;

export function categoryOf({ type, statusCode }: Failure): ErrorCategory {
  if (statusCode !== undefined) return AUTH.has(statusCode) ? 'auth' : 'server';
  if (NETWORK.has(type) || SOCKET.test(type)) return 'network';
  return TLS.test(type) ? 'tls' : 'other';
}

/** `error.type` of an error that the application's own code threw. Its text is not checked for a prefix of Redis. */
export function typeOf(error: unknown): string {
  return error instanceof Error ? (codeOf(error) ?? classOf(error)) : VALUE_OTHER;
}

const NO_SCRIPT = /^-?NOSCRIPT /;

/**
 * Refusals that programs expect, by command: they create a thing at every start and go on if it exists already, and
 * call a script by its sha and send it if it is missing.
 */
const EXPECTED: ReadonlyMap<string, RegExp> = new Map([
  ['XGROUP CREATE', /^-?BUSYGROUP /],
  ['FT.CREATE', /^(?:ERR )?Index already exists/i],
  ['EVALSHA', NO_SCRIPT],
  ['EVALSHA_RO', NO_SCRIPT],
]);

/** Whether programs expect such a refusal. It is an outcome, as for `SET … NX`, though the call rejected. */
export function isExpected(canonical: string, error: unknown): boolean {
  return error instanceof Error && EXPECTED.get(canonical)?.test(error.message) === true;
}

const PREFIX = /^-?([A-Z]{2,16})(?: |$)/;

function redisPrefix({ message }: Error): string | undefined {
  const prefix = PREFIX.exec(message)?.[1];
  return prefix !== undefined && PREFIXES.has(prefix) ? prefix : undefined;
}

/**
 * The code of Node.js, Redis or its client, for example `ECONNREFUSED`. An AggregateError of several addresses carries
 * it too.
 */
function codeOf(error: Error): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' && isKnownCode(code) ? code : undefined;
}

const CLASS = /^[A-Z]\w{3,47}$/;

/** Whether the class of the error says nothing about the failure. */
function isPlain(error: Error): boolean {
  return error.constructor.name === 'Error' && error.name === 'Error';
}

/** A program has few classes of errors. The name of an error without a class of its own may be any text. */
const classes = new FewNames(200);
const names = new FewNames(50);

/** `exception.type`: the class of the error, as far as that is a name. */
export function exceptionTypeOf(error: unknown): string {
  return error instanceof Error ? classOf(error) : VALUE_OTHER;
}

/** A class name that was shortened by minification says nothing, and changes with every build. */
function classOf(error: Error): string {
  const { name: ofClass } = error.constructor;
  if (ofClass === 'Error') return error.name === ofClass || isFewNamed(error.name, names) ? error.name : VALUE_OTHER;
  return isFewNamed(ofClass, classes) ? ofClass : VALUE_OTHER;
}

function isFewNamed(name: string, few: FewNames): boolean {
  return CLASS.test(name) && few.admits(name);
}

const HIDDEN_TEXT = '(text hidden)';

/** Keeps the prefix, and the sentence behind it only if it cannot echo an argument. */
function scrub(prefix: string, message: string): string {
  const text = message.slice(message.indexOf(prefix) + prefix.length).trim();
  return text === '' ? prefix : `${prefix} ${safeSentence(text) ?? HIDDEN_TEXT}`;
}
