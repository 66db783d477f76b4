import { createClient, createClientPool } from 'redis';
import { compareAndDelete } from './lock.mjs';

/** One shared client, one for subscriptions, and a pool for commands that block their connection. */
export async function connectRedis(url) {
  const client = createClient({ url, scripts: { compareAndDelete } });
  const subscriber = client.duplicate();
  const pool = createClientPool({ url }, { minimum: 1, maximum: 4, acquireTimeout: 2_000 });
  for (const connection of [client, subscriber, pool]) {
    connection.on('error', (error) => console.error('redis:', error.message));
  }
  await Promise.all([client.connect(), subscriber.connect(), pool.connect()]);

  const close = async () => {
    await subscriber.unsubscribe();
    await Promise.all([client.close(), subscriber.close(), pool.close()]);
  };
  return { client, subscriber, pool, close };
}
