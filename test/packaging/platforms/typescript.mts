// A user's program in TypeScript: no line of tracing in it.
import { createClient } from 'redis';

interface Settings {
  readonly url: string | undefined;
}

const settings: Settings = { url: process.env.REDIS_URL };
const client = createClient(settings);
await client.connect();
await client.set('user:7', 'Ada', { EX: 60 });
console.log(await client.get('user:7'));
await client.quit();
