// A small cache service in plain node-redis. There is no tracing in it, on purpose.
import { createServer } from 'node:http';
import { connectRedis } from './redis.mjs';
import { createRouter } from './routes.mjs';
import { seed } from './seed.mjs';

const redis = await connectRedis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379');
await seed(redis.client);
const route = await createRouter(redis);

const server = createServer(async (request, response) => {
  const { status, body } = await route(request).catch(failure);
  // While closing, a connection kept alive would hold the process for its whole timeout.
  response.shouldKeepAlive &&= server.listening;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
});

function failure(error) {
  console.error(error);
  return { status: 500, body: { error: 'internal error' } };
}

server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`listening on ${server.address().port}`);
});

process.once('SIGTERM', () => {
  server.close(() => redis.close());
});
