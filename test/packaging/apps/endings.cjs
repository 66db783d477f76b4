// A user's program that ends by itself; APP_ENDING says how.
const { createClient } = require('redis');

const endings = {
  code: () => {
    process.exitCode = 3;
  },
  exit: () => process.exit(4),
  throw: () => {
    throw new Error('a fault of the application');
  },
  late: () => process.once('beforeExit', () => setTimeout(() => console.log('late work'), 50)),
};

async function main() {
  const client = createClient({ url: process.env.REDIS_URL });
  await client.connect();
  await client.set('user:7', 'Ada');
  await client.quit();
  setImmediate(endings[process.env.APP_ENDING]);
}

main();
