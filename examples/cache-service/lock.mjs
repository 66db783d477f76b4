import { randomUUID } from 'node:crypto';
import { defineScript } from 'redis';

// Only the holder may release: the lock may have expired and belong to someone else by now.
export const compareAndDelete = defineScript({
  NUMBER_OF_KEYS: 1,
  SCRIPT: `if redis.call("GET", KEYS[1]) == ARGV[1] then
  return redis.call("DEL", KEYS[1])
end
return 0`,
  parseCommand(parser, key, token) {
    parser.pushKey(key);
    parser.push(token);
  },
  transformReply: (deleted) => deleted === 1,
});

/** Runs `task` while holding the lock; undefined when somebody else holds it. */
export async function withLock(client, name, ttlMs, task) {
  const key = `lock:${name}`;
  const token = randomUUID();
  const acquired = await client.set(key, token, {
    condition: 'NX',
    expiration: { type: 'PX', value: ttlMs },
  });
  if (acquired !== 'OK') return undefined;
  try {
    return await task();
  } finally {
    await client.compareAndDelete(key, token);
  }
}
