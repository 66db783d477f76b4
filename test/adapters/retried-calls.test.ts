import assert from 'node:assert/strict';
import { isUnknownScript, redirectionOf } from '../../src/adapters/shared/retried-calls';

describe('why a call is sent again', () => {
  it('is read from the message, if there is one', () => {
    assert.equal(redirectionOf(new Error('MOVED 1 127.0.0.1:6379')), 'MOVED');
    assert.equal(redirectionOf({ message: 'ASK 1 127.0.0.1:6379' }), 'ASK');
    assert.equal(isUnknownScript(new Error('NOSCRIPT No matching script.')), true);
  });

  it('is nothing that an application throws in place of an error, which never throws here', () => {
    const thrown = [undefined, null, 'MOVED', 1, Symbol('ASK'), {}, new Error('ERR'), Object.assign(new Error(), { message: 7 })];
    for (const error of thrown) assert.deepEqual([redirectionOf(error), isUnknownScript(error)], [undefined, false]);
  });
});
