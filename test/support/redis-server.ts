// Knows: how to make real servers a standalone, a cluster or a sentinel group, and when each is ready for a client.
// Must not know: any client library. Single processes are the matter of scripts/redis-server.mjs, which the demo shares.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { baseArgs, type RedisServer, startServer, startStandalone } from '../../scripts/redis-server.mjs';

export { type RedisServer, startStandalone };

export interface ClusterNode extends RedisServer {
  readonly role: 'master' | 'replica';
}

export interface RedisCluster {
  readonly nodes: readonly ClusterNode[];
  /** The masters, as `createCluster({ rootNodes })` takes them. */
  readonly rootNodes: { url: string }[];
  stop(): Promise<void>;
}

export interface RedisSentinels {
  readonly masterName: string;
  readonly sentinels: readonly { host: string; port: number }[];
  readonly master: RedisServer;
  readonly replica: RedisServer;
  /** All five. */
  readonly servers: readonly RedisServer[];
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const SLOTS = 16_384;
const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 50;
const MASTER_NAME = 'mymaster';
const QUORUM = 2;

// By default a master waits five seconds for more replicas before it sends its data to the first, and pings them every
// ten; until the first ping moves the replication offset, CLUSTER SLOTS hides a replica.
const FAST_REPLICATION = ['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1'];

export async function startCluster({ masters = 3, replicasPerMaster = 1 } = {}): Promise<RedisCluster> {
  const servers = await startAll(masters * (1 + replicasPerMaster), startClusterServer);
  const owners = servers.slice(0, masters);
  const replicas = servers.slice(masters);
  try {
    const nodes = [...owners.map((node) => withRole(node, 'master')), ...replicas.map((node) => withRole(node, 'replica'))];
    await meet(servers);
    await shareSlots(owners);
    await Promise.all(
      owners.map((owner, i) =>
        follow(
          owner,
          replicas.filter((_, j) => j % masters === i),
        ),
      ),
    );
    await eventually('cluster', () => every(servers, (server) => isClusterReady(server, masters, replicasPerMaster)));
    const rootNodes = owners.map(({ url }) => ({ url }));
    return { nodes, rootNodes, stop: () => stopAll(servers) };
  } catch (error) {
    await stopAll(servers);
    throw error;
  }
}

export async function startSentinel(): Promise<RedisSentinels> {
  const master = await startStandalone({ args: FAST_REPLICATION });
  const started = [master];
  try {
    const replica = await startStandalone({ args: [...FAST_REPLICATION, '--replicaof', master.host, `${master.port}`] });
    started.push(replica);
    await eventually('replica', () => isLinked(replica));
    const sentinels = await startAll(3, () => startSentinelServer(master));
    started.push(...sentinels);
    await Promise.all(sentinels.map(hurry));
    await eventually('sentinels', () => every(sentinels, isSentinelReady));
    const addresses = sentinels.map(({ host, port }) => ({ host, port }));
    const stop = () => stopAll(started);
    return { masterName: MASTER_NAME, sentinels: addresses, master, replica, servers: started, stop };
  } catch (error) {
    await stopAll(started);
    throw error;
  }
}

function startClusterServer(): Promise<RedisServer> {
  return startServer(({ folder, port }) => [
    ...baseArgs(folder, port),
    ...FAST_REPLICATION,
    ...['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf', '--cluster-node-timeout', '2000'],
    // One that has met nobody does not know its own.
    ...['--cluster-announce-ip', HOST],
  ]);
}

// Object.defineProperty and not a spread: `pid` is a getter that follows restarts.
function withRole(server: RedisServer, role: ClusterNode['role']): ClusterNode {
  return Object.defineProperty(server, 'role', { value: role, enumerable: true }) as ClusterNode;
}

// Everybody meets everybody: waiting for gossip to spread the addresses takes seconds longer.
async function meet(servers: readonly RedisServer[]): Promise<void> {
  await Promise.all(servers.map((server, i) => server.request('CLUSTER', 'SET-CONFIG-EPOCH', i + 1)));
  const pairs = servers.flatMap((from, i) => servers.slice(i + 1).map((to) => [from, to] as const));
  await Promise.all(pairs.map(([from, to]) => from.request('CLUSTER', 'MEET', to.host, to.port)));
}

async function shareSlots(masters: readonly RedisServer[]): Promise<void> {
  const share = SLOTS / masters.length;
  await Promise.all(
    masters.map((master, i) => {
      const [first, end] = [Math.round(i * share), Math.round((i + 1) * share)];
      const slots = Array.from({ length: end - first }, (_, offset) => first + offset);
      // ADDSLOTSRANGE would be shorter, but only Redis 7 has it.
      return master.request('CLUSTER', 'ADDSLOTS', ...slots);
    }),
  );
}

async function follow(master: RedisServer, replicas: readonly RedisServer[]): Promise<void> {
  const id = String(await master.request('CLUSTER', 'MYID'));
  await every(replicas, async (replica) => {
    await eventually('introduction', async () => String(await replica.request('CLUSTER', 'NODES')).includes(id));
    return (await replica.request('CLUSTER', 'REPLICATE', id)) === 'OK';
  });
}

// A client may ask any node for the topology, so every node has to know all of it.
async function isClusterReady(server: RedisServer, masters: number, replicasPerMaster: number): Promise<boolean> {
  const info = String(await server.request('CLUSTER', 'INFO'));
  if (!info.includes('cluster_state:ok') || !info.includes(`cluster_slots_ok:${SLOTS}`)) return false;
  const ranges = (await server.request('CLUSTER', 'SLOTS')) as unknown[][];
  const complete = ranges.every(([, , ...owners]) => owners.length === 1 + replicasPerMaster);
  return ranges.length === masters && complete && isLinked(server);
}

async function isLinked(server: RedisServer): Promise<boolean> {
  const info = String(await server.request('INFO', 'replication'));
  return info.includes('role:master') || info.includes('master_link_status:up');
}

function startSentinelServer(master: RedisServer): Promise<RedisServer> {
  return startServer(async ({ folder, port }) => {
    // A sentinel rewrites its configuration, so it has to be a file.
    const file = join(folder, 'sentinel.conf');
    const lines = [
      `port ${port}`,
      `bind ${master.host}`,
      `dir ${folder}`,
      `sentinel monitor ${MASTER_NAME} ${master.host} ${master.port} ${QUORUM}`,
      `sentinel down-after-milliseconds ${MASTER_NAME} 1000`,
      `sentinel failover-timeout ${MASTER_NAME} 3000`,
    ];
    await writeFile(file, `${lines.join('\n')}\n`);
    return [file, '--sentinel'];
  });
}

// Sentinels look around every two to ten seconds; servers before Redis 7 cannot be told to hurry and just take longer.
async function hurry(sentinel: RedisServer): Promise<void> {
  await sentinel.request('SENTINEL', 'DEBUG', 'INFO-PERIOD', 200, 'PUBLISH-PERIOD', 200).catch(() => undefined);
}

async function isSentinelReady(sentinel: RedisServer): Promise<boolean> {
  const reply = (await sentinel.request('SENTINEL', 'MASTER', MASTER_NAME)) as string[];
  const read = (field: string) => reply[reply.indexOf(field) + 1];
  return read('flags') === 'master' && read('num-slaves') === '1' && read('num-other-sentinels') === '2';
}

// One that fails to start must not leave the others behind.
async function startAll(count: number, start: () => Promise<RedisServer>): Promise<RedisServer[]> {
  const results = await Promise.allSettled(Array.from({ length: count }, start));
  const servers = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failure = results.find((result) => result.status === 'rejected');
  if (failure === undefined) return servers;
  await stopAll(servers);
  throw failure.reason;
}

async function stopAll(servers: readonly RedisServer[]): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()));
}

async function every(servers: readonly RedisServer[], test: (server: RedisServer) => Promise<boolean>): Promise<boolean> {
  return (await Promise.all(servers.map(test))).every(Boolean);
}

export async function eventually(what: string, test: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (!(await test())) {
    if (Date.now() > deadline) throw new Error(`${what} not ready after ${READY_TIMEOUT_MS} ms`);
    await sleep(POLL_MS);
  }
}
