import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { RedisServer } from './redis-server';
import { startCluster, startSentinel, startStandalone } from './redis-server';
import { until, untilEqual } from './waiting';

describe('servers for tests', () => {
  it('starts a standalone server that answers, also on a unix socket, and leaves nothing behind', async () => {
    const server = await startStandalone({ unixSocket: true });
    assert.equal(await server.request('SET', 'k', 'v'), 'OK');
    assert.equal(await server.request('GET', 'k'), 'v');
    assert.equal(await server.request('GET', 'absent'), null);
    assert.ok(existsSync(String(server.socketPath)));
    await server.stop();
    assertGone([server]);
  });

  it('keeps the port and loses the data at a restart', async () => {
    const server = await startStandalone();
    const { pid } = server;
    await server.request('SET', 'k', 'v');
    await server.restart();
    assert.notEqual(server.pid, pid);
    assert.equal(await server.request('GET', 'k'), null);
    await server.kill();
    assertGone([server]);
  });

  it("passes arguments on, and reports the server's output when it does not start", async () => {
    const server = await startStandalone({ args: ['--requirepass', 'secret'] });
    await assert.rejects(server.request('PING'), /^Error: NOAUTH/);
    await server.stop();
    await assert.rejects(startStandalone({ args: ['--no-such-option', '1'] }), /Bad directive/);
  });

  it('starts many at once on different ports', async () => {
    const servers = await Promise.all(Array.from({ length: 10 }, () => startStandalone()));
    assert.equal(new Set(servers.map(({ port }) => port)).size, 10);
    await Promise.all(servers.map((server) => server.stop()));
    assertGone(servers);
  });

  it('stops its servers when the process exits without stopping them', async () => {
    const module = pathToFileURL(join(__dirname, '../../scripts/redis-server.mjs')).href;
    const program = `import { startStandalone } from '${module}';
      const { port, folder } = await startStandalone();
      console.log(JSON.stringify({ port, folder }));
      process.exit(0);`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
    const { port, folder } = JSON.parse(stdout);
    // Killed is not gone yet: on a busy machine the system needs a moment to close its socket.
    const isRefused = () =>
      dial(port).then(
        () => false,
        (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED',
      );
    await until(isRefused);
    assert.equal(existsSync(folder), false);
  });

  it('starts a cluster whose every slot is served, with a replica for each master', async () => {
    const cluster = await startCluster({ masters: 3, replicasPerMaster: 1 });
    assert.deepEqual(cluster.nodes.map(({ role }) => role).sort(), [
      ...['master', 'master', 'master'],
      ...['replica', 'replica', 'replica'],
    ]);
    assert.equal(cluster.rootNodes.length, 3);
    const replies = await Promise.all(cluster.nodes.map((node) => node.request('SET', 'k', 'v').catch(String)));
    assert.equal(replies.filter((reply) => reply === 'OK').length, 1);
    assert.equal(replies.filter((reply) => String(reply).includes('MOVED')).length, 5);
    await cluster.stop();
    assertGone(cluster.nodes);
  });

  it('starts sentinels that agree on the master', async () => {
    const group = await startSentinel();
    const { master, replica, masterName } = group;
    assert.equal(group.sentinels.length, 3);
    await master.request('SET', 'k', 'v');
    assert.equal(await master.request('WAIT', 1, 1_000), 1);
    // Under load the reply may come before the write is applied.
    await untilEqual(() => replica.request('GET', 'k'), 'v');
    assert.equal(masterName, 'mymaster');
    await group.stop();
    assert.equal(group.servers.length, 5);
    assertGone(group.servers);
  });
});

function assertGone(servers: readonly RedisServer[]): void {
  for (const { pid, folder } of servers) {
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
    assert.equal(existsSync(folder), false);
  }
}

function dial(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}
