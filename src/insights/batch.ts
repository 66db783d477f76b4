// Knows: how the replies of a transaction or pipeline are summed up.
// Must not know: spans, metrics, clients; how a single command is read, except for a plain hit.
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

  /** A command fails by itself (WRONGTYPE in the array of EXEC) or together with the batch (EXECABORT). */
  fail(index: number, facts: Facts): Facts {
    this.failedCount++;
    this.firstFailedIndex ??= index;
    this.failure ??= facts.failure;
    return facts;
  }

  /**
   * Counts a hit of a command that only reads. Nothing is remembered of such a hit. If no metrics are collected, only
   * the number of hits is reported. Returns false if the command has to be read in full.
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
