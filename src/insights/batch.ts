// Knows: what the replies of a transaction or pipeline say together.
// Must not know: spans, metrics, clients; how one command is read, but for a plain hit.
import { lookup } from '../catalog';
import type { Arguments } from '../core/events';
import type { BatchFacts, Facts, Failure, Fill, LockFacts, Miss, ValueSize } from '../core/facts';
import { readLookup } from './cache';

/** Sums up a batch, command by command. */
export class BatchDigest implements BatchFacts {
  hits = 0;
  misses = 0;
  failedCount = 0;
  firstFailedIndex: number | undefined;
  failure: Failure | undefined;
  readonly missHandles: Miss[] = [];
  readonly fills: Fill[] = [];
  readonly sizes: ValueSize[] = [];
  readonly locks: LockFacts[] = [];
  readonly members: Facts[] = [];

  constructor(readonly operation: string) {}

  /** A command fails by itself (WRONGTYPE in the array of EXEC) or with the batch (EXECABORT). */
  fail(index: number, facts: Facts): Facts {
    this.failedCount++;
    this.firstFailedIndex ??= index;
    this.failure ??= facts.failure;
    return facts;
  }

  /**
   * A hit of a command that only reads: nothing is remembered of it, and where nobody counts, it is the number that is
   * told. False: it is something else, and has to be read.
   */
  addHit(args: Arguments | undefined, reply: unknown): boolean {
    if (args === undefined || reply instanceof Error) return false;
    const entry = lookup(args);
    const found = entry.rule?.onlyReads ? readLookup(entry, reply) : undefined;
    if (found === undefined || found.misses > 0) return false;
    this.hits += found.hits;
    return true;
  }

  add(facts: Facts): Facts {
    const { lookup, cache, lock } = facts;
    if (lookup !== undefined) {
      this.hits += lookup.hits;
      this.misses += lookup.misses;
    }
    if (cache !== undefined) {
      if (cache.miss !== undefined) this.missHandles.push(cache.miss);
      for (const fill of cache.fills) this.fills.push(fill);
      for (const size of cache.sizes) this.sizes.push(size);
    }
    if (lock !== undefined) this.locks.push(lock);
    return facts;
  }
}
