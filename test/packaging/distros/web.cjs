// Knows: a web application with a cache.
// Must not know: who traces it.
'use strict';
const http = require('node:http');
const { createClient } = require('redis');

async function main() {
  const client = createClient({ url: process.env.REDIS_URL });
  client.on('error', () => {});
  await client.connect();
  await client.set('user:7', 'Ada');
  const server = http.createServer(async (_request, response) => response.end(await client.get('user:7')));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  http.get({ host: '127.0.0.1', port, path: '/hello', agent: false }, (response) => {
    response.on('data', (data) => process.stdout.write(`${data}\n`));
  });
  // Whoever started it ends it, when the telemetry has come.
}

main();
