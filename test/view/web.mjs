// A web service of one route, which asks itself: a request, and below it what it does in Redis.
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import { createClient } from 'redis';

const client = createClient({ url: process.env.REDIS_URL });
client.on('error', () => {});
await client.connect();
const server = createServer(async (_, response) => response.end(String(await client.get('user:1')))).listen(0, '127.0.0.1');
await once(server, 'listening');
const [answer] = await once(get({ port: server.address().port, path: '/users/1' }), 'response');
await once(answer.resume(), 'end');
server.close();
await client.close();
