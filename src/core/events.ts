// Knows: what can happen at a Redis client, as plain data.
// Must not know: how it was observed (adapters) or what is recorded (recorders).
import type { Context, SpanContext } from '@opentelemetry/api';
import type { Transfer } from './propagator';
import type { Resends } from './resends';

/** A command as the application gave it to the client: the name, then its arguments. */
export type Arguments = readonly unknown[];

/** What is known of one client. Frozen: a change (SELECT) makes a new object, so caches can use it as a key. */
export interface ClientFacts {
  /** Host name, address or unix socket path, as configured. */
  readonly serverAddress: string | undefined;
  readonly serverPort: number | undefined;
  /** The node behind `serverAddress`, if that names a whole cluster. */
  readonly peerAddress: string | undefined;
  readonly peerPort: number | undefined;
  /** Database index, as a string. */
  readonly namespace: string | undefined;
  /** The prefix that the client adds to every key, if the arguments do not show it. */
  readonly keyPrefix?: string | undefined;
}

/** For a client that was created before us nothing is known. */
export const UNKNOWN_SERVER: ClientFacts = Object.freeze({
  serverAddress: undefined,
  serverPort: undefined,
  peerAddress: undefined,
  peerPort: undefined,
  namespace: undefined,
});

/** The current facts of a client. They are read at the reply: replies come in order, so SELECT is followed exactly. */
export interface ClientRef {
  facts: ClientFacts;
  /** undefined: the writes of this client cannot be observed. */
  readonly writes?: Writes;
}

/** The writes of one connection. */
export interface Writes {
  /** The write that will send a command called now. Commands that are sent together share one object. */
  next(): Write;
}

export interface Write {
  /** When the command that is answered now was written to the socket, on the monotonic clock; Infinity: not yet. */
  readonly monotonicMs: number;
}

/** The start of an operation on both clocks: the wall clock for timestamps, the monotonic one for durations. */
export interface Started {
  readonly startTimeMs: number;
  readonly startMonotonicMs: number;
}

/** One command that reached a Redis client and has not ended yet. */
export interface Command extends Started {
  readonly args: Arguments;
  readonly client: ClientRef;
  /** The caller's context: the parent of the span. */
  readonly context: Context;
  /** Whether a span is wanted. Metrics count either way. */
  readonly traced: boolean;
  /** The client sent the command by itself: a handshake, a topology query. It is only counted, and only on request. */
  readonly isInternal?: true;
  /** Some arguments are missing, so nothing may be remembered by them. */
  readonly isMasked?: true;
  /** The body of the script, if the arguments have only its sha. */
  readonly script?: string | undefined;
  /** The application's name of that script, if the library knows it. */
  readonly procedure?: string | undefined;
  /** The context of its span, if the span exists already. */
  readonly inside?: Context | undefined;
  /** The arguments to send in place of `args`. */
  readonly sent?: Arguments | undefined;
  /** Also undefined if no timing is wanted. */
  readonly write?: Write | undefined;
  /** How the command carries the context of messages. */
  readonly transfer?: Transfer | undefined;
  /** Set by the adapter when the client sends the command again: `{ ...command, resends }`. */
  readonly resends?: Resends | undefined;
}

/** A client that was asked to connect. */
export interface Connecting extends Started {
  readonly client: ClientRef;
  readonly context: Context;
}

export type BatchKind = 'MULTI' | 'PIPELINE';

/** A transaction or pipeline: one operation of many commands. */
export interface Batch extends Started {
  readonly kind: BatchKind;
  readonly context: Context;
  readonly traced: boolean;
  readonly commands: readonly Arguments[];
  /** The number of commands, if they are not known themselves: a transaction in a bundle. */
  readonly size?: number | undefined;
  /** See Command. */
  readonly isMasked?: true;
  readonly client: ClientRef;
  /** The context of its span, if the span exists already. */
  readonly inside?: Context | undefined;
  /** The arguments to send in place of a command, by index. */
  readonly sent?: ReadonlyMap<number, Arguments> | undefined;
  /** See Command; by index. */
  readonly transfers?: ReadonlyMap<number, Transfer> | undefined;
  /** How often the client sent the whole batch again. */
  readonly resends?: Resends | undefined;
}

/** A batch whose commands are not known yet. */
export interface BatchStart extends Omit<Batch, 'kind' | 'commands' | 'size' | 'client' | 'isMasked' | 'resends'> {
  /** Batches of this kind are ignored. It only has a span if it turns out to be one command that is not ignored. */
  readonly isIgnored: boolean;
}

/** How the time of an operation was spent, in milliseconds. */
export interface Timing {
  /** From the call to the write to the socket; undefined: the write cannot be observed. */
  readonly queueMs: number | undefined;
  /** From the write to the reply. */
  readonly wireMs: number | undefined;
  /** The longest delay of the event loop during the operation; undefined: it was not watched. */
  readonly eventLoopDelayMs: number | undefined;
}

/** How an operation ended. */
export interface Outcome {
  readonly durationMs: number;
  readonly failed: boolean;
  /** The raw reply, if it did not fail. */
  readonly reply: unknown;
  /** The reason of the rejection, if it failed. */
  readonly error: unknown;
  /** The client answered from its own cache. */
  readonly isLocal: boolean;
  /** For slow operations, and for all on request. */
  readonly timing?: Timing | undefined;
}

/** How a batch ended: `replies` in the order of `commands`, with an Error for each failed command. */
export interface BatchOutcome {
  readonly durationMs: number;
  readonly failed: boolean;
  readonly replies: readonly unknown[];
  readonly error: unknown;
  /** A watched key changed: Redis executed nothing, which is not an error. */
  readonly aborted: boolean;
  /** See Outcome. */
  readonly timing?: Timing | undefined;
}

/** A message that reached a subscriber, as it came from the server. */
export interface Arrival {
  readonly client: ClientRef;
  readonly channel: unknown;
  /** undefined: that cannot be seen. */
  readonly isSharded?: boolean | undefined;
  /** The subscribed pattern; undefined for a subscription by name. */
  readonly pattern: unknown;
  readonly body: unknown;
}

/** A message whose listeners are about to run. */
export interface Message extends Arrival, Started {
  /** An entry of a stream, which was counted when it was read. */
  readonly entry?: { readonly id: string | undefined; readonly group: unknown };
  /** The context in which the listeners would run without our span. Its active span is none, or that of the sender. */
  readonly context: Context;
  /** The span of the sender, if the message carried it. */
  readonly sender: SpanContext | undefined;
}

/** How the listeners of a message ended: all returned and their promises settled, or one of them failed. */
export interface ProcessOutcome {
  readonly durationMs: number;
  readonly failed: boolean;
  readonly error: unknown;
}

/** The current state of a connection pool: connections by state, and tasks that wait for one. */
export interface PoolState {
  readonly idle: number;
  readonly used: number;
  readonly pending: number;
}

/** The minimum and maximum number of connections of a pool. */
export interface PoolLimits {
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
}

/** A pool, read when metrics are collected. `read` returns undefined once the pool is gone or closed. */
export interface Pool {
  readonly name: string;
  /** undefined: the pool was created before we were loaded. */
  readonly limits: PoolLimits | undefined;
  read(): PoolState | undefined;
}

/** The current state of a connection, in or outside of a pool. */
export interface ConnectionState {
  readonly isReady: boolean;
  /** The number of commands that wait for the connection to be ready. */
  readonly waiting: number;
}

/** A connection, read when metrics are collected. `read` returns undefined once its client is gone. */
export interface Connection {
  readonly facts: ClientFacts;
  read(): ConnectionState | undefined;
}

/** What a client's own cache did since the last read. */
export interface CacheNews {
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
  /** Entries that it has now; undefined: it does not say. */
  readonly items: number | undefined;
}

/** A client's own cache. `read` returns undefined once it is gone. */
export interface ClientCache {
  readonly facts: ClientFacts;
  read(): CacheNews | undefined;
}
