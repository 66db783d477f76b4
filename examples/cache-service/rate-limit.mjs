/** Fixed window: true while `subject` has calls left in the current one. */
export async function allow(client, subject, limit, windowSeconds) {
  const key = `rate:${subject}`;
  const calls = await client.incr(key);
  if (calls === 1) await client.expire(key, windowSeconds);
  return calls <= limit;
}
