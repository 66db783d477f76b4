import { createClient } from 'redis';
import { shutdown } from './telemetry.mjs';

const client = createClient({ url: process.env.REDIS_URL });
client.on('error', (error) => console.error('redis:', error.message));
await client.connect();

await client.ping();
await client.set('user:7', 'Ada', { EX: 60 });
console.log(await client.get('user:7'));

await client.close();
await shutdown();
