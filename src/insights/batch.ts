// Knows: what the replies of a transaction or pipeline say together.
// Must not know: spans, metrics, clients; how one command is read.
import type { BatchFacts, Facts, Failure, Fill, LockFacts, Miss, ValueSize } from '../core/facts';

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
