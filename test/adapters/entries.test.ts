import assert from 'node:assert/strict';
import { QueueEntries } from '../../src/adapters/node-redis/promise/entries';
import { observe } from '../../src/adapters/shared/observe';

describe('the entries of a queue', () => {
  it('never send a command twice that a queue takes without showing it', async () => {
    const entries = new QueueEntries();
    const sent: unknown[] = [];
    const add = entries.adding((args, how): Promise<unknown> => {
      if (how === 'refused') return Promise.reject(new Error('The queue is full'));
      sent.push(args);
      return new Promise((resolve, reject) => {
        const entry = { args, resolve, reject };
        if (how === 'shown') entries.meet(entry, {});
        entry.resolve('reply');
      });
    });
    const ended: unknown[] = [];
    const ending = {
      succeed: (reply: unknown) => void ended.push(reply),
      fail: (error: unknown) => void ended.push((error as Error).message),
    };
    for (const how of ['shown', 'hidden']) assert.equal(await add({}, [['INCR', how], how], ending, observe), 'reply');
    await assert.rejects(add({}, [['INCR', 'refused'], 'refused'], ending, observe), /The queue is full/);
    assert.deepEqual(sent, [
      ['INCR', 'shown'],
      ['INCR', 'hidden'],
    ]);
    assert.deepEqual(ended, ['reply', 'reply', 'The queue is full']);
  });

  it('let go of the command and its promise once it has settled', () => {
    const entries = new QueueEntries();
    const told: string[] = [];
    const entry = { resolve: () => void told.push('resolve'), reject: () => void told.push('reject') };
    entries.next({ succeed: () => void told.push('succeed'), fail: () => void told.push('fail') }, () => entries.meet(entry, {}));
    // Redis 4 may abort a command and answer it later.
    entry.reject();
    entry.resolve();
    assert.deepEqual(told, ['fail', 'reject']);
  });
});
