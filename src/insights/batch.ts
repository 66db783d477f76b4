// Knows: what the replies of a transaction or pipeline say together.
// Must not know: spans, metrics, clients.
import { lookup } from '../catalog';
import type { Batch, BatchOutcome } from '../core/events';
import { readLookup } from './cache';
import { classify, type Failure } from './errors';

export interface BatchDigest {
  /** `MULTI GET` or `PIPELINE GET` when all commands are the same, else `MULTI` or `PIPELINE`. */
  readonly operation: string;
  /** Items asked for and found, over all lookups in the batch. */
  readonly hits: number;
  readonly misses: number;
  readonly failedCount: number;
  /** Index of the first command that failed, from 0. */
  readonly firstFailedIndex: number | undefined;
  /** Why the batch failed: the error of that command, or of the batch as a whole. */
  readonly failure: Failure | undefined;
}

/** Reads a batch. A command fails by itself (WRONGTYPE in EXEC's array) or with the batch (EXECABORT). */
export function readBatch(batch: Batch, outcome: BatchOutcome): BatchDigest {
  let hits = 0;
  let misses = 0;
  let failedCount = 0;
  let firstFailedIndex: number | undefined;
  batch.commands.forEach((args, index) => {
    const reply = outcome.replies[index];
    if (reply instanceof Error) {
      failedCount++;
      firstFailedIndex ??= index;
    } else if (index in outcome.replies && !outcome.aborted) {
      const found = readLookup(args, reply);
      hits += found?.hits ?? 0;
      misses += found?.misses ?? 0;
    }
  });
  const failure = failureOf(batch, outcome, firstFailedIndex);
  return { operation: operationOf(batch), hits, misses, failedCount, firstFailedIndex, failure };
}

function failureOf(batch: Batch, outcome: BatchOutcome, firstFailedIndex: number | undefined): Failure | undefined {
  if (outcome.aborted) return undefined;
  if (firstFailedIndex !== undefined) return classify(outcome.replies[firstFailedIndex]);
  return outcome.failed ? classify(outcome.error) : undefined;
}

function operationOf(batch: Batch): string {
  const [first] = batch.commands;
  if (first === undefined) return batch.kind;
  const { canonical, operation } = lookup(first);
  const allSame = batch.commands.every((args) => lookup(args).canonical === canonical);
  return allSame ? `${batch.kind} ${operation}` : batch.kind;
}
