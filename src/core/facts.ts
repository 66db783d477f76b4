// Knows: what insights say about a command, and the interface to ask them.
// Must not know: how it was found out (insights) or what is recorded (recorders).
import type { SpanContext } from '@opentelemetry/api';
import type { Batch, BatchOutcome, Command, Outcome } from './events';

/** What another span or a log event refers to. The span recorder keeps the span here in which it happened. */
interface Happening {
  span?: SpanContext | undefined;
}

/** Why an operation failed. */
export interface Failure extends Happening {
  /** `error.type`: the Redis error prefix, the error's code, or its class. Low cardinality. */
  readonly type: string;
  /** `db.response.status_code`: the Redis error prefix, when Redis answered. */
  readonly statusCode: string | undefined;
  /** A text that contains nothing of the arguments. */
  readonly description: string;
}

/** What a reply says about the data that was read. */
export interface Lookup extends ItemCounts {
  /** Whether several items were requested, so that counts say more than a boolean. */
  readonly several: boolean;
  /** The fields of the single record that was read. */
  readonly fields?: ItemCounts | undefined;
}

/** How many of the requested items exist. */
export interface ItemCounts {
  readonly hits: number;
  readonly misses: number;
}

/** What a command wrote, or the size of the value that it read. */
export interface DataFacts {
  /** The size of the value that was read or written, in bytes. */
  readonly valueLength: number | undefined;
  readonly ttlSeconds: number | undefined;
  readonly keysDeleted: number | undefined;
  readonly keyExists: boolean | undefined;
  /** For commands about several keys. */
  readonly keysExisting: ItemCounts | undefined;
}

/** Why a key was missing, as far as this process can know. */
export type MissReason = 'expired' | 'deleted' | 'unknown';

/** The keys of one family. */
export interface KeyFamily {
  /** Of now: it may change until counts are collected. undefined: families are off. */
  readonly name: string | undefined;
}

/** Items of one family, counted since the last collection. */
export interface FamilyCounts {
  /** undefined: families are off. */
  readonly family: string | undefined;
  readonly hits: number;
  readonly misses: number;
  /** Answers of the client's own cache, for which no server was asked. */
  readonly localHits: number;
  readonly localMisses: number;
  /** Misses by reason. Misses of keys outside the sample have none. */
  readonly expired: number;
  readonly deleted: number;
  readonly unknown: number;
  /** Misses that this process did not fill in time, as far as it can be seen. */
  readonly unfilled: number;
  readonly writesWithTtl: number;
  readonly writesWithoutTtl: number;
  readonly lostLocks: number;
}

/** A look-up that missed. The span recorder keeps its span here, so that the write that fills it can link to it. */
export interface Miss {
  span: SpanContext | undefined;
}

/** A write that stored what an earlier look-up did not find. */
export interface Fill {
  readonly family: KeyFamily;
  /** The time from the reply of the look-up to the call of the write, which is the time of loading. */
  readonly loadMs: number;
  readonly miss: Miss;
  /** The number of traces that filled the key since this caller missed it, and this one; undefined without a trace. */
  readonly stampedeWidth: number | undefined;
}

/** The size of one written value. */
export interface ValueSize {
  readonly family: KeyFamily;
  readonly bytes: number;
}

/** What a command did with a lock. */
export interface LockFacts extends Happening {
  readonly key: unknown;
  readonly family: KeyFamily;
  readonly ttlSeconds: number | undefined;
  /** For an attempt to acquire: whether the caller has the lock now. */
  readonly acquired: boolean | undefined;
  /** For a renewal: whether the caller has the lock still. */
  readonly renewed: boolean | undefined;
  /** For a release: whether there was something to release. */
  readonly released: boolean | undefined;
  /** The time from the first refused attempt to the successful one. */
  readonly waitMs: number | undefined;
  /** The time from the acquisition to the release. How long a lost lock was held is not known. */
  readonly holdMs: number | undefined;
  /** The server said, for the first time, that another client or nobody holds the lock. */
  readonly lost: boolean;
}

/** What an operation did to cached data beyond its look-up. */
export interface CacheFacts {
  /** The family of all its keys; undefined if there are several, or families are off. */
  readonly family: string | undefined;
  /** Set if some item was missing. */
  readonly miss: Miss | undefined;
  /** For a look-up of one item. */
  readonly missReason: MissReason | undefined;
  readonly fills: readonly Fill[];
  readonly sizes: readonly ValueSize[];
}

/** Everything that is known of a command that has ended. */
export interface Facts {
  /** `db.operation.name`. Of low cardinality, whatever the application sends. */
  readonly operation: string;
  readonly failure: Failure | undefined;
  /** `db.response.status_code` of a refusal that programs expect, and that is no failure. */
  readonly refusal?: string | undefined;
  readonly lookup: Lookup | undefined;
  readonly data: DataFacts;
  /** undefined: neither a look-up nor a write. All hits of a family share one object. */
  readonly cache: CacheFacts | undefined;
  readonly lock: LockFacts | undefined;
}

/** What the replies of a transaction or pipeline say in total. */
export interface BatchFacts {
  /** See Facts: `MULTI GET` or `PIPELINE GET` when all commands are the same, else `MULTI` or `PIPELINE`. */
  readonly operation: string;
  /** Found items, over all look-ups in the batch. */
  readonly hits: number;
  readonly misses: number;
  readonly failedCount: number;
  /** The index of the first failed command, from 0. */
  readonly firstFailedIndex: number | undefined;
  /** Why the batch failed: the error of that command, or of the batch as a whole. */
  readonly failure: Failure | undefined;
  readonly missHandles: readonly Miss[];
  readonly fills: readonly Fill[];
  readonly sizes: readonly ValueSize[];
  readonly locks: readonly LockFacts[];
  /** What is known of each command, in order; empty unless the settings ask for it. */
  readonly members: readonly Facts[];
}

/** Reads an outcome once for all recorders: some of it is remembered, and must not be counted twice. */
export interface Insights {
  /** @param isCounted whether `counts` and sizes are in use; otherwise some of them are not found out */
  command(command: Command, outcome: Outcome, isCounted: boolean): Facts;
  /** @param isCounted see `command` */
  batch(batch: Batch, outcome: BatchOutcome, isCounted: boolean): BatchFacts;
  /** The family of a key. */
  familyOf(key: unknown): KeyFamily;
  /**
   * Counts since the last call. `nowMonotonicMs`, on the monotonic clock, decides which misses were not filled in
   * time.
   */
  counts(nowMonotonicMs: number): readonly FamilyCounts[];
}

/** The settings of the insights. */
export interface InsightSettings {
  /** Name the family of each key. */
  readonly families: boolean;
  /** The application's own function; undefined leaves the key to us. */
  readonly familyOf: ((key: string) => string | undefined) | undefined;
  /** Filters the keys that the function does not know; undefined: they are used as they are. */
  readonly familyOtherwise: ((key: string) => string) | undefined;
  /** Remember misses and writes, for loads, stampedes and the reasons of misses. */
  readonly cache: boolean;
  /** Recognise locks. */
  readonly locks: boolean;
  /** Decides which keys are locks; undefined: locks are recognised. */
  readonly isLockKey: ((key: string) => boolean) | undefined;
  /** Keep what is known of each command of a batch. */
  readonly members: boolean;
}
