const CHANNEL = 'cache:invalidate';
const TTL_SECONDS = 600;

/** Feature flags, with copies in process memory that every instance drops when one of them writes. */
export async function createFlags(client, subscriber) {
  const copies = new Map();
  await subscriber.subscribe(CHANNEL, (name) => copies.delete(name));

  async function read(name) {
    if (!copies.has(name)) copies.set(name, await client.get(`flag:${name}`));
    return copies.get(name);
  }

  async function write(name, value) {
    await client.set(`flag:${name}`, value, { expiration: { type: 'EX', value: TTL_SECONDS } });
    await client.publish(CHANNEL, name);
  }

  return { read, write };
}
