// Knows: what a client of redis 2.6 to 3 shows of itself: its facts, its queues, and which of its commands are its own.
// Must not know: how it is patched, spans.
import type { EventEmitter } from 'node:events';
import type { ClientFacts, ClientRef } from '../../../core/events';
import { KeptBack } from '../../shared/kept-back';
import { selectDatabase } from '../../shared/servers';
import { factsFrom } from '../server-info';
import type { CommandObject } from './batch';

/** The part of a client that we read. */
export interface Client extends EventEmitter {
  readonly ready: boolean;
  readonly closing: boolean;
  readonly enable_offline_queue: boolean;
  /** 1: the next reply is for subscribers; more: replies to commands come first. */
  readonly pub_sub_mode?: unknown;
  readonly stream: { readonly writable: boolean };
  readonly command_queue: Queue;
  readonly offline_queue: Queue;
  readonly connection_options?: { readonly host?: string; readonly port?: number; readonly path?: string };
  /** The database of the commands whose replies arrive now. */
  readonly selected_db?: unknown;
  readonly options?: { readonly retry_unfulfilled_commands?: unknown; readonly prefix?: unknown };
}

interface Queue {
  readonly length: number;
  get(index: number): CommandObject | undefined;
  peekBack(): CommandObject | undefined;
  toArray(): CommandObject[];
}

export type QueueName = 'command_queue' | 'offline_queue';

/** The library follows SELECT itself, in single commands, batches and transactions. */
export class LegacyClientRef implements ClientRef {
  readonly writes: KeptBack;
  private readonly known: ClientRef;

  constructor(private readonly client: Client) {
    this.writes = new KeptBack(() => isOffline(client));
    this.known = { facts: factsOf(client) };
  }

  get facts(): ClientFacts {
    selectDatabase(this.known, this.client.selected_db);
    return this.known.facts;
  }
}

function factsOf({ connection_options: target, selected_db: database, options }: Client): ClientFacts {
  const prefix = options?.prefix;
  const known = factsFrom({ socket: target, database });
  // The library adds the prefix to the keys after our seam.
  const facts = typeof prefix === 'string' && prefix !== '' ? Object.freeze({ ...known, keyPrefix: prefix }) : known;
  const isElsewhere = target?.host === undefined && target?.path === undefined;
  // The application gave a stream; its destination is not known.
  return isElsewhere ? Object.freeze({ ...facts, serverAddress: undefined, serverPort: undefined }) : facts;
}

/** The library's own condition for queueing a command. */
export function isOffline({ ready, stream }: Client): boolean {
  return ready === false || stream.writable === false;
}

export function isQueued(client: Client, command: CommandObject): boolean {
  return client.command_queue.peekBack() === command || client.offline_queue.peekBack() === command;
}

/** The library sends these itself after a reconnect. Commands of the application have what is missing here. */
export function isRestoring({ command, callback, call_on_write }: CommandObject): boolean {
  return (command === 'select' && callback === undefined) || (command === 'monitor' && call_on_write === undefined);
}

/** The error for a command without a callback, which the library does not create. */
export function abortError(code: unknown): Error {
  return Object.assign(new Error('no reply'), { name: 'AbortError', code });
}
