// Knows: how to find the seams of a copy of redis from one of its clients, where its files cannot be hooked.
// Must not know: what is patched there.
import { PatchLedger, type Target } from '../../shared/patch';

/** A file that a bundle has swallowed, as its exports would be. */
export interface BundledFile {
  readonly module: string;
  /** A version whose seam this is; the real one is not told by a client. */
  readonly version: string;
  readonly file: string | undefined;
  readonly moduleExports: Target;
}

/** Redis 4: what a client keeps to itself. */
export interface QueueAndSocket {
  readonly queue: object;
  readonly socket: object | undefined;
}

export interface BundledCopy {
  readonly files: readonly BundledFile[];
  /** Redis 4 alone: the client's own, whose address is known. */
  readonly connection?: QueueAndSocket;
}

const CLIENT_FILE = 'dist/lib/client/index.js';
const QUEUE_FILE = 'dist/lib/client/commands-queue.js';

/** The seams behind a client; undefined: it is none, or of a version that keeps them where they cannot be reached. */
export function copyOf(client: unknown): BundledCopy | undefined {
  if (typeof client !== 'object' || client === null) return undefined;
  return legacyCopy(client) ?? queueCopy(client) ?? clientCopy(client);
}

/** Redis 2 and 3. A batch is made to get at its class; it is never run. */
function legacyCopy(client: object): BundledCopy | undefined {
  const prototype = ownerOf(client, 'internal_send_command', 'create_stream');
  if (prototype === undefined || !PatchLedger.has(client, 'batch')) return undefined;
  const batch = (client as { batch(): object }).batch();
  const moduleExports = { RedisClient: prototype.constructor, Multi: batch.constructor };
  return { files: [{ module: 'redis', version: '3', file: undefined, moduleExports }] };
}

/** Redis 4. */
function queueCopy(client: object): BundledCopy | undefined {
  const prototype = ownerOf(client, 'multiExecutor', 'sendCommand');
  if (prototype === undefined) return undefined;
  const connection = readConnection(client as QueueClient);
  const queue = connection?.queue ?? readQueueOfDuplicate(client as QueueClient);
  if (queue === undefined) return undefined;
  const copy = { module: '@redis/client', version: '1' };
  const files = [
    { ...copy, file: QUEUE_FILE, moduleExports: { default: queue.constructor } },
    { ...copy, file: CLIENT_FILE, moduleExports: { default: prototype.constructor } },
  ];
  return connection === undefined ? { files } : { files, connection };
}

/** Redis 5 and 6. Clusters and sentinels have some of these methods too, but nobody else selects a database. */
function clientCopy(client: object): BundledCopy | undefined {
  const prototype = ownerOf(client, 'sendCommand', '_executeMulti', 'SELECT');
  if (prototype === undefined) return undefined;
  const copy = { module: '@redis/client', version: '5' };
  const files: BundledFile[] = [{ ...copy, file: CLIENT_FILE, moduleExports: { default: prototype.constructor } }];
  // From 5.11 on. Before, a pipeline does not tell which of its commands failed.
  if (PatchLedger.has(client, '_getQueue')) {
    const queue = (client as { _getQueue(): object })._getQueue();
    files.push({ ...copy, file: QUEUE_FILE, moduleExports: { default: queue.constructor } });
  }
  return { files };
}

/** The object on the prototype chain that has these methods for its own: what a patch of it reaches is every client. */
function ownerOf(client: object, ...names: string[]): { readonly constructor: unknown } | undefined {
  for (let owner: object | null = client; owner !== null; owner = Object.getPrototypeOf(owner)) {
    const isOwner = names.every((name) => Object.hasOwn(owner as object, name));
    if (isOwner && PatchLedger.has(owner, ...names)) return owner as { readonly constructor: unknown };
  }
  return undefined;
}

interface QueueClient {
  readonly isOpen?: unknown;
  readonly isPubSubActive?: unknown;
  getPubSubListeners?(type: string): unknown;
  duplicate?(): object;
}

/** Both getters look at a private field; the second came with 4.4, and then became a method. */
function readConnection(client: QueueClient): QueueAndSocket | undefined {
  const state = privateState(() => [client.isOpen, client.isPubSubActive ?? client.getPubSubListeners?.('CHANNELS')]);
  const queue = state.find((value) => PatchLedger.has(value, 'addCommand'));
  const socket = state.find((value) => PatchLedger.has(value, 'connect', 'writeCommand'));
  return queue === undefined ? undefined : { queue, socket };
}

/** Before, nothing reads the queue without changing it; but a client under construction puts one there. It never connects. */
function readQueueOfDuplicate(client: QueueClient): object | undefined {
  return privateState(() => client.duplicate?.()).find((value) => PatchLedger.has(value, 'addCommand'));
}

/**
 * Redis 4 is compiled for engines without private fields: they are WeakMaps. For the time of a synchronous call that
 * reads or sets one, its values pass through here. There is no other way from a client of that version to its queue.
 */
function privateState(call: () => unknown): object[] {
  const found: object[] = [];
  const { get, set } = WeakMap.prototype;
  const note = (value: unknown): void => {
    if (typeof value === 'object' && value !== null) found.push(value);
  };
  try {
    WeakMap.prototype.get = function (key) {
      const value = get.call(this, key);
      note(value);
      return value;
    };
    WeakMap.prototype.set = function (key, value) {
      note(value);
      return set.call(this, key, value);
    };
    call();
  } finally {
    WeakMap.prototype.get = get;
    WeakMap.prototype.set = set;
  }
  return found;
}
