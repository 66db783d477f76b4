// Knows: how a slot of a cluster is given away, for good or for the time of a test, and what was refused meanwhile.
// Must not know: any client library.
import { type ClusterNode, eventually } from './redis-server';

const MIGRATE_TIMEOUT_MS = 5_000;

async function slotOf(key: string, node: ClusterNode): Promise<number> {
  return Number(await node.request('CLUSTER', 'KEYSLOT', key));
}

async function idOf(node: ClusterNode): Promise<string> {
  return String(await node.request('CLUSTER', 'MYID'));
}

/**
 * Gives the slot of a key that is nowhere stored to another master. A message of the old owner may still be on its way,
 * and says that the slot is its own: the newer epoch wins, so all must know the epochs before the next move.
 */
export async function moveSlot(masters: readonly ClusterNode[], key: string, to: ClusterNode): Promise<void> {
  const [slot, id] = [await slotOf(key, to), await idOf(to)];
  await Promise.all(masters.map((master) => master.request('DEL', key).catch(() => {})));
  const others = masters.filter((master) => master !== to);
  // Only who imports a slot takes a new epoch, and tells the others at once.
  await to.request('CLUSTER', 'SETSLOT', slot, 'IMPORTING', await idOf(others[0] as ClusterNode));
  for (const master of [to, ...others]) await master.request('CLUSTER', 'SETSLOT', slot, 'NODE', id);
  await eventually('move', async () => {
    const [own = '', ...views] = await Promise.all([to, ...others].map((master) => viewOf(master, id)));
    return own !== '' && views.every((view) => view === own);
  });
}

/** What a node knows of another: its epoch and its slots. */
async function viewOf(node: ClusterNode, id: string): Promise<string> {
  const lines = String(await node.request('CLUSTER', 'NODES')).split('\n');
  const [, , , , , , epoch, , ...slots] = (lines.find((line) => line.startsWith(id)) ?? '').split(' ');
  return [epoch, ...slots].join(' ');
}

export async function startMigration(key: string, from: ClusterNode, to: ClusterNode): Promise<void> {
  const slot = await slotOf(key, from);
  await to.request('CLUSTER', 'SETSLOT', slot, 'IMPORTING', await idOf(from));
  await from.request('CLUSTER', 'SETSLOT', slot, 'MIGRATING', await idOf(to));
}

export async function endMigration(key: string, from: ClusterNode, to: ClusterNode): Promise<void> {
  const slot = await slotOf(key, from);
  await Promise.all([from, to].map((node) => node.request('CLUSTER', 'SETSLOT', slot, 'STABLE')));
}

/** One key of a slot that is on its way. */
export async function migrateKey(key: string, from: ClusterNode, to: ClusterNode): Promise<void> {
  await from.request('MIGRATE', to.host, to.port, key, 0, MIGRATE_TIMEOUT_MS);
}

/** While it runs, nobody has the slot of the key. */
export async function withoutSlot<T>(key: string, owner: ClusterNode, run: (giveBack: () => Promise<void>) => Promise<T>): Promise<T> {
  const slot = await slotOf(key, owner);
  let isServed = false;
  const giveBack = async (): Promise<void> => {
    if (isServed) return;
    isServed = true;
    await owner.request('CLUSTER', 'ADDSLOTS', slot);
    await eventually('a slot', async () => String(await owner.request('CLUSTER', 'INFO')).includes('cluster_state:ok'));
  };
  await owner.request('CLUSTER', 'DELSLOTS', slot);
  try {
    return await run(giveBack);
  } finally {
    await giveBack();
  }
}

/** Waits until one of the nodes has refused a command with this error, from now on. Returns the waiting. */
export async function refusal(error: string, nodes: readonly ClusterNode[]): Promise<() => Promise<void>> {
  const count = async (): Promise<number> => {
    const stats = await Promise.all(nodes.map((node) => node.request('INFO', 'errorstats')));
    return stats.reduce<number>((sum, text) => sum + Number(new RegExp(`errorstat_${error}:count=(\\d+)`).exec(String(text))?.[1] ?? 0), 0);
  };
  const before = await count();
  return () => eventually(error, async () => (await count()) > before);
}
