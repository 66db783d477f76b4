// Knows: what other OpenTelemetry instrumentations wrap in each library, how to detect it, and how to remove it.
// Must not know: our own seams, subscribers of channels, what happens in a conflict.
import type { ClientName } from '../../config';
import { isMarked, type Target } from '../shared/patch';

interface Place {
  readonly client: ClientName;
  readonly target: Target;
  readonly name: string;
}

/** The files of a copy of redis that was loaded before us, by their path in the package. */
export type LoadedFiles = ReadonlyMap<string, unknown>;

export const COMMANDER = 'dist/lib/commander.js';

/** `attachCommands` was named `extendWithCommands` in 4.0. */
const ATTACH = ['attachCommands', 'extendWithCommands'] as const;

/**
 * The methods that `@opentelemetry/instrumentation-redis` wraps, and `-redis-4` before it: by file, in the prototype
 * of the default export.
 */
const METHODS: Readonly<Record<string, readonly string[]>> = {
  'dist/lib/client/multi-command.js': ['exec', 'execAsPipeline', 'addCommand'],
  'dist/lib/client/index.js': ['multi', 'MULTI', 'sendCommand', 'connect'],
  'dist/lib/cluster/index.js': ['MULTI'],
  // Wrapping these of a pipeline is an open pull request of theirs.
  'dist/lib/cluster/multi-command.js': ['exec', 'execAsPipeline', 'addCommand'],
};

/** Files in which only others wrap something; and the main export, which is loaded after all of them. */
export const WATCHED_NAMES: readonly (string | undefined)[] = [COMMANDER, ...Object.keys(METHODS), undefined];

/** The methods that `@opentelemetry/instrumentation-ioredis` wraps: by file, in version 5 and later, and in 4. */
const IOREDIS_METHODS: Readonly<Record<string, readonly string[]>> = {
  'built/Redis.js': ['sendCommand', 'connect'],
  'built/redis/index.js': ['sendCommand', 'connect'],
};

/** Watches the places that other instrumentations wrap. Our wrappers have no marks, so a marked one is another's. */
export class Wraps {
  private readonly places: Place[] = [];
  private readonly reattach: (() => void)[] = [];

  /** Remembers a file. It may be wrapped already, or right after us. */
  watch(client: ClientName, file: string | undefined, moduleExports: Target): void {
    if (file === undefined) this.watchLegacy(moduleExports);
    else if (file === COMMANDER) this.watchAll(client, moduleExports, ATTACH);
    else this.watchAll(client, prototypeAt(moduleExports, 'default'), METHODS[file] ?? IOREDIS_METHODS[file] ?? []);
  }

  /** If redis 4 was loaded while another wrapper was active, every method of its clients contains that wrapper. */
  watchLoaded(files: LoadedFiles): void {
    const commander = files.get(COMMANDER) as Target | undefined;
    const client = files.get('dist/lib/client/index.js') as Target | undefined;
    const commands = files.get('dist/lib/client/commands.js') as Target | undefined;
    if (commander === undefined || client === undefined || commands === undefined) return;
    if (ATTACH.some((name) => isMarked(commander[name])))
      this.reattach.push(() => attachAgain(commander, client, commands));
  }

  /** The libraries in which anyone wraps what we record. */
  get clients(): ClientName[] {
    const wrapped = this.places.filter(({ target, name }) => isMarked(target[name]));
    return wrapped.length === 0 ? [] : [...new Set(wrapped.map(({ client }) => client))];
  }

  /** Removes what others have wrapped around a library or around us. */
  unwrap(client: ClientName): void {
    for (const place of this.places) {
      if (place.client !== client) continue;
      const { target, name } = place;
      for (let top = target[name]; isMarked(top); top = target[name]) {
        top.__unwrap();
        if (target[name] === top) break;
      }
    }
    if (client === 'redis') for (const attach of this.reattach.splice(0)) attach();
  }

  private watchLegacy(moduleExports: Target): void {
    const prototype = prototypeAt(moduleExports, 'RedisClient');
    if (prototype === undefined) return;
    this.watchAll('redis', prototype, ['internal_send_command', 'create_stream']);
    this.watchAll('redis', moduleExports, ['createClient']);
  }

  private watchAll(client: ClientName, target: Target | undefined, names: readonly string[]): void {
    if (target === undefined) return;
    for (const name of names) if (typeof target[name] === 'function') this.places.push({ client, target, name });
  }
}

/** Reading a missing property of a half-loaded module would make Node warn of a circular dependency. */
function prototypeAt(moduleExports: Target, name: string): Target | undefined {
  const exported = Object.hasOwn(moduleExports, name) ? moduleExports[name] : undefined;
  return typeof exported === 'function' ? (exported.prototype as Target) : undefined;
}

/** Repeats what redis 4 does when it is loaded: each command becomes a method that holds the executor. */
function attachAgain(commander: Target, client: Target, commands: Target): void {
  const attach = commander[ATTACH[0]] ?? commander[ATTACH[1]];
  const BaseClass = client.default as { prototype: { commandsExecutor?: unknown } };
  const executor = BaseClass.prototype.commandsExecutor;
  if (typeof attach === 'function' && typeof executor === 'function')
    attach({ BaseClass, commands: commands.default, executor });
}
