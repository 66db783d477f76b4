// Knows: the commands that ioredis sends by itself: to connect, to reconnect, to find its servers.
// Must not know: what becomes of it, spans, metrics.
import { Ambient } from '../shared/ambient';
import { allOf, around, type PatchLedger, prototypeOf, type Target } from '../shared/patch';
import { type Client, isNamed, type LibraryCommand } from './library';
import type { Server, Servers } from './servers';

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** The first commands of a connection; in version 6 once more if the server does not know HELLO. */
const HANDSHAKE: ReadonlySet<string> = new Set(['hello', 'auth', 'select', 'client', 'readonly', 'himport']);

/** While some methods run, commands that are sent and clients that are created belong to the library. */
export class OwnTraffic {
  private readonly acting = new Ambient<boolean>();
  private readonly making = new Ambient<boolean>();
  private readonly assigning = new Ambient<boolean>();

  constructor(private readonly servers: () => Servers) {}

  get isOn(): boolean {
    return this.acting.current === true;
  }

  /** Whether a client that is created now belongs to the library. */
  get isMaking(): boolean {
    return this.making.current === true;
  }

  /** `redis/event_handler.js`: AUTH, SELECT, CLIENT, READONLY, MONITOR, and subscriptions. */
  patchHandlers(moduleExports: Target, ledger: PatchLedger): boolean {
    const handler = around<unknown, Method>((_exports, call, [client]) => {
      this.servers().of(client as Client).isSeenConnecting = true;
      return around((_stream, handle) => this.run(handle))(call());
    });
    return ledger.patch(moduleExports, allOf(['connectHandler', 'readyHandler'], handler));
  }

  /** `Redis.js`: INFO, and the SELECT before commands are sent again. */
  patchRedis(moduleExports: Target, ledger: PatchLedger): boolean {
    return during(prototypeOf(moduleExports), ledger, ['_readyCheck', 'handleReconnection'], this.acting);
  }

  /** `cluster/index.js`: CLUSTER INFO and SLOTS, the latter by a client of its own, and QUIT for each node. */
  patchCluster(moduleExports: Target, ledger: PatchLedger): boolean {
    const prototype = prototypeOf(moduleExports);
    return (
      during(prototype, ledger, ['readyCheck', 'quit'], this.acting) &&
      during(prototype, ledger, ['getInfoFromNode'], this.acting, this.making)
    );
  }

  /** `cluster/ConnectionPool.js`: a node is told its new role, while listeners of the application may run. */
  patchPool(moduleExports: Target, ledger: PatchLedger): boolean {
    return during(prototypeOf(moduleExports), ledger, ['findOrCreate'], this.assigning);
  }

  /** `connectors/SentinelConnector/index.js`: the clients that ask sentinels. */
  patchSentinels(moduleExports: Target, ledger: PatchLedger): boolean {
    return during(prototypeOf(moduleExports), ledger, ['connectToSentinel'], this.acting, this.making);
  }

  /** Runs code of the library that acts for itself. */
  run<T>(call: () => T): T {
    return this.acting.run(true, call);
  }

  /** Whether the library sends this command by itself. */
  sends(command: LibraryCommand, server: Server): boolean {
    if (this.isOn || server.isInternal || isNamed(command, 'asking')) return true;
    if (this.assigning.current && (isNamed(command, 'readwrite') || isNamed(command, 'readonly'))) return true;
    if (server.expectedLoads > 0 && isLoad(command)) {
      server.expectedLoads -= 1;
      return true;
    }
    const { status } = server.client;
    // The library reads its version from a file first. The connection may be lost meanwhile.
    if (status !== 'connect') return status !== 'ready' && server.isSeenConnecting && isSetInfo(command, 'lib-ver');
    // In a bundle, the first commands of a connection are not seen.
    if (!server.isSeenConnecting) return HANDSHAKE.has(command.name);
    const { handshake, protocol } = server.client.condition ?? {};
    if (handshake === true) return protocol === 2 && HANDSHAKE.has(command.name);
    return isSetInfo(command);
  }
}

/** Sets the marks while one of these methods runs. Returns false if one is missing; then nothing was changed. */
function during(
  prototype: Target | undefined,
  ledger: PatchLedger,
  names: readonly string[],
  ...marks: readonly Ambient<boolean>[]
): boolean {
  const marked = around((_self, call) => marks.reduce((inner, mark) => () => mark.run(true, inner), call)());
  return ledger.patch(prototype, allOf(names, marked));
}

function isSetInfo({ name, args }: LibraryCommand, what?: string): boolean {
  if (name !== 'client' || String(args[0]).toLowerCase() !== 'setinfo') return false;
  return what === undefined || String(args[1]).toLowerCase() === what;
}

function isLoad({ name, args }: LibraryCommand): boolean {
  return name === 'script' && args[0] === 'load';
}
