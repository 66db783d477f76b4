// Knows: how the roles in a cluster or a sentinel group change while it is in use.
// Must not know: any client library.
import { type ClusterNode, eventually, type RedisCluster, type RedisSentinels } from './redis-server';

const MIGRATE_TIMEOUT_MS = 5_000;

/** The master that has a key's slot. */
async function ownerOf(cluster: RedisCluster, key: string, asked = cluster.nodes[0] as ClusterNode): Promise<ClusterNode> {
  const slot = Number(await asked.request('CLUSTER', 'KEYSLOT', key));
  const ranges = (await asked.request('CLUSTER', 'SLOTS')) as [number, number, [string, number]][];
  const port = ranges.find(([first, last]) => first <= slot && slot <= last)?.[2][1];
  const owner = cluster.nodes.find((node) => node.port === port);
  if (owner === undefined) throw new Error(`nobody has slot ${slot}`);
  return owner;
}

/** A replica of the key's master takes over: by agreement, or because the master has crashed. Returns who was the master. */
export async function failOver(cluster: RedisCluster, key: string, how: 'agreed' | 'crash'): Promise<ClusterNode> {
  const master = await ownerOf(cluster, key);
  const id = String(await master.request('CLUSTER', 'MYID'));
  const replica = await replicaOf(cluster, id);
  if (how === 'crash') await master.crash();
  await replica.request('CLUSTER', 'FAILOVER', ...(how === 'crash' ? ['TAKEOVER'] : []));
  const others = cluster.nodes.filter((node) => how === 'agreed' || node !== master);
  await eventually('failover', async () =>
    (await Promise.all(others.map((node) => ownerOf(cluster, key, node)))).every((one) => one === replica),
  );
  return master;
}

/** A master that had crashed is there again, and finds that it is the replica now. */
export async function comeBack(master: ClusterNode): Promise<void> {
  await master.revive();
  await eventually('return', async () => String(await master.request('ROLE')).startsWith('slave'));
}

async function replicaOf(cluster: RedisCluster, masterId: string): Promise<ClusterNode> {
  for (const node of cluster.nodes) {
    const own = String(await node.request('CLUSTER', 'NODES'))
      .split('\n')
      .find((line) => line.includes('myself'));
    if (own?.includes(masterId) && own.includes('slave')) return node;
  }
  throw new Error(`no replica of ${masterId}`);
}

/** Gives a slot with all its keys to another master, as `redis-cli --cluster reshard` does. Returns how many keys moved. */
export async function moveSlot(cluster: RedisCluster, key: string, toOwnerOf: string): Promise<number> {
  const [from, to] = [await ownerOf(cluster, key), await ownerOf(cluster, toOwnerOf)];
  const slot = Number(await from.request('CLUSTER', 'KEYSLOT', key));
  const [fromId, toId] = [String(await from.request('CLUSTER', 'MYID')), String(await to.request('CLUSTER', 'MYID'))];
  await to.request('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId);
  await from.request('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId);
  let moved = 0;
  for (;;) {
    const keys = (await from.request('CLUSTER', 'GETKEYSINSLOT', slot, 5)) as string[];
    if (keys.length === 0) break;
    await from.request('MIGRATE', to.host, to.port, '', 0, MIGRATE_TIMEOUT_MS, 'KEYS', ...keys);
    moved += keys.length;
  }
  for (const node of [to, from]) await node.request('CLUSTER', 'SETSLOT', slot, 'NODE', toId);
  await eventually('move', async () =>
    (await Promise.all(cluster.nodes.map((node) => ownerOf(cluster, key, node)))).every((one) => one === to),
  );
  return moved;
}

/** The sentinels make the replica the master, and the master its replica. */
export async function failOverSentinel(
  { sentinels, servers, master, replica, masterName }: RedisSentinels,
  how: 'agreed' | 'crash',
): Promise<void> {
  const watching = servers.filter(({ port }) => sentinels.some((one) => one.port === port));
  if (how === 'crash') await master.crash();
  else await watching[0]?.request('SENTINEL', 'FAILOVER', masterName);
  const agree = async (): Promise<boolean> => {
    const addresses = await Promise.all(watching.map((one) => one.request('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', masterName)));
    return addresses.every((address) => Number((address as string[])[1]) === replica.port);
  };
  await eventually('failover', agree);
  await eventually('promotion', async () => String(await replica.request('ROLE')).startsWith('master'));
}
