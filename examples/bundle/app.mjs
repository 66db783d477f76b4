// Bundled with redis inside. There is no tracing in it, on purpose.
import { createClient } from 'redis';

async function main() {
  const client = createClient({ url: process.env.REDIS_URL });
  client.on('error', (error) => console.error('redis:', error.message));
  await client.connect();
  await client.set('user:7', 'Ada', { EX: 60 });
  console.log(await client.get('user:7'));
  await client.close();
}

main();
