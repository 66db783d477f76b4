// What both servers do: nothing of it is about tracing.
const { once } = require('node:events');

exports.run = async ({ dns, http, net, createClient }) => {
  const client = await createClient({ url: process.env.REDIS_URL }).connect();
  const inner = http.createServer((_request, response) => response.end('Ada'));
  const outer = http.createServer(async (_request, response) => {
    await client.set('user:7', await (await fetch(urlOf(inner))).text());
    await new Promise((resolve) => dns.lookup('localhost', resolve));
    const socket = net.connect(inner.address().port, '127.0.0.1');
    await once(socket, 'connect');
    socket.destroy();
    await get(urlOf(inner));
    response.end(await client.get('user:7'));
  });
  for (const server of [inner, outer]) await once(server.listen(0, '127.0.0.1'), 'listening');
  console.log(await get(urlOf(outer)));
  await client.close();
  for (const server of [inner, outer]) {
    server.close();
    server.closeAllConnections();
  }
  // By the application's copy of the API, as whoever ends its process by hand does.
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
