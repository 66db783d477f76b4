import { ErrorReply } from 'redis';

const TTL_SECONDS = 600;

/** The newest entries. Version 1 of this service kept a feed as one JSON string; such a feed is moved to a list. */
export async function readFeed(client, userId) {
  const key = `user:${userId}:feed`;
  try {
    return await client.lRange(key, 0, 9);
  } catch (error) {
    if (!(error instanceof ErrorReply && error.message.startsWith('WRONGTYPE'))) throw error;
    return migrate(client, key);
  }
}

async function migrate(client, key) {
  const entries = JSON.parse(await client.get(key));
  await client.multi().del(key).rPush(key, entries).expire(key, TTL_SECONDS).exec();
  return entries;
}
