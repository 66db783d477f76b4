// A user's program with redis 3 or before: no line of tracing in it.
const { createClient } = require('redis');

const client = createClient({ url: process.env.REDIS_URL });
client.set('user:7', 'Ada', 'EX', 60, () => {
  client.get('user:7', (_error, name) => {
    console.log(name);
    client.quit();
  });
});
