// Knows: how to find the seams of a copy of redis from one of its clients, if its files cannot be hooked.
// Must not know: what is patched there.
import { type BundledFile, ownerOf } from '../../shared/bundle';
import { PatchLedger } from '../../shared/patch';

const CLIENT_FILE = 'dist/lib/client/index.js';
const QUEUE_FILE = 'dist/lib/client/commands-queue.js';

/** The seams of a client; undefined: it is not a client, or one of redis 4, whose seams cannot be reached. */
export function copyOf(client: unknown): readonly BundledFile[] | undefined {
  if (typeof client !== 'object' || client === null) return undefined;
  return legacyCopy(client) ?? clientCopy(client);
}

/** Redis 2 and 3. A batch is created to get its class; it is never run. */
function legacyCopy(client: object): BundledFile[] | undefined {
  const prototype = ownerOf(client, 'internal_send_command', 'create_stream');
  if (prototype === undefined || !PatchLedger.has(client, 'batch')) return undefined;
  const batch = (client as { batch(): object }).batch();
  const moduleExports = { RedisClient: prototype.constructor, Multi: batch.constructor };
  return [{ module: 'redis', version: '3', file: undefined, moduleExports }];
}

/** Redis 5 and 6. Clusters and sentinels also have some of these methods, but only a client can select a database. */
function clientCopy(client: object): BundledFile[] | undefined {
  const prototype = ownerOf(client, 'sendCommand', '_executeMulti', 'SELECT');
  if (prototype === undefined) return undefined;
  const copy = { module: '@redis/client', version: '5' };
  const exported = { default: prototype.constructor };
  // Before 5.11 the queue cannot be reached: it is not known which commands of a pipeline failed.
  if (!PatchLedger.has(client, '_getQueue'))
    return [{ ...copy, file: CLIENT_FILE, moduleExports: { ...exported, isAlone: true } }];
  const queue = (client as unknown as { _getQueue(): object })._getQueue();
  return [
    { ...copy, file: CLIENT_FILE, moduleExports: exported },
    { ...copy, file: QUEUE_FILE, moduleExports: { default: queue.constructor } },
  ];
}
