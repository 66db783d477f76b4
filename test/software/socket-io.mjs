// Two servers of socket.io with @socket.io/redis-adapter: what one emits reaches the clients of the other.
import { createAdapter } from '@socket.io/redis-adapter';
import { createClient } from 'redis';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';

async function startServer() {
  const publisher = createClient({ url: process.env.REDIS_URL });
  const subscriber = publisher.duplicate();
  for (const client of [publisher, subscriber]) client.on('error', (error) => console.error('redis:', error.message));
  await Promise.all([publisher.connect(), subscriber.connect()]);
  const server = new Server({ adapter: createAdapter(publisher, subscriber) });
  server.on('connection', (socket) => socket.join('news'));
  server.listen(0, { host: '127.0.0.1' });
  await new Promise((resolve) => server.httpServer.once('listening', resolve));
  const close = async () => {
    await server.close();
    await Promise.all([publisher.close(), subscriber.close()]);
  };
  return { server, url: `http://127.0.0.1:${server.httpServer.address().port}`, close };
}

const [one, other] = await Promise.all([startServer(), startServer()]);
const client = io(other.url, { transports: ['websocket'] });
await new Promise((resolve) => client.once('connect', resolve));
const received = new Promise((resolve) => client.once('headline', (...args) => resolve(args)));
const seen = [(await one.server.in('news').fetchSockets()).length];
one.server.to('news').emit('headline', 'it rains', { bytes: Buffer.from([1, 2, 3]) });
const [text, { bytes }] = await received;
seen.push(text, [...bytes]);

console.log(JSON.stringify(seen));
client.disconnect();
await Promise.all([one.close(), other.close()]);
