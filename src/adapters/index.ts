// Knows: all taps, which modules are loaded, and when they are patched and restored.
// Must not know: which file of which version is patched where, what a tap does with a command.
import type { ClientName, ConflictMode } from '../config';
import type { Report } from '../core/recorder';
import { ReplyShapes } from '../core/replies';
import { type Active, activeAdapters, claim, release } from './active';
import { Others } from './others';
import { atEveryConnection, Conflicts, type Sides } from './others/conflicts';
import type { Other } from './others/other';
import { type Loaded, Patches } from './patches';
import { findPreloaded, type PreloadedCopy } from './preloaded';
import { ReachedCopies } from './reached';
import { isMainRealm, Realm } from './realm';
import type { Target } from './shared/patch';
import { type Sinks, type Taps, tapsTo } from './taps';
import { isSeenOnlyNew, SEAMS, seamOf } from './versions';
import { type HookedFile, WatchedFiles } from './watched-files';

export { activeAdapters, type Other };

const CLIENTS: readonly ClientName[] = ['redis', 'ioredis', 'iovalkey'];

/** All adapters together: what to hook, and patching and unpatching everything that was loaded. */
export class Adapters implements Active, Sides {
  /** The values that callers get, if they differ from the server's replies. */
  readonly replies = new ReplyShapes();
  private readonly taps: Taps;
  private readonly patches: Patches;
  /** Every copy that was loaded, so that enabling again reaches all of them. Modules are never unloaded. */
  private readonly loaded: Loaded[] = [];
  private readonly others = new Others();
  private readonly conflicts: Conflicts;
  private readonly reached: ReachedCopies;
  private readonly realm = new Realm(
    () => this.abandon(),
    () => this.meetLoaded(),
  );
  private readonly files: WatchedFiles;
  private isPatched = false;
  private wanted: readonly ClientName[] = [];
  /** Libraries that are left to other instrumentations. */
  private readonly left = new Set<ClientName>();
  private readonly report: Report;

  /** @param standDown called when recording redis is left to another instrumentation */
  constructor(
    private readonly sinks: Sinks,
    private readonly standDown: () => void,
  ) {
    const { report } = sinks;
    this.report = report;
    const settle = (): void => {
      if (this.isPatched) this.isClear();
    };
    const connections = atEveryConnection(sinks.connections, settle);
    const { replies } = this;
    const meetLoaded = () => this.meetLoaded();
    this.taps = tapsTo({ ...sinks, connections, settle, replies, meetLoaded });
    this.patches = new Patches(this.taps, report);
    this.reached = new ReachedCopies(this.taps, (...file) => this.onLoad(...file), report);
    this.conflicts = new Conflicts(this, report);
    this.files = new WatchedFiles(this.hookedFiles(), report);
  }

  /** Other instrumentations that record redis in this process, and are left alone. */
  findOthers(): readonly Other[] {
    return this.others.find();
  }

  /** Sets which libraries are recorded, and what to do about other instrumentations, from now on. */
  use(clients: readonly ClientName[], onConflict: ConflictMode): void {
    this.conflicts.mode = onConflict;
    if (clients.join() === this.wanted.join()) return;
    this.wanted = clients;
    if (!this.isPatched) return;
    this.patches.undoAll(this.report);
    this.applyAll();
  }

  /** The files to hook, each once, even if several versions share it. */
  hookedFiles(): HookedFile[] {
    const names = new Map<string, readonly [string, string | undefined]>();
    for (const { module, files } of SEAMS)
      for (const { file } of files) names.set(`${module}/${file ?? ''}`, [module, file]);
    return [...names.values()].map(([module, file]) => ({
      module,
      file,
      onLoad: (moduleExports, version) => this.onLoad(module, file, moduleExports, version),
    }));
  }

  /** Patches everything that was loaded so far, even before us. */
  patch(): void {
    this.files.start();
    if (!claim(this, () => this.abandon())) {
      this.report(
        'another RedisInstrumentation is active in this process; this one does nothing until it is enabled ' +
          'without the other',
      );
      return;
    }
    const preloaded = this.findNew();
    this.isPatched = true;
    if (!this.isClear()) return;
    this.reportPreloaded(preloaded.filter((copy) => this.isRecorded(clientOf(copy))));
    this.applyAll();
    this.realm.enter();
  }

  /** Restores the identical functions everywhere. */
  unpatch(): void {
    if (this.isPatched && this.conflicts.mode === 'takeover') this.isClear();
    this.leave(this.report);
  }

  /** Patches the copy of redis that a client comes from, if it is in a bundle that no hook has seen. */
  instrumentClient(client: unknown): void {
    this.reached.instrument(client);
  }

  /** Runs the application's processing of a stream entry. */
  process<T>(id: string | undefined, stream: string | undefined, run: () => T): T {
    const recorded = this.wanted.find((client) => this.isRecorded(client));
    return recorded === undefined ? run() : this.sinks.libraries[recorded].messages.process(id, stream, run);
  }

  private leave(report: Report): void {
    this.isPatched = false;
    for (const client of CLIENTS) this.record(client, false);
    this.files.stop();
    this.realm.leave();
    this.patches.undoAll(report);
    this.left.clear();
    release(this);
  }

  private applyAll(): void {
    for (const client of CLIENTS) this.record(client, this.isRecorded(client));
    for (const loaded of this.loaded) this.apply(loaded);
  }

  /** Wrappers of ours that others have wrapped stay in place, and are stopped here. */
  private record(client: ClientName, isRecorded: boolean): void {
    const { tap, messages } = this.sinks.libraries[client];
    const { channels, maintenance } = this.taps;
    // Diagnostics channels are those of node-redis.
    for (const one of client === 'redis' ? [tap, messages, channels, maintenance] : [tap, messages]) {
      if (isRecorded) one.start();
      else one.stop();
    }
  }

  private apply(loaded: Loaded): void {
    if (this.isRecorded(loaded.client)) this.patches.apply(loaded);
  }

  isRecorded(client: ClientName | undefined): boolean {
    return client !== undefined && this.wanted.includes(client) && !this.left.has(client);
  }

  /** Checks for conflicts at every file and every client. Returns false if we stand down. */
  private isClear(): boolean {
    this.conflicts.settle();
    return this.isPatched;
  }

  /** Leaves only that library, unless nothing else is recorded. */
  leaveTo(client: ClientName): void {
    this.left.add(client);
    if (!this.wanted.some((one) => this.isRecorded(one))) {
      this.abandon();
      return;
    }
    // Another instrumentation may have wrapped our wrapper, which then stays inside and passes calls on.
    this.record(client, false);
    this.patches.undo(client, () => undefined);
  }

  /** Stops everything. Wrappers of ours that others have wrapped stay inside and pass calls on. */
  private abandon(): void {
    this.leave(() => undefined);
    this.standDown();
  }

  /** Copies of redis that no hook has seen, with something new in them. */
  private findNew(): PreloadedCopy[] {
    return findPreloaded([...new Set(SEAMS.map(({ module }) => module))]).filter((copy) => this.meet(copy));
  }

  /** Finds modules in the realm of a test runner, which no hook sees. Returns true if one was patched. */
  private meetLoaded(): boolean {
    if (isMainRealm || !this.isPatched) return false;
    const copies = this.findNew();
    if (copies.some(isMissingServer))
      this.report(`no hook sees modules in this test runner, so redis was patched at the first connection${MISSING}`);
    return copies.length > 0;
  }

  private reportPreloaded(copies: readonly PreloadedCopy[]): void {
    if (copies.length === 0) return;
    const names = copies.map(({ module, version }) => `${module} ${version}`).join(', ');
    const missing = copies.some(isMissingServer) ? MISSING : '';
    this.report(
      `redis was loaded before this instrumentation was enabled, and was patched afterwards (${names})${missing}`,
    );
  }

  /** Patches a copy that was loaded before us, or while we were disabled. Returns false if nothing in it is new. */
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
    // Check this also for known files: another instrumentation may have wrapped something since.
    if (this.isPatched && !this.isClear()) return;
    if (this.loaded.some((known) => known.moduleExports === moduleExports)) return;
    const seam = seamOf(module, version);
    if (seam === undefined) {
      const rows = SEAMS.filter((candidate) => candidate.module === module);
      if (!this.isRecorded(rows[0]?.client)) return;
      const known = rows.flatMap(({ majors }) => majors);
      this.report(
        `${module} ${version ?? 'of unknown version'} is not supported (known: ${known.join(', ')}); its files are ` +
          `left untouched${rows[0]?.client === 'redis' ? BY_CHANNELS : ''}`,
      );
      return;
    }
    const file = seam.files.find((candidate) => candidate.file === name);
    if (file === undefined) return;
    const where = `${module} ${version}${name === undefined ? '' : `: ${name}`}`;
    const loaded = { client: seam.client, file, moduleExports: moduleExports as Target, where };
    this.loaded.push(loaded);
    this.others.wraps.watch(seam.client, name, loaded.moduleExports);
    if (this.isPatched && this.isClear()) this.apply(loaded);
  }
}

/** As those of a bundle are. */
const BY_CHANNELS = ', and its clients are recorded by their diagnostics channels, if they have any';
const MISSING = '; clients of redis 4 that were created before do not show their server';

function clientOf({ module, version }: PreloadedCopy): ClientName | undefined {
  return seamOf(module, version)?.client;
}

function isMissingServer({ module, version }: PreloadedCopy): boolean {
  return isSeenOnlyNew(seamOf(module, version));
}
