// Knows: what can happen at a Redis client, as plain facts.
// Must not know: how it was observed (adapters) or what is written down (recorders).
import type { Context, SpanContext } from '@opentelemetry/api';
import type { Errand } from './propagator';

/** A command as the application gave it to node-redis: the name, then its arguments. */
export type Arguments = readonly unknown[];

/** What is known of one client. Frozen: a change (SELECT) makes a new object, so caches may key on it. */
export interface ClientFacts {
  /** Host name, address or unix socket path, as configured. */
  readonly serverAddress: string | undefined;
  readonly serverPort: number | undefined;
  /** The node behind `serverAddress`, where that names a whole cluster. */
  readonly peerAddress: string | undefined;
  readonly peerPort: number | undefined;
  /** Database index, as a string. */
  readonly namespace: string | undefined;
  /** What the client puts before every key, where the arguments do not show it. */
  readonly keyPrefix?: string | undefined;
}

/** The current facts of a client. Read at the reply: replies come in order, so SELECT is followed exactly. */
export interface ClientRef {
  facts: ClientFacts;
  /** undefined: when it writes cannot be seen. */
  readonly writes?: Writes;
}

/** What a connection writes. */
export interface Writes {
  /** The write with which a command goes out that is called now. One object for all that go out together. */
  next(): Write;
}

export interface Write {
  /** When these very arguments were handed to the socket, on the monotonic clock; Infinity: not yet; undefined: not seen. */
  markOf(args: Arguments): number | undefined;
}

/** When an operation started, on both clocks: the wall for timestamps, the monotonic one for durations. */
export interface Started {
  readonly startTimeMs: number;
  readonly startMark: number;
}

/** One command that reached a Redis client and is not settled yet. */
export interface Command extends Started {
  readonly args: Arguments;
  readonly client: ClientRef;
  /** The caller's context: the parent of the span. */
  readonly context: Context;
  /** Whether a span is wanted; metrics count either way. */
  readonly traced: boolean;
  /** The client sent it by itself: a handshake, a look at the topology. Counted only, and only where asked for. */
  readonly isInternal?: true;
  /** Some arguments are missing: what is remembered by them would be wrong. */
  readonly isMasked?: true;
  /** The body of the script, where the arguments name only its sha. */
  readonly script?: string | undefined;
  /** What the application calls that script, where the library knows. */
  readonly procedure?: string | undefined;
  /** The context of its span, where that is there already. */
  readonly inside?: Context | undefined;
  /** What to send in place of `args`. */
  readonly sent?: Arguments | undefined;
  /** undefined also where nobody asks. */
  readonly write?: Write | undefined;
  /** What it has to do with messages that carry the context of their sender. */
  readonly errand?: Errand | undefined;
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
  /** How many commands, where they themselves are not known: a transaction in a bundle. */
  readonly size?: number | undefined;
  /** See Command. */
  readonly isMasked?: true;
  readonly client: ClientRef;
  /** The context of its span, where that is there already. */
  readonly inside?: Context | undefined;
  /** What to send in place of a command, by index. */
  readonly sent?: ReadonlyMap<number, Arguments> | undefined;
  /** See Command; by index. */
  readonly errands?: ReadonlyMap<number, Errand> | undefined;
}

/** A batch whose commands are not known yet. */
export interface BatchStart extends Omit<Batch, 'kind' | 'commands' | 'size' | 'client' | 'isMasked'> {
  /** Batches of this kind are ignored: it has a span only if it turns out to be one command, which is not. */
  readonly isIgnored: boolean;
}

/** Where the time of an operation went, in milliseconds. */
export interface Timing {
  /** From the call until it was handed to the socket; undefined: that cannot be seen. */
  readonly queueMs: number | undefined;
  /** From there to the reply. */
  readonly wireMs: number | undefined;
  /** The longest the event loop was held up meanwhile; undefined: it was not watched. */
  readonly eventLoopDelayMs: number | undefined;
}

/** How an operation ended. */
export interface Outcome {
  readonly durationMs: number;
  readonly failed: boolean;
  /** The raw reply, when it did not fail. */
  readonly reply: unknown;
  /** The reason of the rejection, when it failed. */
  readonly error: unknown;
  /** The client answered by itself, from its own cache. */
  readonly isLocal: boolean;
  /** Of operations that took long, and of all where it is asked for. */
  readonly timing?: Timing | undefined;
}

/** How a batch ended: `replies` in the order of `commands`; an Error stands where a command failed. */
export interface BatchOutcome {
  readonly durationMs: number;
  readonly failed: boolean;
  readonly replies: readonly unknown[];
  readonly error: unknown;
  /** A watched key changed: Redis did nothing, and it is not an error. */
  readonly aborted: boolean;
  /** See Outcome. */
  readonly timing?: Timing | undefined;
}

/** A message that reached a subscriber, as it came from the server. */
export interface Arrival {
  readonly client: ClientRef;
  readonly channel: unknown;
  /** The pattern subscribed to; undefined where the channel was subscribed to by name. */
  readonly pattern: unknown;
  readonly body: unknown;
}

/** A message whose listeners are about to run. */
export interface Message extends Arrival, Started {
  /** An entry of a stream: it was counted when it was read. */
  readonly entry?: { readonly id: string | undefined; readonly group: unknown };
  /** Where the listeners would run without a span of ours. No span is active in it, or that of the sender. */
  readonly context: Context;
  /** The span of the sender, if the message carried it. */
  readonly sender: SpanContext | undefined;
}

/** How the listeners of a message ended: all returned and what they promised settled, or one threw or rejected. */
export interface ProcessOutcome {
  readonly durationMs: number;
  readonly failed: boolean;
  readonly error: unknown;
}

/** What a pool of connections reports when asked: connections by state, and tasks that wait for one. Counts, now. */
export interface PoolState {
  readonly idle: number;
  readonly used: number;
  readonly pending: number;
}

/** The connections a pool keeps at least, and has at most. */
export interface PoolLimits {
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
}

/** A pool, read when metrics are collected. `read` returns undefined once the pool is gone or closed. */
export interface Pool {
  readonly name: string;
  /** undefined: the pool was made before we came. */
  readonly limits: PoolLimits | undefined;
  read(): PoolState | undefined;
}

/** A connection outside or inside a pool, now. */
export interface ConnectionState {
  readonly isReady: boolean;
  /** Commands that wait for it to be ready. */
  readonly waiting: number;
}

/** A connection, read when metrics are collected. `read` returns undefined once its client is gone. */
export interface Connection {
  readonly facts: ClientFacts;
  read(): ConnectionState | undefined;
}

/** What a client's own cache did since it was last asked. */
export interface CacheNews {
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
}

/** A client's own cache. `readNews` returns undefined once it is gone. */
export interface ClientCache {
  readonly facts: ClientFacts;
  readNews(): CacheNews | undefined;
}
