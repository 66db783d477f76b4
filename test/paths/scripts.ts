import { createHash } from 'node:crypto';
import type { Attributes } from '@opentelemetry/api';
import { isIoredis, type Redis, type Version } from '../support/versions';
import { batch, batchItems, type ExpectedSpan, fromV41, lockAttempt, type Path, span, WRONGTYPE, withClient, withScripts } from './path';

const SCRIPT = 'return redis.call("SET", KEYS[1], ARGV[1])';
const SHA = createHash('sha1').update(SCRIPT).digest('hex');
const FAILING_SCRIPT = 'return redis.call("GET", KEYS[1])';
const FAILING_SHA = createHash('sha1').update(FAILING_SCRIPT).digest('hex');
const UNKNOWN_SHA = '0'.repeat(40);
const RELEASE = 'if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("del", KEYS[1]) else return 0 end';
const RELEASE_SHA = createHash('sha1').update(RELEASE).digest('hex');

const LIBRARY = `#!lua name=mylib
redis.register_function { function_name = 'echoKey', callback = function(keys, args) return keys[1] end, flags = { 'no-writes' } }`;

interface Parser {
  push(...args: string[]): void;
  pushKey(key: string): void;
}

/** v4 takes the arguments as an array, v5 and later push them to a parser. */
const TWO_ARGUMENTS = {
  NUMBER_OF_KEYS: 1,
  FIRST_KEY_INDEX: 1,
  IS_READ_ONLY: false,
  transformArguments: (key: string, value: string) => [key, value],
  parseCommand(parser: Parser, key: string, value: string) {
    parser.pushKey(key);
    parser.push(value);
  },
  transformReply: (reply: unknown) => reply,
};

const scriptsOf = (redis: Redis) => ({ setIt: redis.defineScript({ ...TWO_ARGUMENTS, SCRIPT }) });
const functions = { mylib: { echoKey: { ...TWO_ARGUMENTS, NAME: 'echoKey', IS_READ_ONLY: true } } };

const procedure = (operation: string, name: string, text: string, attributes: Attributes = {}): ExpectedSpan => ({
  ...span(operation, text, { 'db.stored_procedure.name': name, ...attributes }),
  name: `${operation} ${name}`,
});

/** What a defined script is called: by its name, where the client knows it. */
const called = (version: Version, name: string, sha: string): string => (isIoredis(version) ? name : sha);

/** Scripts and functions. */
export const SCRIPTS: readonly Path[] = [
  {
    title: 'eval',
    run: ({ client }) => client.eval(SCRIPT, { keys: ['k'], arguments: ['secret'] }),
    spans: () => [span('EVAL', 'EVAL ? 1 k ?')],
  },
  {
    title: 'evalSha of an unknown script, no error: the program sends it',
    run: ({ client }) => client.evalSha(UNKNOWN_SHA, { keys: ['k'] }),
    spans: () => [procedure('EVALSHA', UNKNOWN_SHA, `EVALSHA ${UNKNOWN_SHA} 1 k`, { 'db.response.status_code': 'NOSCRIPT' })],
  },
  {
    title: 'a defined script, first unknown to the server and then known: one span each, no error',
    on: withScripts,
    run: (context) =>
      withClient(context, { scripts: scriptsOf(context.redis) }, async (client) => [
        await client.setIt('k', 'secret'),
        await client.setIt('k', 'secret'),
      ]),
    spans: (version) => [1, 2].map(() => procedure('EVALSHA', called(version, 'setIt', SHA), `EVALSHA ${SHA} 1 k ?`)),
  },
  {
    title: 'a lock, taken by SET and given back by a defined script, once',
    on: withScripts,
    run: (context) => {
      const scripts = { release: context.redis.defineScript({ ...TWO_ARGUMENTS, SCRIPT: RELEASE }) };
      return withClient(context, { scripts }, async (client) => [
        await client.set('lock:k', 'secret', { PX: 5_000, NX: true }),
        await client.release('lock:k', 'secret'),
        await client.release('lock:k', 'secret'),
      ]);
    },
    spans: (version) => [
      span('SET', 'SET lock:k ? PX ? NX', { 'db.redis.value_length': 6, ...lockAttempt(true, 5) }),
      procedure('EVALSHA', called(version, 'release', RELEASE_SHA), `EVALSHA ${RELEASE_SHA} 1 lock:k ?`, {
        'db.redis.lock.key': 'lock:k',
        'db.redis.lock.released': true,
      }),
      // There was none any more: nobody has lost anything.
      procedure('EVALSHA', called(version, 'release', RELEASE_SHA), `EVALSHA ${RELEASE_SHA} 1 lock:k ?`),
    ],
  },
  {
    title: 'a defined script called twice at once while the server does not know it',
    on: withScripts,
    run: (context) =>
      withClient(context, { scripts: scriptsOf(context.redis) }, (client) => Promise.all([client.setIt('a', '1'), client.setIt('b', '2')])),
    spans: (version) => ['a', 'b'].map((key) => procedure('EVALSHA', called(version, 'setIt', SHA), `EVALSHA ${SHA} 1 ${key} ?`)),
  },
  {
    title: 'a defined script inside a multi',
    on: withScripts,
    run: (context) =>
      withClient(context, { scripts: scriptsOf(context.redis) }, (client) => client.multi().setIt('k', 'secret').get('k').exec()),
    spans: (version) => [
      span('MULTI', isIoredis(version) ? `EVALSHA ${SHA} 1 k ?; GET k` : 'EVAL ? 1 k ?; GET k', batch(2, batchItems(1, 0))),
    ],
  },
  {
    title: 'a defined script that fails, without the place in the script',
    on: withScripts,
    given: [['LPUSH', 'list', 'x']],
    run: (context) => {
      const scripts = { getIt: context.redis.defineScript({ ...TWO_ARGUMENTS, SCRIPT: FAILING_SCRIPT }) };
      return withClient(context, { scripts }, (client) => client.getIt('list', 'secret'));
    },
    spans: (version) => [
      {
        ...procedure('EVALSHA', called(version, 'getIt', FAILING_SHA), `EVALSHA ${FAILING_SHA} 1 list ?`, {
          'error.type': 'WRONGTYPE',
          'db.response.status_code': 'WRONGTYPE',
        }),
        error: WRONGTYPE,
      },
    ],
  },
  {
    title: 'a function',
    on: fromV41,
    given: [['FUNCTION', 'LOAD', LIBRARY]],
    run: (context) => withClient(context, { functions }, (client) => client.mylib.echoKey('k', 'secret')),
    spans: () => [procedure('FCALL_RO', 'echoKey', 'FCALL_RO echoKey 1 k ?')],
  },
];
