// Talks to a Redis Cluster. There is no tracing in it, on purpose.
import { createCluster } from 'redis';

const nodes = (process.env.REDIS_NODES ?? 'redis://127.0.0.1:7000').split(',');
const cluster = createCluster({ rootNodes: nodes.map((url) => ({ url })) });
cluster.on('error', (error) => console.error('redis:', error.message));
await cluster.connect();

await cluster.set('user:1', 'Ada', { EX: 60 });
await cluster.set('user:2', 'Grace', { EX: 60 });
// Keys in one pair of braces are in one slot, so that a transaction can have them all.
await cluster.multi().incr('{user:1}:visits').expire('{user:1}:visits', 60).exec();

console.log(await cluster.get('user:1'), await cluster.get('user:2'), await cluster.get('{user:1}:visits'));
await cluster.close();
