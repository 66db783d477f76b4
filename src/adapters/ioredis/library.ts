// Knows: the objects of ioredis and iovalkey that we read, and the property that we set on a command.
// Must not know: where they pass, what is recorded.
import type { Arguments } from '../../core/events';
import type { Server } from './servers';

/** Set on a command: its follower. The same object passes several times: offline, lost, redirected, in a pipeline. */
export const FOLLOWER = Symbol('opentelemetry-instrumentation-redis.follower');

/** Is called each time a command passes. */
export interface Follower {
  /** The command is passed to this connection. */
  at(server: Server): void;
  /** The command has a new promise with new `resolve` and `reject`, or another object is sent in its place. */
  attach(command: LibraryCommand): void;
  /** The command could not be sent. */
  fail(error: unknown): void;
}

type Settle = (this: unknown, value?: unknown) => unknown;

/** The name and the arguments of a command. */
export interface Words {
  /** In lower case from a method, unchanged from `call`. */
  readonly name: string;
  /** Flat, strings and Buffers, with the key prefix; without the name. */
  readonly args: readonly unknown[];
}

/** What ends a promise of the library. */
export interface Settled {
  /** Called with the raw reply: Buffers, flat lists; for a pipeline with what the application gets. */
  resolve: Settle;
  reject: Settle;
}

export interface LibraryCommand extends Words, Settled {
  args: unknown[];
  transformReply?(reply: unknown): unknown;
  /** Some argument is a Buffer. */
  bufferMode?: boolean;
  /** Sent by the library itself, and left out of the results of a pipeline. */
  readonly ignore?: unknown;
  /** null: the command is not followed, and never will be. */
  [FOLLOWER]?: Follower | null;
}

export interface Client {
  readonly status?: string;
  readonly stream?: {
    readonly writable?: boolean;
    readonly remoteAddress?: string;
    readonly remotePort?: number;
  } | null;
  readonly options: ClientOptions;
  readonly condition?: {
    readonly handshake?: unknown;
    readonly protocol?: unknown;
    readonly subscriber?: unknown;
  } | null;
  readonly offlineQueue?: { readonly length: number };
  readonly manuallyClosing?: unknown;
  readonly isCluster?: unknown;
  readonly scriptsSet?: Readonly<Record<string, object>>;
}

export interface ClientOptions {
  readonly host?: unknown;
  readonly port?: unknown;
  readonly path?: unknown;
  readonly db?: unknown;
  /** The addresses of sentinels; `name` is that of the master. */
  readonly sentinels?: unknown;
  readonly name?: unknown;
}

export interface Cluster extends Client {
  readonly isCluster: true;
  readonly startupNodes?: readonly unknown[];
  /** How it keeps them differs: iovalkey has records of them. */
  readonly connectionPool?: { getInstanceByKey?(hostAndPort: string): unknown };
  readonly subscriber?: { readonly subscriber?: unknown };
  /** From 5.9 on. */
  readonly shardedSubscribers?: { readonly shardedSubscribers?: ReadonlyMap<unknown, { readonly instance?: unknown }> };
}

export interface Pipeline extends Settled {
  readonly redis: Client;
  readonly isCluster?: unknown;
  /** The number of MULTIs that wait for their EXEC. */
  readonly _transactions: number;
  readonly _queue: readonly LibraryCommand[];
}

/** Whether it is a command that can carry our mark: an application may send any object, which is then left as it is. */
export function isFollowable(command: LibraryCommand): boolean {
  return (
    typeof command === 'object' &&
    command !== null &&
    typeof command.name === 'string' &&
    Array.isArray(command.args) &&
    typeof command.reject === 'function' &&
    Object.isExtensible(command)
  );
}

/**
 * The application's command, with the name first. A copy: for a script, the library replaces the first argument when
 * it writes.
 */
export function argumentsOf({ name, args }: Words): Arguments {
  return [name, ...args];
}

export function sendInstead(command: LibraryCommand, args: Arguments): void {
  command.args = args.slice(1);
  if (command.args.some((arg) => Buffer.isBuffer(arg))) command.bufferMode = true;
}

/** Names are spelled as by the application, which is nearly always lower case. */
export function isNamed({ name }: Words, word: string): boolean {
  return name === word || (name.length === word.length && name.toLowerCase() === word);
}

/** Calls `seen` with the raw reply before the application gets it. */
export function beforeReply(command: Settled, seen: (reply: unknown) => void): void {
  command.resolve = preceded(command.resolve, seen);
}

/** Calls `seen` with the error before the application gets it. */
export function beforeError(command: Settled, seen: (error: unknown) => void): void {
  command.reject = preceded(command.reject, seen);
}

function preceded(settle: Settle, seen: (value: unknown) => void): Settle {
  return function (this: unknown, value): unknown {
    seen(value);
    return settle.apply(this, arguments as unknown as [unknown]);
  };
}
