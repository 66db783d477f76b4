// A user's program that is bundled together with redis, and gives its client away because a redis before 5.12 needs it.
import { instrumentClient } from 'opentelemetry-instrumentation-redis';
import { createClient } from 'redis';

const client = instrumentClient(createClient({ url: process.env.REDIS_URL }));
await client.connect();
await client.set('user:7', 'Ada', { EX: 60 });
console.log(await client.get('user:7'));
await client.quit();
