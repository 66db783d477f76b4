// Knows: what insights say of a command, and who is told.
// Must not know: how it was found out (insights) or what is written down (recorders).
import type { SpanContext } from '@opentelemetry/api';
import type { Batch, BatchOutcome, Command, Outcome } from './events';

/** Why an operation failed. */
export interface Failure {
  /** `error.type`: the Redis error prefix, the error's code, or its class. Low cardinality. */
  readonly type: string;
  /** `db.response.status_code`: the Redis error prefix, when Redis answered. */
  readonly statusCode: string | undefined;
  /** A text with nothing of the arguments in it. */
  readonly description: string;
}

/** What one reply says of the data it read. */
export interface Lookup extends ItemCounts {
  /** Whether it asked for several items, so that counts say more than a boolean. */
  readonly several: boolean;
  /** The fields of the one record that was read. */
  readonly fields?: ItemCounts | undefined;
}

/** How many of what was asked for were there. */
export interface ItemCounts {
  readonly hits: number;
  readonly misses: number;
}

/** What a command wrote or how large the value was that it read. */
export interface DataFacts {
  /** Bytes of the value that was read or written. */
  readonly valueLength: number | undefined;
  readonly ttlSeconds: number | undefined;
  readonly keysDeleted: number | undefined;
  readonly keyExists: boolean | undefined;
  /** Of several keys. */
  readonly keysExisting: ItemCounts | undefined;
}

/** Why a key was not there, as far as this process can know. */
export type MissReason = 'expired' | 'deleted' | 'unknown';

/** Items of one family, counted since the last reset. */
export interface FamilyCounts {
  /** undefined: families are not wanted. */
  readonly family: string | undefined;
  readonly hits: number;
  readonly misses: number;
  /** What the client's own cache answered, which no server was asked. */
  readonly localHits: number;
  readonly localMisses: number;
  /** Misses by reason; those of keys that are not in the sample have none. */
  readonly expired: number;
  readonly deleted: number;
  readonly unknown: number;
  /** Misses that this process has not filled in time, as far as it can be seen. */
  readonly unfilled: number;
  readonly writesWithTtl: number;
  readonly writesWithoutTtl: number;
  readonly lostLocks: number;
}

/** A look-up that missed. The recorder of spans leaves its span here, for the write that fills it to point at. */
export interface Miss {
  span: SpanContext | undefined;
}

/** A write that stored what an earlier look-up did not find. */
export interface Fill {
  readonly family: string | undefined;
  /** From the reply of the look-up to the call of the write: what loading took. */
  readonly loadMs: number;
  readonly miss: Miss;
  /** How many traces missed the key together; undefined without a trace, and where another of them has filled it before. */
  readonly stampedeWidth: number | undefined;
}

/** One value that was written. */
export interface ValueSize {
  readonly family: string | undefined;
  readonly bytes: number;
}

/** What a command did with a lock. */
export interface LockFacts {
  readonly key: unknown;
  readonly family: string | undefined;
  readonly ttlSeconds: number | undefined;
  /** Of an attempt to get or to keep the lock: whether it is held now. */
  readonly acquired: boolean | undefined;
  /** Of a release: whether there was something to release. */
  readonly released: boolean | undefined;
  /** From the first refused attempt to this one, which succeeded. */
  readonly waitMs: number | undefined;
  /** From the acquisition to this release. */
  readonly holdMs: number | undefined;
  /** The server said that the lock was somebody else's, or nobody's, before it was given back. */
  readonly lost: boolean;
}

/** What an operation did to cached data beyond what it read. */
export interface CacheFacts {
  /** The family of all its keys; undefined if there are several, or families are not wanted. */
  readonly family: string | undefined;
  /** Set if some item was not there. */
  readonly miss: Miss | undefined;
  /** Of a look-up of one item. */
  readonly missReason: MissReason | undefined;
  readonly fills: readonly Fill[];
  readonly sizes: readonly ValueSize[];
}

/** All that is known of a command that has ended. */
export interface Facts {
  /** `db.operation.name`. Of low cardinality, whatever the application sends. */
  readonly operation: string;
  readonly failure: Failure | undefined;
  /** `db.response.status_code` of a refusal that is an outcome: what was wanted is there already. */
  readonly refusal?: string | undefined;
  readonly lookup: Lookup | undefined;
  readonly data: DataFacts;
  /** undefined: neither a look-up nor a write. The same object for all hits of a family. */
  readonly cache: CacheFacts | undefined;
  readonly lock: LockFacts | undefined;
}

/** What the replies of a transaction or pipeline say together. */
export interface BatchFacts {
  /** See Facts: `MULTI GET` or `PIPELINE GET` when all commands are the same, else `MULTI` or `PIPELINE`. */
  readonly operation: string;
  /** Items asked for and found, over all lookups in the batch. */
  readonly hits: number;
  readonly misses: number;
  readonly failedCount: number;
  /** Index of the first command that failed, from 0. */
  readonly firstFailedIndex: number | undefined;
  /** Why the batch failed: the error of that command, or of the batch as a whole. */
  readonly failure: Failure | undefined;
  readonly missHandles: readonly Miss[];
  readonly fills: readonly Fill[];
  readonly sizes: readonly ValueSize[];
  readonly locks: readonly LockFacts[];
  /** What is known of each command, in their order; empty unless the settings ask for it. */
  readonly members: readonly Facts[];
}

/** Reads what happened, once for all recorders: some of it is remembered, and must not be counted twice. */
export interface Insights {
  command(command: Command, outcome: Outcome): Facts;
  /** @param isCounted whether somebody reads `counts` now: where not, hits need not be told apart by family */
  batch(batch: Batch, outcome: BatchOutcome, isCounted: boolean): BatchFacts;
  /** The family of a key; undefined: families are not wanted. */
  familyOf(key: unknown): string | undefined;
  /** What was counted since the last reset. `nowMark`, on the monotonic clock, tells which misses were not filled in time. */
  counts(nowMark: number): Iterable<FamilyCounts>;
  resetCounts(): void;
}

/** The part of the settings that says what is looked for. */
export interface InsightSettings {
  /** Name the family of each key. */
  readonly families: boolean;
  /** The application's own answer; undefined leaves the key to us. */
  readonly familyOf: ((key: string) => string | undefined) | undefined;
  /** What may be said of the others; undefined: what we learn. */
  readonly familyOtherwise: ((key: string) => string) | undefined;
  /** Remember misses and writes: loads, stampedes, why a key was not there. */
  readonly cache: boolean;
  /** Recognise locks. */
  readonly locks: boolean;
  /** Which keys are locks; undefined: it is found out. */
  readonly isLockKey: ((key: string) => boolean) | undefined;
  /** Keep what is known of each command of a batch. */
  readonly members: boolean;
}
