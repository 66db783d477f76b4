// Knows: all taps, what is loaded, and when it is patched and left.
// Must not know: which file of which version is tapped where, what a tap does with a command.
import type { ConflictMode } from '../config';
import type { MessageTap } from '../core/delivery';
import type { Tap } from '../core/operation';
import type { ConnectionRecorder, NativeMetrics, PoolRecorder, Report } from '../core/recorder';
import { ReplyShapes } from '../core/replies';
import { type Active, activeAdapters, claim, release } from './active';
import { IoredisTap } from './ioredis';
import { Channels } from './node-redis/bundled/channels';
import { copyOf } from './node-redis/bundled/client';
import { LegacyClientTap } from './node-redis/callback/client';
import { RedisClientTap } from './node-redis/client/client';
import { FanOuts } from './node-redis/client/multi-shard';
import { NativeMetricsTap } from './node-redis/client/native-metrics';
import { PoolTap } from './node-redis/client/pool';
import { SentinelPoolTap } from './node-redis/client/sentinel-pool';
import { Connections } from './node-redis/promise/connections';
import { PubSubTap } from './node-redis/promise/pub-sub';
import { ReplyShapesTap } from './node-redis/promise/reply-shapes';
import { Groups } from './node-redis/promise/topology';
import { CommandQueueTap } from './node-redis/queue/command-queue';
import { IsolationPoolTap } from './node-redis/queue/isolation-pool';
import { QueueListenersTap } from './node-redis/queue/listeners';
import { type Other, Others } from './others';
import { findPreloaded, type PreloadedCopy } from './preloaded';
import { isMainRealm, Realm } from './realm';
import { PatchLedger, type Target } from './shared/patch';
import { WatchedPools } from './shared/pools';
import { isSeenOnlyNew, SEAMS, type SeamFile, seamOf, type Taps } from './versions';
import { type HookedFile, WatchedFiles } from './watched-files';

interface Loaded {
  /** Of which copy of redis, in words. */
  readonly copy: string;
  readonly file: SeamFile;
  readonly moduleExports: Target;
  readonly where: string;
}

export { activeAdapters, type Other };

/** All adapters together: what to hook, and patching and unpatching everything that was loaded. */
export class Adapters implements Active {
  /** What to do about another instrumentation of redis. */
  onConflict: ConflictMode = 'takeover';
  /** What callers get, where it is not what we see. */
  readonly replies = new ReplyShapes();
  private readonly taps: Taps;
  private readonly ledger: PatchLedger;
  /** Every copy that was loaded, so that enabling again reaches all of them. Modules are never unloaded. */
  private readonly loaded: Loaded[] = [];
  private readonly others = new Others();
  private readonly patched = new Set<string>();
  /** Classes that were reached from a client. */
  private readonly reached = new WeakSet<object>();
  private readonly realm = new Realm(
    () => this.abandon(),
    () => this.meetLoaded(),
  );
  private readonly files: WatchedFiles;
  private isPatched = false;

  /** @param standDown called when another instrumentation is left to record redis alone */
  constructor(
    tap: Tap,
    private readonly messages: MessageTap,
    pools: PoolRecorder,
    connectionRecorder: ConnectionRecorder,
    native: (metrics: NativeMetrics) => void,
    private readonly report: Report,
    private readonly standDown: () => void,
  ) {
    const settle = (): void => {
      if (this.isPatched) this.isClear();
    };
    const recorder = atEveryConnection(connectionRecorder, settle);
    const channels = new Channels(tap, report, settle, () => this.meetLoaded());
    const watched = new WatchedPools(pools);
    const sentinelPool = new SentinelPoolTap(watched);
    const groups = new Groups((...made) => sentinelPool.meet(...made));
    const pubSub = new PubSubTap(messages, groups);
    const connections = new Connections(recorder);
    const fanOuts = new FanOuts(tap, (slots) => groups.factsOf(slots));
    this.taps = {
      groups,
      fanOuts,
      channels,
      connections,
      client: new RedisClientTap(tap, groups, fanOuts, connections, recorder, (client) => channels.leave(client)),
      queue: new CommandQueueTap(tap, groups, connections),
      legacy: new LegacyClientTap(tap, messages, recorder),
      pool: new PoolTap(watched),
      isolation: new IsolationPoolTap(watched),
      sentinelPool,
      native: new NativeMetricsTap(native),
      pubSub,
      replies: new ReplyShapesTap(this.replies),
      listeners: new QueueListenersTap(messages, () => pubSub.current),
      ioredis: new IoredisTap(tap, messages, recorder),
    };
    this.ledger = new PatchLedger(report);
    this.files = new WatchedFiles(this.hookedFiles(), report);
  }

  /** Copies of redis that are patched: `redis 6.3.1`. */
  get seams(): readonly string[] {
    return this.isPatched ? [...this.patched] : [];
  }

  /** Who else records redis in this process, and is left to do so. */
  findOthers(): readonly Other[] {
    return this.others.find();
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

  /** Patches whatever has been loaded so far, before us too. */
  patch(): void {
    this.files.start();
    if (!claim(this, () => this.abandon())) {
      this.report('another RedisInstrumentation is active in this process; this one does nothing until it is enabled without the other');
      return;
    }
    const preloaded = this.findNew();
    this.isPatched = true;
    if (!this.isClear()) return;
    if (preloaded.length > 0) this.reportPreloaded(preloaded);
    for (const loaded of this.loaded) this.apply(loaded);
    this.taps.channels.start();
    this.realm.enter();
  }

  /** Puts the identical functions back everywhere. */
  unpatch(): void {
    if (this.isPatched && this.onConflict === 'takeover') this.isClear();
    this.leave(this.report);
  }

  /** Patches the copy of redis that a client comes from, where it is in a bundle and no hook has seen it. */
  instrumentClient(client: unknown): void {
    try {
      const copy = copyOf(client);
      if (copy === undefined) {
        this.report('instrumentClient was not given a client of redis 2.6 to 6; nothing is changed');
        return;
      }
      for (const { module, version, file, moduleExports } of copy.files) {
        const [exported] = Object.values(moduleExports) as [object];
        if (this.reached.has(exported)) continue;
        this.reached.add(exported);
        this.onLoad(module, file, moduleExports, version);
      }
      if (copy.connection !== undefined) this.taps.queue.adopt(client as object, copy.connection);
      this.taps.channels.leave(client as object);
    } catch (error) {
      this.report('a client could not be instrumented', error);
    }
  }

  /** Runs what the application does with an entry of a stream. */
  process<T>(id: string | undefined, stream: string | undefined, run: () => T): T {
    return this.messages.process(id, stream, run);
  }

  private leave(report: Report): void {
    this.isPatched = false;
    this.files.stop();
    this.realm.leave();
    this.taps.channels.stop();
    this.ledger.undo(report);
    release(this);
  }

  /**
   * Settles a conflict as the option says. Asked at every file, for what wraps after us is seen at the next; and at
   * every client, for what listens to channels may begin to at any time. False: we are out.
   */
  private isClear(): boolean {
    const others = this.others.find();
    if (others.length === 0) return true;
    const found = `${others.map(({ name }) => name).join(' and ')} is active`;
    if (this.onConflict === 'takeover') {
      for (const other of others) this.takeOver(other);
    } else if (this.onConflict === 'both') {
      this.report(`${found}; both record every command (onConflict: both)`);
    } else {
      this.report(`${found}; this one stands down (onConflict: stand-down)`);
      this.abandon();
    }
    return this.isPatched;
  }

  private takeOver({ name, remedy, evict }: Other): void {
    evict?.();
    if (evict !== undefined) this.report(`${name} is active; its patches were taken off (onConflict: takeover)`);
    else
      this.report(`${name} is active and cannot be taken off, so every command has two spans: ${remedy}, or set onConflict to stand-down`);
  }

  /** What others have wrapped of ours stays inside, and stops. */
  private abandon(): void {
    this.leave(() => undefined);
    this.standDown();
  }

  /** Copies of redis that passed no hook, and have something that was not met before. */
  private findNew(): PreloadedCopy[] {
    return findPreloaded([...new Set(SEAMS.map(({ module }) => module))]).filter((copy) => this.meet(copy));
  }

  /** In a test runner's realm, where modules pass no hook at all. True if there was one that is patched now. */
  private meetLoaded(): boolean {
    if (isMainRealm || !this.isPatched) return false;
    const copies = this.findNew();
    if (copies.some(isMissingServer))
      this.report(`modules pass no hook in this test runner, so redis was patched at the first connection; ${MISSING_SERVER}`);
    return copies.length > 0;
  }

  private reportPreloaded(copies: readonly PreloadedCopy[]): void {
    const names = copies.map(({ module, version }) => `${module} ${version}`).join(', ');
    const missing = copies.some(isMissingServer) ? `; ${MISSING_SERVER}` : '';
    this.report(`redis was loaded before this instrumentation was enabled, and is patched all the same (${names})${missing}`);
  }

  /** A copy of redis that was loaded before us, or while we were disabled, passed no hook. False: nothing in it is new. */
  private meet({ module, version, main, files }: PreloadedCopy): boolean {
    const before = this.loaded.length;
    for (const { file } of seamOf(module, version)?.files ?? []) {
      this.onLoad(module, file, files.get(file ?? main), version);
    }
    this.others.wraps.watchLoaded(files);
    return this.loaded.length > before;
  }

  private onLoad(module: string, name: string | undefined, moduleExports: unknown, version: string | undefined): void {
    if (typeof moduleExports !== 'object' || moduleExports === null) return;
    // Also at a file that is known, or has nothing for us: somebody may have wrapped the last one.
    if (this.isPatched && !this.isClear()) return;
    if (this.loaded.some((known) => known.moduleExports === moduleExports)) return;
    const seam = seamOf(module, version);
    if (seam === undefined) {
      const known = SEAMS.filter((candidate) => candidate.module === module).flatMap(({ majors }) => majors);
      this.report(`${module} ${version ?? 'of unknown version'} is not supported (known: ${known.join(', ')}); it is left untouched`);
      return;
    }
    const file = seam.files.find((candidate) => candidate.file === name);
    if (file === undefined) return;
    const copy = `${module} ${version}`;
    const loaded = { copy, file, moduleExports: moduleExports as Target, where: `${copy}${name === undefined ? '' : `: ${name}`}` };
    this.loaded.push(loaded);
    this.others.wraps.watch(name, loaded.moduleExports);
    if (this.isPatched && this.isClear()) this.apply(loaded);
  }

  private apply({ copy, file, moduleExports, where }: Loaded): void {
    try {
      if (file.patch(this.taps, moduleExports, this.ledger)) {
        this.patched.add(copy);
        return;
      }
      this.report(`${where} is not built as expected; it is left untouched`);
    } catch (error) {
      this.report(`${where} could not be patched`, error);
    }
  }
}

const MISSING_SERVER = 'clients of redis 4 that were created before do not show their server';

function isMissingServer({ module, version }: PreloadedCopy): boolean {
  return isSeenOnlyNew(seamOf(module, version));
}

/** A client's connection is watched when it is made, before the first command is answered. */
function atEveryConnection(recorder: ConnectionRecorder, call: () => void): ConnectionRecorder {
  return {
    watchConnection: (connection) => {
      call();
      recorder.watchConnection(connection);
    },
    reconnected: (server) => recorder.reconnected(server),
    connectionFailed: (server, error) => recorder.connectionFailed(server, error),
    watchCache: (cache) => recorder.watchCache(cache),
  };
}
