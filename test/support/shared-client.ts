// Knows: the server that the tests of a suite share, and a client of the newest redis on it.
// Must not know: what is tested.
import { type RedisServer, startStandalone } from './redis-server';
import { type Client, connect, end, loadRedis } from './versions';

export interface Shared {
  readonly server: RedisServer;
  readonly client: Client;
}

/** For all tests of the suite in whose body it is called; `take` is given both before the first of them. */
export function sharedClient(take: (shared: Shared) => void): void {
  let server: RedisServer;
  let client: Client;
  before(async () => {
    server = await startStandalone();
    client = await connect(loadRedis('6.3'), server);
    // Its introduction is answered before this.
    await client.ping();
    take({ server, client });
  });
  after(async () => {
    await end(client);
    await server.stop();
  });
}
