// Two rate limiters: rate-limiter-flexible by itself, and express-rate-limit with rate-limit-redis before a route.
import express from 'express';
import { rateLimit } from 'express-rate-limit';
import { RedisStore } from 'rate-limit-redis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { createClient } from 'redis';

const client = createClient({ url: process.env.REDIS_URL });
client.on('error', (error) => console.error('redis:', error.message));
await client.connect();
const seen = [];

const limiter = new RateLimiterRedis({ storeClient: client, useRedisPackage: true, keyPrefix: 'login', points: 3, duration: 600 });
const outcomeOf = ({ remainingPoints, consumedPoints, isFirstInDuration }) => ({ remainingPoints, consumedPoints, isFirstInDuration });
const consume = () => limiter.consume('ada').then(outcomeOf, (refused) => ({ refused: outcomeOf(refused) }));
for (let attempt = 0; attempt < 4; attempt++) seen.push(await consume());
seen.push(outcomeOf(await limiter.get('ada')), await limiter.delete('ada'), await limiter.get('ada'), await consume());

const app = express();
app.use(
  rateLimit({
    windowMs: 600_000,
    limit: 2,
    standardHeaders: 'draft-7',
    store: new RedisStore({ sendCommand: (...args) => client.sendCommand(args), prefix: 'rate:' }),
  }),
);
app.get('/', (_, response) => response.send('hello'));
const server = app.listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
for (let request = 0; request < 3; request++) {
  const response = await fetch(`http://127.0.0.1:${server.address().port}/`);
  seen.push([response.status, await response.text(), /limit=\d+, remaining=\d+/.exec(response.headers.get('ratelimit'))?.[0]]);
}

console.log(JSON.stringify(seen));
await new Promise((resolve) => server.close(resolve));
await client.close();
