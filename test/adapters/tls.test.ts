import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { assertQuiet, inSpan, redisSpans, resetTracing } from '../support/tracing';
import { end, IOREDIS_VERSIONS, loadRedis, titleOf, type Version } from '../support/versions';

/** One of each seam of redis; of ioredis all, which connect by a class of their own. */
const SEAMS: readonly Version[] = ['3.1', '4.7', '6.3', ...IOREDIS_VERSIONS];

/** Takes TLS off, so that any build of the server will do. */
function terminate(server: RedisServer): Server {
  const folder = mkdtempSync(join(tmpdir(), 'tls-'));
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(folder, name)) as [string, string];
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
  execFileSync('openssl', [...args, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const options = { key: readFileSync(key), cert: readFileSync(cert) };
  rmSync(folder, { recursive: true });
  return createServer(options, (secured) => {
    const plain = connectSocket(server.port, server.host);
    for (const [from, to] of [
      [secured, plain],
      [plain, secured],
    ] as const) {
      from.pipe(to);
      from.on('error', () => to.destroy());
    }
  });
}

describe('a connection with TLS', () => {
  let server: RedisServer;
  let secured: Server;
  before(async () => {
    server = await startStandalone();
    secured = terminate(server);
    await new Promise<void>((resolve) => secured.listen(0, '127.0.0.1', resolve));
  });
  after(async () => {
    secured.close();
    await server.stop();
  });
  beforeEach(() => resetTracing());

  for (const version of SEAMS) {
    it(`has the address that the application gave, on ${titleOf(version)}`, async () => {
      const { port } = secured.address() as AddressInfo;
      const trusted = { rejectUnauthorized: false };
      // Redis 2 to 3 and ioredis have the options of the connection in `tls`, later ones a flag.
      const tls = version.startsWith('3') || version.startsWith('io') ? trusted : true;
      const client = loadRedis(version).createClient({ socket: { host: '127.0.0.1', port, tls, ...(tls === true ? trusted : {}) } });
      client.on('error', () => {});
      await client.connect();
      try {
        await inSpan(() => client.get('k'));
      } finally {
        await end(client);
      }
      const places = redisSpans().map(({ attributes }) => [
        attributes['server.address'],
        attributes['server.port'],
        attributes['cache.hit'],
      ]);
      assert.deepEqual(places, [['127.0.0.1', port, false]]);
      assertQuiet();
    });
  }
});
