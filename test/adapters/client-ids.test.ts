// Knows: that a client is found by the id that redis gives it, for what is told of the id alone.
// Must not know: what is recorded of it.
import assert from 'node:assert/strict';
import { Connections } from '../../src/adapters/node-redis/promise/connections';
import { MAX_CLIENTS } from '../../src/adapters/node-redis/server-info';
import { PatchLedger } from '../../src/adapters/shared/patch';
import type { ConnectionRecorder } from '../../src/core/recorder';

interface Sockets {
  default: new (...args: unknown[]) => object;
}

describe('clients by their ids', () => {
  const nobody: ConnectionRecorder = {
    watchConnection: () => {},
    reconnected: () => {},
    connectionFailed: () => {},
    connectionClosed: () => {},
    watchCache: () => {},
    evicted: () => {},
  };
  let connections: Connections;
  let sockets: Sockets;
  let onEvent: (event: string, listener: () => void) => void;
  beforeEach(() => {
    connections = new Connections(nobody);
    onEvent = () => {};
    sockets = {
      default: class {
        connect(): void {}
        on(event: string, listener: () => void): void {
          onEvent(event, listener);
        }
      },
    };
    connections.patchSocket(sockets as never, new PatchLedger(assert.fail), false);
  });
  /** As redis 5.12 and later make their sockets. Connections are kept, as those of clients in use are. */
  const open = (id: string, host: string): object => new sockets.default(() => {}, id, { host, port: 7_000 });

  it('have the server that they had first, wherever they move', () => {
    open('client-1', 'one');
    assert.equal(connections.factsOf('client-1')?.serverAddress, 'one');
    open('client-1', 'two');
    assert.equal(connections.factsOf('client-1')?.serverAddress, 'one');
    assert.equal(connections.factsOf('client-2'), undefined);
  });

  it('are not taken from other arguments', () => {
    new sockets.default(() => {}, { host: 'one' });
    assert.equal(connections.factsOf('[object Object]'), undefined);
  });

  it('are forgotten when there are too many, the oldest first', () => {
    open('first', 'one');
    open('second', 'one');
    assert.ok(connections.factsOf('first'));
    for (let index = 0; index < MAX_CLIENTS - 1; index++) open(`client-${index}`, 'one');
    assert.equal(connections.factsOf('first'), undefined);
    assert.equal(connections.factsOf(`client-${MAX_CLIENTS - 2}`)?.serverAddress, 'one');
  });

  it('have one queue, which the socket that they move to tells when it takes more', () => {
    const queues = { default: class {} };
    connections.patchQueue(queues as never, new PatchLedger(assert.fail));
    const queue = new queues.default();
    const first = open('client-1', 'one');
    const heard: Record<string, () => void> = {};
    onEvent = (event, listener) => {
      heard[event] = listener;
    };
    const second = open('client-1', 'two');
    const writes = connections.of(queue)?.writes;
    assert.equal(writes?.begin(), undefined);
    heard.drain?.();
    assert.ok(writes?.begin());
    assert.notEqual(first, second);
  });
});
