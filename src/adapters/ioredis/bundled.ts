// Knows: how to find the seams of a copy of ioredis or iovalkey from one of its clients, if files cannot be hooked.
// Must not know: what is patched there.
import { type BundledFile, ownerOf } from '../shared/bundle';
import { PatchLedger, type Target } from '../shared/patch';

/** The methods of a client that we call. */
interface Client {
  /** Returns a batch. It is created to get its class, and is never run. */
  pipeline(): object & {
    defineCommand(name: string, definition: object): void;
    readonly scriptsSet: Readonly<Record<string, object>>;
  };
  readonly isCluster?: unknown;
  nodes?(): readonly object[];
}

/** The same exports for the same class, so that it is recognised again. */
const shown = new WeakMap<object, Target>();

/**
 * The seams of a client; undefined: it is not a client. The nodes of a cluster are included once they are known. The
 * seams of messages, and of the beginning of a connection, cannot be reached.
 */
export function ioredisCopyOf(client: unknown): readonly BundledFile[] | undefined {
  if (
    typeof client !== 'object' ||
    client === null ||
    !PatchLedger.has(client, 'pipeline', 'defineCommand', 'sendCommand')
  )
    return undefined;
  const one = client as unknown as Client;
  const files = one.isCluster === true ? clusterFiles(one) : redisFiles(client);
  return files.length === 0 ? undefined : [...files, ...batchFiles(one)];
}

function clusterFiles(cluster: Client): BundledFile[] {
  const [node] = cluster.nodes?.() ?? [];
  return [
    ...fileOf('built/cluster/index.js', ownerOf(cluster, 'sendCommand', 'delayUntilReady')),
    ...(node ? redisFiles(node) : []),
  ];
}

function redisFiles(client: object): BundledFile[] {
  return fileOf('built/Redis.js', ownerOf(client, 'sendCommand', 'setStatus', 'parseOptions'));
}

function batchFiles(client: Client): BundledFile[] {
  const pipeline = client.pipeline();
  // Only this pipeline knows the command.
  pipeline.defineCommand('nothing', { lua: 'return 0', numberOfKeys: 0 });
  const script = pipeline.scriptsSet.nothing;
  return [
    ...fileOf('built/Pipeline.js', ownerOf(pipeline, 'sendCommand', 'exec')),
    ...(script === undefined ? [] : fileOf('built/Script.js', ownerOf(script, 'execute'))),
  ];
}

function fileOf(file: string, prototype: object | undefined): BundledFile[] {
  if (prototype === undefined) return [];
  const moduleExports = shown.get(prototype) ?? { default: Object.assign(() => undefined, { prototype }) };
  shown.set(prototype, moduleExports);
  return [{ module: 'ioredis', version: '5', file, moduleExports }];
}
