// Knows: which file of which version of which library is patched where. The only file here that names versions.
// Must not know: what a tap does with a command, when it is patched.
import type { ClientName } from '../config';
import type { IoredisTap } from './ioredis';
import type { Channels } from './node-redis/bundled/channels';
import type { LegacyClientTap } from './node-redis/callback/client';
import type { RedisClientTap } from './node-redis/client/client';
import type { MaintenanceTap } from './node-redis/client/maintenance';
import type { FanOuts } from './node-redis/client/multi-shard';
import type { NativeMetricsTap } from './node-redis/client/native-metrics';
import type { PoolTap } from './node-redis/client/pool';
import type { SentinelPoolTap } from './node-redis/client/sentinel-pool';
import type { Connections } from './node-redis/promise/connections';
import type { PubSubTap } from './node-redis/promise/pub-sub';
import type { ReplyShapesTap } from './node-redis/promise/reply-shapes';
import type { Groups } from './node-redis/promise/topology';
import type { CommandQueueTap } from './node-redis/queue/command-queue';
import type { IsolationPoolTap } from './node-redis/queue/isolation-pool';
import { COMMANDER, WATCHED_NAMES } from './others/wraps';
import type { PatchLedger, Target } from './shared/patch';

/** The taps of each seam, private to one instrumentation. */
export interface Taps {
  readonly client: RedisClientTap;
  readonly queue: CommandQueueTap;
  readonly legacy: LegacyClientTap;
  readonly pool: PoolTap;
  readonly isolation: IsolationPoolTap;
  readonly sentinelPool: SentinelPoolTap;
  readonly connections: Connections;
  readonly native: NativeMetricsTap;
  readonly maintenance: MaintenanceTap;
  readonly pubSub: PubSubTap;
  readonly channels: Channels;
  readonly groups: Groups;
  readonly fanOuts: FanOuts;
  readonly replies: ReplyShapesTap;
  readonly ioredis: IoredisTap;
  readonly iovalkey: IoredisTap;
}

/** One file of a package, and how it is patched. Returns false if the seam is not there; then nothing was changed. */
export interface SeamFile {
  /** The path inside the package; undefined: the package's main export. */
  readonly file: string | undefined;
  patch(taps: Taps, moduleExports: Target, ledger: PatchLedger): boolean;
}

/** Some major versions of a library's package, and the files that its commands pass through. */
export interface Seam {
  readonly client: ClientName;
  readonly module: string;
  readonly majors: readonly number[];
  readonly files: readonly SeamFile[];
}

/** Files that we only watch: they show what others wrap there. */
const WATCHED_FILES: readonly SeamFile[] = WATCHED_NAMES.map((file) => ({ file, patch: () => true }));

const QUEUE_FILES: readonly SeamFile[] = [
  { file: COMMANDER, patch: (taps, exported, ledger) => taps.replies.patchCommander(exported, ledger) },
  { file: 'dist/lib/multi-command.js', patch: (taps, exported, ledger) => taps.replies.patchMulti(exported, ledger) },
  {
    file: 'dist/lib/client/commands-queue.js',
    patch: ({ queue, connections }, exported, ledger) =>
      [queue, connections].every((tap) => tap.patchQueue(exported, ledger)),
  },
  {
    file: 'dist/lib/client/socket.js',
    patch: (taps, exported, ledger) => taps.connections.patchSocket(exported, ledger, true),
  },
  {
    file: 'dist/lib/client/index.js',
    patch: ({ queue, pubSub, isolation }, exported, ledger) =>
      [queue, pubSub, isolation].every((tap) => tap.patchClient(exported, ledger)),
  },
  { file: 'dist/lib/client/pub-sub.js', patch: (taps, exported, ledger) => taps.pubSub.patchPubSub(exported, ledger) },
  {
    file: 'dist/lib/cluster/cluster-slots.js',
    patch: (taps, exported, ledger) => taps.groups.patchSlots(exported, ledger),
  },
  ...WATCHED_FILES,
];

const CLIENT_FILES: readonly SeamFile[] = [
  { file: 'dist/lib/multi-command.js', patch: (taps, exported, ledger) => taps.replies.patchMulti(exported, ledger) },
  { file: 'dist/lib/errors.js', patch: (taps, exported) => taps.client.patchErrors(exported) },
  {
    file: 'dist/lib/client/linked-list.js',
    patch: (taps, exported, ledger) => taps.client.patchList(exported, ledger),
  },
  {
    file: 'dist/lib/client/commands-queue.js',
    patch: (taps, exported, ledger) =>
      taps.client.patchQueue(exported, ledger) && taps.connections.patchQueue(exported, ledger),
  },
  {
    file: 'dist/lib/client/socket.js',
    patch: (taps, exported, ledger) => taps.connections.patchSocket(exported, ledger, false),
  },
  {
    file: 'dist/lib/client/index.js',
    patch: ({ client, pool, pubSub, channels }, exported, ledger) =>
      [client, pool, pubSub, channels].every((tap) => tap.patchClient(exported, ledger)),
  },
  { file: 'dist/lib/client/pub-sub.js', patch: (taps, exported, ledger) => taps.pubSub.patchPubSub(exported, ledger) },
  { file: 'dist/lib/client/pool.js', patch: (taps, exported, ledger) => taps.pool.patchPool(exported, ledger) },
  {
    file: 'dist/lib/cluster/cluster-slots.js',
    patch: (taps, exported, ledger) => taps.groups.patchSlots(exported, ledger),
  },
  // From 5.12.
  { file: 'dist/lib/opentelemetry/metrics.js', patch: (taps, exported, ledger) => taps.native.patch(exported, ledger) },
  {
    file: 'dist/lib/cluster/index.js',
    patch: ({ groups, fanOuts }, exported, ledger) =>
      [groups, fanOuts].every((tap) => tap.patchCluster(exported, ledger)),
  },
  {
    file: 'dist/lib/sentinel/wait-queue.js',
    patch: (taps, exported, ledger) => taps.sentinelPool.patchQueue(exported, ledger),
  },
  {
    file: 'dist/lib/sentinel/index.js',
    patch: (taps, exported, ledger) =>
      taps.groups.patchSentinel(exported, ledger) && taps.sentinelPool.patchSentinel(exported, ledger),
  },
  ...WATCHED_FILES,
];

const LEGACY_FILES: readonly SeamFile[] = [
  { file: undefined, patch: (taps, exported, ledger) => taps.legacy.patchClient(exported, ledger) },
  { file: 'lib/extendedApi.js', patch: (taps, _exported, ledger) => taps.legacy.patchHalfBuilt(ledger) },
];

/** The names of files from 5 on, and in 4 from 4.11 on. */
function ioredisFiles(client: 'ioredis' | 'iovalkey'): readonly SeamFile[] {
  const tapped = (file: string, name: keyof IoredisTap): SeamFile => ({
    file,
    patch: (taps, exported, ledger) => taps[client][name](exported, ledger),
  });
  return [
    ...['built/Redis.js', 'built/redis/index.js'].map((file) => tapped(file, 'patchRedis')),
    ...['built/Pipeline.js', 'built/pipeline.js'].map((file) => tapped(file, 'patchPipeline')),
    ...['built/Script.js', 'built/script.js'].map((file) => tapped(file, 'patchScript')),
    tapped('built/cluster/index.js', 'patchCluster'),
    tapped('built/redis/event_handler.js', 'patchHandlers'),
    tapped('built/DataHandler.js', 'patchData'),
    tapped('built/connectors/SentinelConnector/index.js', 'patchSentinels'),
  ];
}

/** The table. A new major of redis needs one number here, and a run of the conformance suite. */
export const SEAMS: readonly Seam[] = [
  { client: 'redis', module: 'redis', majors: [2, 3], files: LEGACY_FILES },
  { client: 'redis', module: 'redis', majors: [4, 5, 6], files: [] }, // only re-exports the packages below
  { client: 'redis', module: '@node-redis/client', majors: [1], files: QUEUE_FILES }, // redis 4.0
  { client: 'redis', module: '@redis/client', majors: [1], files: QUEUE_FILES }, // redis 4.1 to 4.7
  { client: 'redis', module: '@redis/client', majors: [5, 6], files: CLIENT_FILES },
  { client: 'ioredis', module: 'ioredis', majors: [4, 5, 6], files: ioredisFiles('ioredis') },
  { client: 'iovalkey', module: 'iovalkey', majors: [0], files: ioredisFiles('iovalkey') },
];

/** undefined: the version is not known. */
export function seamOf(module: string, version: string | undefined): Seam | undefined {
  const major = Number.parseInt(version ?? '', 10);
  return SEAMS.find((candidate) => candidate.module === module && candidate.majors.includes(major));
}

/** Whether a client of redis 4 shows its address only while it is created. */
export function isSeenOnlyNew(seam: Seam | undefined): boolean {
  return seam?.files === QUEUE_FILES;
}
