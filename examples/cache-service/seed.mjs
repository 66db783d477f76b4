const TTL_SECONDS = 600;

/** What an older version of the service left in Redis. */
export async function seed(client) {
  const entries = ['joined', 'first order'];
  await client.set('user:9:feed', JSON.stringify(entries), { expiration: { type: 'EX', value: TTL_SECONDS } });
}
