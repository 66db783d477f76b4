// Knows: which file of which version of node-redis is tapped where. The only file here that names versions.
// Must not know: what a tap does with a command.
import type { MessageTap } from '../core/delivery';
import type { Tap } from '../core/operation';
import type { ConnectionRecorder, NativeMetrics, PoolRecorder, Report } from '../core/recorder';
import { CommandQueueTap } from './command-queue';
import { Connections } from './connections';
import { FanOuts } from './fan-out';
import { Groups } from './groups';
import { LegacyClientTap } from './legacy-client';
import { NativeMetricsTap } from './native-metrics';
import { PatchLedger, type Target } from './patch';
import { PoolTap } from './pool';
import { PubSubTap } from './pub-sub';
import { QueueListenersTap } from './queue-listeners';
import { RedisClientTap } from './redis-client';

/** One file of a package, and how it is patched. False: the seam is not there, nothing was touched. */
interface SeamFile {
  /** Inside the package; undefined: the package's main export. */
  readonly file: string | undefined;
  patch(taps: Taps, moduleExports: Target, ledger: PatchLedger): boolean;
}

/** A package at some major versions, and the files in which its commands pass. */
interface Seam {
  readonly module: string;
  readonly majors: readonly number[];
  readonly files: readonly SeamFile[];
}

const QUEUE_FILES: readonly SeamFile[] = [
  {
    file: 'dist/lib/client/commands-queue.js',
    patch: (taps, exported, ledger) => taps.queue.patchQueue(exported, ledger) && taps.listeners.patchQueue(exported, ledger),
  },
  { file: 'dist/lib/client/socket.js', patch: (taps, exported, ledger) => taps.queue.patchSocket(exported, ledger) },
  {
    file: 'dist/lib/client/index.js',
    patch: (taps, exported, ledger) => taps.queue.patchClient(exported, ledger) && taps.pubSub.patchClient(exported, ledger),
  },
  { file: 'dist/lib/client/pub-sub.js', patch: (taps, exported, ledger) => taps.pubSub.patchPubSub(exported, ledger) },
  { file: 'dist/lib/cluster/cluster-slots.js', patch: (taps, exported, ledger) => taps.groups.patchSlots(exported, ledger) },
];

const CLIENT_FILES: readonly SeamFile[] = [
  {
    file: 'dist/lib/client/commands-queue.js',
    patch: (taps, exported, ledger) => taps.client.patchQueue(exported, ledger) && taps.connections.patchQueue(exported, ledger),
  },
  { file: 'dist/lib/client/socket.js', patch: (taps, exported, ledger) => taps.connections.patchSocket(exported, ledger) },
  {
    file: 'dist/lib/client/index.js',
    patch: (taps, exported, ledger) =>
      taps.client.patchClient(exported, ledger) && taps.pool.patchClient(exported, ledger) && taps.pubSub.patchClient(exported, ledger),
  },
  { file: 'dist/lib/client/pub-sub.js', patch: (taps, exported, ledger) => taps.pubSub.patchPubSub(exported, ledger) },
  { file: 'dist/lib/client/pool.js', patch: (taps, exported, ledger) => taps.pool.patchPool(exported, ledger) },
  { file: 'dist/lib/cluster/cluster-slots.js', patch: (taps, exported, ledger) => taps.groups.patchSlots(exported, ledger) },
  // From 5.12.
  { file: 'dist/lib/opentelemetry/metrics.js', patch: (taps, exported, ledger) => taps.native.patch(exported, ledger) },
  { file: 'dist/lib/cluster/index.js', patch: (taps, exported, ledger) => taps.fanOuts.patchCluster(exported, ledger) },
  { file: 'dist/lib/sentinel/index.js', patch: (taps, exported, ledger) => taps.groups.patchSentinel(exported, ledger) },
];

const LEGACY_FILES: readonly SeamFile[] = [
  { file: undefined, patch: (taps, exported, ledger) => taps.legacy.patchClient(exported, ledger) },
  { file: 'lib/extendedApi.js', patch: (taps, _exported, ledger) => taps.legacy.patchHalfBuilt(ledger) },
];

/** The table. A new major of redis is one number here, and a run of the conformance suite. */
const SEAMS: readonly Seam[] = [
  { module: 'redis', majors: [2, 3], files: LEGACY_FILES },
  { module: 'redis', majors: [4, 5, 6], files: [] }, // nothing but a shell around the packages below
  { module: '@node-redis/client', majors: [1], files: QUEUE_FILES }, // redis 4.0
  { module: '@redis/client', majors: [1], files: QUEUE_FILES }, // redis 4.1 to 4.7
  { module: '@redis/client', majors: [5, 6], files: CLIENT_FILES },
];

/** A file to hook, as the composition root hands it to the module loader's hooks. */
export interface HookedFile {
  readonly module: string;
  /** undefined: the module's main export. */
  readonly file: string | undefined;
  /** Called with the file's exports whenever a copy of it is loaded. */
  onLoad(moduleExports: unknown, version: string | undefined): void;
}

/** Each seam's state. Private to one instrumentation. */
interface Taps {
  readonly client: RedisClientTap;
  readonly queue: CommandQueueTap;
  readonly legacy: LegacyClientTap;
  readonly pool: PoolTap;
  readonly connections: Connections;
  readonly native: NativeMetricsTap;
  readonly pubSub: PubSubTap;
  readonly listeners: QueueListenersTap;
  readonly groups: Groups;
  readonly fanOuts: FanOuts;
}

interface Loaded {
  readonly file: SeamFile;
  readonly moduleExports: Target;
  readonly where: string;
}

/** All adapters together: what to hook, and patching and unpatching everything that was loaded. */
export class Adapters {
  private readonly taps: Taps;
  private readonly ledger: PatchLedger;
  /** Every copy that was loaded, so that enabling again reaches all of them. Modules are never unloaded. */
  private readonly loaded: Loaded[] = [];
  private isPatched = false;

  constructor(
    tap: Tap,
    messages: MessageTap,
    pools: PoolRecorder,
    recorder: ConnectionRecorder,
    native: (metrics: NativeMetrics) => void,
    private readonly report: Report,
  ) {
    const groups = new Groups();
    const pubSub = new PubSubTap(messages, groups);
    const connections = new Connections(recorder);
    const fanOuts = new FanOuts(tap, (slots) => groups.factsOf(slots));
    this.taps = {
      groups,
      fanOuts,
      connections,
      client: new RedisClientTap(tap, groups, fanOuts, connections, recorder),
      queue: new CommandQueueTap(tap, groups, connections),
      legacy: new LegacyClientTap(tap, messages),
      pool: new PoolTap(pools),
      native: new NativeMetricsTap(native),
      pubSub,
      listeners: new QueueListenersTap(messages, () => pubSub.current),
    };
    this.ledger = new PatchLedger(report);
  }

  /** The files to hook, each once, whatever the number of versions that share it. */
  hookedFiles(): HookedFile[] {
    const names = new Map<string, readonly [string, string | undefined]>();
    for (const { module, files } of SEAMS) for (const { file } of files) names.set(`${module}/${file ?? ''}`, [module, file]);
    return [...names.values()].map(([module, file]) => ({
      module,
      file,
      onLoad: (moduleExports, version) => this.onLoad(module, file, moduleExports, version),
    }));
  }

  /** Patches whatever has been loaded so far. */
  patch(): void {
    this.isPatched = true;
    for (const loaded of this.loaded) this.apply(loaded);
  }

  /** Puts the identical functions back everywhere. */
  unpatch(): void {
    this.isPatched = false;
    this.ledger.undo();
  }

  private onLoad(module: string, name: string | undefined, moduleExports: unknown, version: string | undefined): void {
    if (typeof moduleExports !== 'object' || moduleExports === null) return;
    if (this.loaded.some((known) => known.moduleExports === moduleExports)) return;
    const major = Number.parseInt(version ?? '', 10);
    const seam = SEAMS.find((candidate) => candidate.module === module && candidate.majors.includes(major));
    if (seam === undefined) {
      const known = SEAMS.filter((candidate) => candidate.module === module).flatMap(({ majors }) => majors);
      this.report(`${module} ${version ?? 'of unknown version'} is not supported (known: ${known.join(', ')}); it is left untouched`);
      return;
    }
    const file = seam.files.find((candidate) => candidate.file === name);
    if (file === undefined) return;
    const loaded = { file, moduleExports: moduleExports as Target, where: `${module} ${version}${name === undefined ? '' : `: ${name}`}` };
    this.loaded.push(loaded);
    if (this.isPatched) this.apply(loaded);
  }

  private apply({ file, moduleExports, where }: Loaded): void {
    try {
      if (file.patch(this.taps, moduleExports, this.ledger)) return;
      this.report(`${where} is not built as expected; it is left untouched`);
    } catch (error) {
      this.report(`${where} could not be patched`, error);
    }
  }
}
