// Knows: which socket of redis 5 and 6 a queue writes to, and so where its commands go.
// Must not know: spans, metrics, attribute names.
import type { ClientFacts, ClientRef } from '../core/events';
import { type ClientOptions, factsFrom, UNKNOWN_SERVER } from './facts';
import { type Class, onConstruct, PatchLedger, type Target } from './patch';
import { prototypeOf } from './redis-client';

const UNKNOWN: ClientRef = Object.freeze({ facts: UNKNOWN_SERVER });

/** Queues and the servers behind them. A client keeps both to itself, and builds them back to back. */
export class Connections {
  private readonly servers = new WeakMap<object, ClientRef>();
  private lonelyQueue: object | undefined;

  /** `client/commands-queue.js`. False if the seam is not what we know: then nothing is touched. */
  patchQueue(moduleExports: Target, ledger: PatchLedger): boolean {
    return replaceClass(moduleExports, ledger, (queue) => {
      this.lonelyQueue = queue;
    });
  }

  /** `client/socket.js`. The options are its last argument; 5.0 has two, later ones three. */
  patchSocket(moduleExports: Target, ledger: PatchLedger): boolean {
    if (!PatchLedger.has(prototypeOf(moduleExports), 'connect')) return false;
    return replaceClass(moduleExports, ledger, (_socket, args) => this.pair(args.at(-1) as ClientOptions['socket']));
  }

  /** Before the client has told more: the server, in the database every connection begins with. */
  serverOf(queue: object): ClientRef {
    return this.servers.get(queue) ?? UNKNOWN;
  }

  private pair(socket: ClientOptions['socket']): void {
    const { lonelyQueue } = this;
    this.lonelyQueue = undefined;
    const facts: ClientFacts = factsFrom({ socket });
    // A socket that takes the place of another during maintenance comes without a queue.
    if (lonelyQueue !== undefined) this.servers.set(lonelyQueue, { facts });
  }
}

function replaceClass(moduleExports: Target, ledger: PatchLedger, seen: (instance: object, args: readonly unknown[]) => void): boolean {
  if (prototypeOf(moduleExports) === undefined) return false;
  ledger.replace(moduleExports, 'default', onConstruct(moduleExports.default as Class, seen));
  return true;
}
