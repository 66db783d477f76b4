import assert from 'node:assert/strict';
import { channel } from 'node:diagnostics_channel';
import { Channels } from '../../src/adapters/node-redis/bundled/channels';
import { MAX_CLIENTS } from '../../src/adapters/node-redis/server-info';
import type { Tap } from '../../src/core/tap';
import { instrumentation } from '../support/tracing';

describe('clients known by diagnostics channels', () => {
  const begun: unknown[] = [];
  const tap = { begin: (_client: unknown, args: unknown[]) => void begun.push(args[1]) } as unknown as Tap;
  const channels = new Channels(
    tap,
    assert.fail,
    () => {},
    () => false,
  );
  before(() => {
    instrumentation.disable();
    channels.start();
  });
  after(() => {
    channels.stop();
    instrumentation.enable();
  });

  const connect = (id: number) => channel('tracing:node-redis:connect:start').publish({ clientId: `c${id}`, serverAddress: 'a' });
  const close = (id: number, reason: string) => channel('node-redis:connection:closed').publish({ clientId: `c${id}`, reason });
  const send = (id: number) => channel('tracing:node-redis:command:start').publish({ clientId: `c${id}`, args: ['GET', id] });
  const heard = (ids: readonly number[]): unknown[] => {
    begun.length = 0;
    for (const id of ids) send(id);
    return [...begun];
  };

  it('are forgotten when the application closes them, and kept when their connection is lost', () => {
    for (const id of [1, 2, 3]) connect(id);
    close(1, 'application_close');
    close(2, 'error');
    assert.deepEqual(heard([1, 2, 3]), [2, 3]);
  });

  it('are limited: the oldest is forgotten first', () => {
    for (let id = 4; id < MAX_CLIENTS + 2; id++) connect(id);
    assert.deepEqual(heard([2, 3, 4]), [2, 3, 4]);
    connect(MAX_CLIENTS + 2);
    assert.deepEqual(heard([2, 3, 4, MAX_CLIENTS + 2]), [3, 4, MAX_CLIENTS + 2]);
  });
});
