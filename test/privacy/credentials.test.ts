import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { type RedisCluster, type RedisServer, startCluster, startStandalone } from '../support/redis-server';
import { type Client, end, folderOf, loadRedis } from '../support/versions';
import { leaksIn } from './marks';
import { record } from './recording';

/** The default user takes any password. */
const withPassword = ({ host, port }: { host: string; port: number }): string => `redis://default:CANARYpassword@${host}:${port}/1`;

describe('a password in the address of a server', () => {
  let server: RedisServer;
  let cluster: RedisCluster;
  before(async () => {
    [server, cluster] = await Promise.all([startStandalone(), startCluster({ masters: 1, replicasPerMaster: 0 })]);
  });
  after(() => Promise.all([server.stop(), cluster.stop()]));

  async function assertHidden(connected: () => Promise<Client>, use: (client: Client) => Promise<unknown>): Promise<void> {
    const recording = record({ semconv: 'dup' });
    const client = await connected();
    await use(client);
    const exported = await recording.exported();
    await end(client);
    await recording.end();
    assert.deepEqual(leaksIn(exported), []);
    const [span] = exported.spans;
    assert.match(String(span?.attributes['server.address']), /^127\.0\.0\.1/);
    assert.ok((exported.metrics?.scopeMetrics.length ?? 0) > 0);
  }

  async function opened(client: Client): Promise<Client> {
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  for (const version of ['4.7', '6.3'] as const) {
    const redis = () => loadRedis(version);
    it(`stays hidden: a client of redis ${version}`, () =>
      assertHidden(
        () => opened(redis().createClient({ url: withPassword(server) })),
        (client) => client.multi().get('a').get('b').exec(),
      ));

    it(`stays hidden: a cluster of redis ${version}`, () =>
      assertHidden(
        () => opened(redis().createCluster({ rootNodes: cluster.nodes.map((node) => ({ url: withPassword(node).slice(0, -2) })) })),
        (client) => client.get('a'),
      ));
  }

  it('stays hidden: a pool of redis 6.3, whose name has the address', () =>
    assertHidden(
      () => opened(loadRedis('6.3').createClientPool?.({ url: withPassword(server) }, { minimum: 1, maximum: 1 })),
      (client) => client.get('a'),
    ));

  it('stays hidden: a client of redis 3.1', () =>
    assertHidden(
      async () => {
        const client = createRequire(`${folderOf('3.1')}/package.json`)('redis').createClient(withPassword(server));
        client.destroy = () => client.end(false);
        return client;
      },
      (client) => new Promise((resolve) => client.get('a', resolve)),
    ));
});
