import assert from 'node:assert/strict';
import { classify } from '../../src/insights/errors';

class SimpleError extends Error {}
class TimeoutError extends Error {}
const system = Object.assign(new Error('connect ECONNREFUSED 10.1.2.3:6379'), { code: 'ECONNREFUSED' });
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
      'NOPERM (text hidden)',
    ],
    ['a redirection that names a node', new SimpleError('MOVED 3999 10.0.0.1:6381'), 'MOVED', 'MOVED', 'MOVED (text hidden)'],
    ['a prefix alone', new SimpleError('LOADING'), 'LOADING', 'LOADING', 'LOADING'],
    ['an answer that is an argument', new SimpleError('HUNTER2 is it'), 'SimpleError', undefined, 'SimpleError'],
    ['a text without a prefix', new SimpleError('hunter2 is it'), 'SimpleError', undefined, 'SimpleError'],
    ['a system error, by its code', system, 'ECONNREFUSED', undefined, 'ECONNREFUSED'],
    ['a client error with a constant text', new TimeoutError('The client is closed'), 'TimeoutError', undefined, 'The client is closed'],
    ['a client error with another text', new TimeoutError('hunter2'), 'TimeoutError', undefined, 'TimeoutError'],
    ['a class that minification shortened', minified, '_OTHER', undefined, '_OTHER'],
    ['no error at all', 'hunter2', '_OTHER', undefined, 'rejected with a value that is no Error'],
    ['undefined', undefined, '_OTHER', undefined, 'rejected with a value that is no Error'],
  ];
  for (const [title, error, type, statusCode, description] of cases) {
    it(title, () => assert.deepEqual(classify(error, ['EVAL', 'script', '0', 'HUNTER2']), { type, statusCode, description }));
  }
});
