import assert from 'node:assert/strict';
import { classify } from '../../src/insights/errors';

class SimpleError extends Error {}
class ReplyError extends Error {}
class TimeoutError extends Error {}
const system = Object.assign(new Error('connect ECONNREFUSED 10.1.2.3:6379'), { code: 'ECONNREFUSED' });
const OOM = "command not allowed when used memory > 'maxmemory'.";
const SHA = 'c664a3bf70bd1d45c4284ffebb65a6f2299bfc9f';
const COMPILING = "ERR Error compiling script (new function): user_script:1: unexpected symbol near 'hunter2'";
const wrongNumber = (name: string): string => `ERR wrong number of arguments for '${name}' command`;
const withCode = (message: string, code: string): Error => Object.assign(new ReplyError(message), { code });
const minified = new (class t extends Error {})('boom secret');

describe('errors', () => {
  const cases: readonly [title: string, error: unknown, type: string, statusCode: string | undefined, description: string][] = [
    [
      'a known sentence',
      new SimpleError('WRONGTYPE Operation against a key holding the wrong kind of value'),
      'WRONGTYPE',
      'WRONGTYPE',
      'WRONGTYPE Operation against a key holding the wrong kind of value',
    ],
    [
      'a sentence that echoes',
      new SimpleError("ERR unknown command 'hunter2', with args beginning with: 'secret' "),
      'ERR',
      'ERR',
      'ERR unknown command',
    ],
    [
      'a sub-command that echoes',
      new SimpleError("ERR unknown subcommand 'hunter2'. Try CONFIG HELP."),
      'ERR',
      'ERR',
      'ERR unknown subcommand',
    ],
    [
      'a denial that names the user',
      new SimpleError("NOPERM User alice has no permissions to run the 'get' command"),
      'NOPERM',
      'NOPERM',
      'NOPERM no permission to run the command',
    ],
    ['a text that may hold anything', new SimpleError("NOGROUP No such thing 'hunter2'"), 'NOGROUP', 'NOGROUP', 'NOGROUP (text hidden)'],
    ['a sentence that goes on', new SimpleError('ERR syntax error near hunter2'), 'ERR', 'ERR', 'ERR (text hidden)'],
    ['the place in a script', new SimpleError(`OOM ${OOM} script: ${SHA}, on @user_script:1.`), 'OOM', 'OOM', `OOM ${OOM}`],
    ['the name of a command', new SimpleError(wrongNumber('config|get')), 'ERR', 'ERR', wrongNumber('config|get')],
    ['what stands where a command is named', new SimpleError(wrongNumber('hunter2')), 'ERR', 'ERR', 'ERR wrong number of arguments'],
    ['a script that does not compile', new SimpleError(COMPILING), 'ERR', 'ERR', 'ERR the script does not compile'],
    ['a redirection that names a node', new SimpleError('MOVED 3999 10.0.0.1:6381'), 'MOVED', 'MOVED', 'MOVED (text hidden)'],
    ['a prefix alone', new SimpleError('LOADING'), 'LOADING', 'LOADING', 'LOADING'],
    ['a word of a script for a prefix', new SimpleError('HUNTER2 is it'), 'SimpleError', undefined, 'SimpleError'],
    ['a code that redis 3 made of such a word', withCode('HUNTER2 is it', 'HUNTER2'), 'ReplyError', undefined, 'ReplyError'],
    ['a code that redis 3 made of a prefix', withCode('OOM x', 'OOM'), 'OOM', 'OOM', 'OOM (text hidden)'],
    ['a text without a prefix', new SimpleError('hunter2 is it'), 'SimpleError', undefined, 'SimpleError'],
    ['a system error, by its code', system, 'ECONNREFUSED', undefined, 'ECONNREFUSED'],
    [
      'an error of TLS, by its code',
      withCode('x', 'ERR_SSL_WRONG_VERSION_NUMBER'),
      'ERR_SSL_WRONG_VERSION_NUMBER',
      undefined,
      'ERR_SSL_WRONG_VERSION_NUMBER',
    ],
    ['a certificate, by its code', withCode('x', 'CERT_HAS_EXPIRED'), 'CERT_HAS_EXPIRED', undefined, 'CERT_HAS_EXPIRED'],
    ['a name that is not found, by its code', withCode('x', 'ENOTFOUND'), 'ENOTFOUND', undefined, 'ENOTFOUND'],
    ['a state of redis 3, by its code', withCode('x', 'UNCERTAIN_STATE'), 'UNCERTAIN_STATE', undefined, 'UNCERTAIN_STATE'],
    ['a code of the application', withCode('x', 'ORDER_17'), 'ReplyError', undefined, 'ReplyError'],
    ['a code that looks like one of Node.js', withCode('x', 'ERR_ORDER_17'), 'ReplyError', undefined, 'ReplyError'],
    ['a client error with a constant text', new TimeoutError('The client is closed'), 'TimeoutError', undefined, 'The client is closed'],
    ['a client error with another text', new TimeoutError('hunter2'), 'TimeoutError', undefined, 'TimeoutError'],
    ['a class that minification shortened', minified, '_OTHER', undefined, '_OTHER'],
    ['no error at all', 'hunter2', '_OTHER', undefined, 'rejected with a value that is no Error'],
    ['undefined', undefined, '_OTHER', undefined, 'rejected with a value that is no Error'],
  ];
  for (const [title, error, type, statusCode, description] of cases) {
    it(title, () => assert.deepEqual(classify(error), { type, statusCode, description }));
  }

  it('have few types, whatever listeners throw, and keep the known types', () => {
    const { typeOf } = freshErrors();
    const thrown = Array.from({ length: 2_000 }, (_, index) => [
      Object.assign(new RangeError('x'), { code: `ORDER_${index}` }),
      Object.assign(new Error('x'), { name: `Order${index}` }),
      Reflect.construct(classNamed(`Order${index}Error`), ['x']) as Error,
    ]).flat();
    const types = new Set(thrown.map(typeOf));
    assert.ok(types.size <= 252, `${types.size} types`);
    assert.deepEqual([system, new RangeError('x'), new Error('x'), thrown[1]].map(typeOf), [
      'ECONNREFUSED',
      'RangeError',
      'Error',
      'Order0',
    ]);
  });
});

function classNamed(name: string): typeof Error {
  return { [name]: class extends Error {} }[name] as typeof Error;
}

/** What one process has seen so far is known to it: another copy has seen nothing. */
function freshErrors(): typeof import('../../src/insights/errors') {
  const path = require.resolve('../../src/insights/errors');
  const { [path]: known } = require.cache;
  delete require.cache[path];
  try {
    return require(path);
  } finally {
    require.cache[path] = known;
  }
}
