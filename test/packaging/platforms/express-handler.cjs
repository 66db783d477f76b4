// A user's server with Express and a logger, which asks another server, a name server and redis, and itself once.
const { once } = require('node:events');

exports.run = async ({ dns, http, net, express, pino, createClient }) => {
  const lines = [];
  const log = pino({}, { write: (line) => lines.push(line) });
  const client = await createClient({ url: process.env.REDIS_URL }).connect();
  const inner = http.createServer((_request, response) => response.end('Ada'));
  const app = express();
  app.get('/users', async (_request, response) => {
    log.info('asked');
    await client.set('user:7', await (await fetch(urlOf(inner))).text());
    await get(urlOf(inner));
    await new Promise((resolve) => dns.lookup('localhost', resolve));
    const socket = net.connect(inner.address().port, '127.0.0.1');
    await once(socket, 'connect');
    socket.destroy();
    response.end(await client.get('user:7'));
  });
  const outer = http.createServer(app);
  for (const server of [inner, outer]) await once(server.listen(0, '127.0.0.1'), 'listening');
  console.log(await get(`${urlOf(outer)}users`), lines.filter((line) => line.includes('trace_id')).length);
  await client.close();
  await require('@opentelemetry/api').trace.getTracerProvider().getDelegate().forceFlush?.();
  process.exit();

  function urlOf(server) {
    return `http://127.0.0.1:${server.address().port}/`;
  }

  function get(url) {
    return new Promise((resolve) => {
      http.get(url, (response) => response.setEncoding('utf8').on('data', resolve));
    });
  }
};
