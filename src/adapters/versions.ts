// Knows: which file of which version of which library is patched where. The only file here that names versions.
// Must not know: what a tap does with a command, when it is patched.
import type { ClientName } from '../config';
import type { IoredisTap } from './ioredis';
import { COMMANDER, WATCHED_NAMES } from './others/wraps';
import type { PatchLedger, Target } from './shared/patch';
import type { Taps } from './taps';

/** Patches a file. Returns false if the seam is not there; then nothing was changed. */
type Patch = (taps: Taps, moduleExports: Target, ledger: PatchLedger) => boolean;

/** One file of a package, and how it is patched. */
export interface SeamFile {
  /** The path inside the package; undefined: the package's main export. */
  readonly file: string | undefined;
  readonly patch: Patch;
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

function at(file: string | undefined, patch: Patch): SeamFile {
  return { file, patch };
}

const QUEUE_FILES: readonly SeamFile[] = [
  at(COMMANDER, ({ replies }, ...seam) => replies.patchCommander(...seam)),
  at('dist/lib/multi-command.js', ({ replies }, ...seam) => replies.patchMulti(...seam)),
  at('dist/lib/client/commands-queue.js', ({ queue, connections }, ...seam) =>
    [queue, connections].every((tap) => tap.patchQueue(...seam)),
  ),
  at('dist/lib/client/socket.js', ({ connections }, ...seam) => connections.patchSocket(...seam, true)),
  at('dist/lib/client/index.js', ({ queue, pubSub, isolation }, ...seam) =>
    [queue, pubSub, isolation].every((tap) => tap.patchClient(...seam)),
  ),
  at('dist/lib/client/pub-sub.js', ({ pubSub }, ...seam) => pubSub.patchPubSub(...seam)),
  at('dist/lib/cluster/cluster-slots.js', ({ groups }, ...seam) => groups.patchSlots(...seam)),
  ...WATCHED_FILES,
];

const CLIENT_FILES: readonly SeamFile[] = [
  at('dist/lib/multi-command.js', ({ replies }, ...seam) => replies.patchMulti(...seam)),
  at('dist/lib/errors.js', ({ client }, exported) => client.patchErrors(exported)),
  at('dist/lib/client/linked-list.js', ({ client }, ...seam) => client.patchList(...seam)),
  at('dist/lib/client/commands-queue.js', ({ client, connections }, ...seam) =>
    [client, connections].every((tap) => tap.patchQueue(...seam)),
  ),
  at('dist/lib/client/socket.js', ({ connections }, ...seam) => connections.patchSocket(...seam, false)),
  at('dist/lib/client/index.js', ({ client, pool, pubSub, channels }, ...seam) =>
    [client, pool, pubSub, channels].every((tap) => tap.patchClient(...seam)),
  ),
  at('dist/lib/client/pub-sub.js', ({ pubSub }, ...seam) => pubSub.patchPubSub(...seam)),
  at('dist/lib/client/pool.js', ({ pool }, ...seam) => pool.patchPool(...seam)),
  at('dist/lib/cluster/cluster-slots.js', ({ groups }, ...seam) => groups.patchSlots(...seam)),
  // From 5.12.
  at('dist/lib/opentelemetry/metrics.js', ({ native }, ...seam) => native.patch(...seam)),
  at('dist/lib/cluster/index.js', ({ groups, fanOuts }, ...seam) =>
    [groups, fanOuts].every((tap) => tap.patchCluster(...seam)),
  ),
  at('dist/lib/sentinel/wait-queue.js', ({ sentinelPool }, ...seam) => sentinelPool.patchQueue(...seam)),
  at('dist/lib/sentinel/index.js', ({ sentinels, sentinelPool }, ...seam) =>
    [sentinels, sentinelPool].every((tap) => tap.patchSentinel(...seam)),
  ),
  ...WATCHED_FILES,
];

const LEGACY_FILES: readonly SeamFile[] = [
  at(undefined, ({ legacy }, ...seam) => legacy.patchClient(...seam)),
  at('lib/extendedApi.js', ({ legacy }, _exported, ledger) => legacy.patchHalfBuilt(ledger)),
];

/** The names of files from 5 on, and in 4 from 4.11 on. */
function ioredisFiles(client: 'ioredis' | 'iovalkey'): readonly SeamFile[] {
  const tapped = (file: string, name: keyof IoredisTap): SeamFile =>
    at(file, (taps, ...seam) => taps[client][name](...seam));
  return [
    ...['built/Redis.js', 'built/redis/index.js'].map((file) => tapped(file, 'patchRedis')),
    ...['built/Pipeline.js', 'built/pipeline.js'].map((file) => tapped(file, 'patchPipeline')),
    ...['built/Script.js', 'built/script.js'].map((file) => tapped(file, 'patchScript')),
    tapped('built/cluster/index.js', 'patchCluster'),
    tapped('built/cluster/ConnectionPool.js', 'patchPool'),
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
