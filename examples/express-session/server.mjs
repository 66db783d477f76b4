// Sessions of Express, kept in Redis. There is no tracing in it, on purpose.
import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';
import { createClient } from 'redis';

const client = createClient({ url: process.env.REDIS_URL });
client.on('error', (error) => console.error('redis:', error.message));
await client.connect();

const app = express();
app.use(
  session({
    store: new RedisStore({ client, ttl: 600 }),
    secret: process.env.SESSION_SECRET ?? 'only for this example',
    resave: false,
    saveUninitialized: false,
  }),
);

app.get('/', (request, response) => {
  response.json({ user: request.session.user ?? null });
});

app.post('/login/:user', (request, response) => {
  request.session.user = request.params.user;
  response.json({ user: request.session.user });
});

app.post('/logout', (request, response, next) => {
  request.session.destroy((error) => (error ? next(error) : response.json({ user: null })));
});

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`listening on ${server.address().port}`);
});

process.once('SIGTERM', () => {
  server.close(() => client.close());
});
