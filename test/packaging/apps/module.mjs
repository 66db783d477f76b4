// A user's program: no line of tracing in it.
import { createClient } from 'redis';

const client = createClient({ url: process.env.REDIS_URL });
await client.connect();
await client.set('user:7', 'Ada', { EX: 60 });
console.log(await client.get('user:7'));
await client.quit();
