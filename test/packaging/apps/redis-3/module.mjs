// A user's program with redis 3 or before: no line of tracing in it.
import { once } from 'node:events';
import { promisify } from 'node:util';
import { createClient } from 'redis';

const client = createClient({ url: process.env.REDIS_URL });
const [set, get] = [client.set, client.get].map((method) => promisify(method).bind(client));
await set('user:7', 'Ada', 'EX', 60);
console.log(await get('user:7'));
client.quit();
await once(client, 'end');
