// Knows: the commands that ioredis sends by itself: to connect, to reconnect, to find its servers.
// Must not know: what becomes of it, spans, metrics.
import { PatchLedger, prototypeOf, type Target } from '../shared/patch';
import { type Client, isNamed, type LibraryCommand } from './library';
import type { Server, Servers } from './servers';

type Method = (this: object, ...args: unknown[]) => unknown;
type Handler = (...args: unknown[]) => Method;

/** The first commands of a connection; in version 6 once more if the server does not know HELLO. */
const HANDSHAKE: ReadonlySet<string> = new Set(['hello', 'auth', 'select', 'client', 'readonly', 'himport']);

/** While these methods run, commands that are sent and clients that are created belong to the library. */
export class OwnTraffic {
  private depth = 0;
  private making = 0;
  private assigning = 0;

  constructor(private readonly servers: () => Servers) {}

  get isOn(): boolean {
    return this.depth > 0;
  }

  /** Whether a client that is created now belongs to the library. */
  get isMaking(): boolean {
    return this.making > 0;
  }

  /** `redis/event_handler.js`: AUTH, SELECT, CLIENT, READONLY, MONITOR, and subscriptions. */
  patchHandlers(moduleExports: Target, ledger: PatchLedger): boolean {
    if (!PatchLedger.has(moduleExports, 'connectHandler', 'readyHandler')) return false;
    for (const name of ['connectHandler', 'readyHandler']) {
      ledger.wrap<Handler>(moduleExports, name, (original) => this.wrapHandler(original));
    }
    return true;
  }

  /** `Redis.js`: INFO, and the SELECT before commands are sent again. */
  patchRedis(moduleExports: Target, ledger: PatchLedger): boolean {
    return this.patchMethods(prototypeOf(moduleExports), ledger, '_readyCheck', 'handleReconnection');
  }

  /** `cluster/index.js`: CLUSTER INFO and SLOTS, the latter by a client of its own, and QUIT for each node. */
  patchCluster(moduleExports: Target, ledger: PatchLedger): boolean {
    const prototype = prototypeOf(moduleExports);
    return (
      this.patchMethods(prototype, ledger, 'readyCheck', 'quit') &&
      this.patchMakers(prototype, ledger, 'getInfoFromNode')
    );
  }

  /** `cluster/ConnectionPool.js`: a node is told its new role, while listeners of the application may run. */
  patchPool(moduleExports: Target, ledger: PatchLedger): boolean {
    const prototype = prototypeOf(moduleExports);
    if (!PatchLedger.has(prototype, 'findOrCreate')) return false;
    const assign = (call: () => unknown): unknown => {
      this.assigning += 1;
      try {
        return call();
      } finally {
        this.assigning -= 1;
      }
    };
    ledger.wrap<Method>(prototype, 'findOrCreate', (original) => {
      return function findOrCreate(this: object): unknown {
        return assign(() => original.apply(this, arguments as unknown as unknown[]));
      };
    });
    return true;
  }

  /** `connectors/SentinelConnector/index.js`: the clients that ask sentinels. */
  patchSentinels(moduleExports: Target, ledger: PatchLedger): boolean {
    return this.patchMakers(prototypeOf(moduleExports), ledger, 'connectToSentinel');
  }

  /** Runs code of the library that acts for itself. */
  run<T>(call: () => T): T {
    this.depth += 1;
    try {
      return call();
    } finally {
      this.depth -= 1;
    }
  }

  /** Whether the library sends this command by itself. */
  sends(command: LibraryCommand, server: Server): boolean {
    if (this.depth > 0 || server.isInternal || isNamed(command, 'asking')) return true;
    if (this.assigning > 0 && (isNamed(command, 'readwrite') || isNamed(command, 'readonly'))) return true;
    if (server.expectedLoads > 0 && isLoad(command)) {
      server.expectedLoads -= 1;
      return true;
    }
    // The library reads its version from a file first. The connection may be lost meanwhile.
    if (server.status !== 'connect')
      return server.status !== 'ready' && server.isSeenConnecting && isSetInfo(command, 'lib-ver');
    // In a bundle, the first commands of a connection are not seen.
    if (!server.isSeenConnecting) return HANDSHAKE.has(command.name);
    const { handshake, protocol } = server.condition ?? {};
    if (handshake === true) return protocol === 2 && HANDSHAKE.has(command.name);
    return isSetInfo(command);
  }

  private patchMethods(prototype: Target | undefined, ledger: PatchLedger, ...names: string[]): boolean {
    if (!PatchLedger.has(prototype, ...names)) return false;
    for (const name of names) ledger.wrap<Method>(prototype, name, (original) => this.wrapMethod(original));
    return true;
  }

  private patchMakers(prototype: Target | undefined, ledger: PatchLedger, name: string): boolean {
    if (!PatchLedger.has(prototype, name)) return false;
    ledger.wrap<Method>(prototype, name, (original) => this.wrapMaker(this.wrapMethod(original)));
    return true;
  }

  private wrapMaker(original: Method): Method {
    const make = (call: () => unknown): unknown => {
      this.making += 1;
      try {
        return call();
      } finally {
        this.making -= 1;
      }
    };
    return function method(this: object): unknown {
      return make(() => original.apply(this, arguments as unknown as unknown[]));
    };
  }

  private wrapMethod(original: Method): Method {
    const run = <T>(call: () => T): T => this.run(call);
    return function method(this: object): unknown {
      return run(() => original.apply(this, arguments as unknown as unknown[]));
    };
  }

  private wrapHandler(original: Handler): Handler {
    return (client, ...rest) => {
      this.servers().of(client as Client).isSeenConnecting = true;
      return this.wrapMethod(original(client, ...rest));
    };
  }
}

function isSetInfo({ name, args }: LibraryCommand, what?: string): boolean {
  if (name !== 'client' || String(args[0]).toLowerCase() !== 'setinfo') return false;
  return what === undefined || String(args[1]).toLowerCase() === what;
}

function isLoad({ name, args }: LibraryCommand): boolean {
  return name === 'script' && args[0] === 'load';
}
