// A user's program that works until somebody says that it is done.
const { setTimeout: sleep } = require('node:timers/promises');
const { createClient } = require('redis');

(async () => {
  const client = await createClient({ url: process.env.REDIS_URL }).connect();
  while ((await client.get('done')) === null) await sleep(5);
  await client.close();
})();
