// Knows: which operations have a span, depending on how they ended.
// Must not know: how a span is recorded.
import { lookup, mayWait } from '../catalog';
import type { SpanSettings } from '../config';
import { hasParent } from '../core/context';
import type { Batch, BatchOutcome, Command, Outcome } from '../core/events';
import type { BatchFacts, Facts } from '../core/facts';
import { isMissing } from '../insights/cache';
import { MIN_REPEATED_CALLS } from './repeated-calls';
import type { Run } from './run';
import type { Repetition } from './traced';

export class SpanSelection {
  constructor(private readonly settings: SpanSettings) {}

  command(command: Command, outcome: Outcome, facts: Facts, repeated: Repetition | undefined): boolean {
    const { minDurationMs, slowMs, isNotableOnly, emptyPolls } = this.settings;
    if (facts.failure !== undefined) return true;
    if (outcome.durationMs < minDurationMs) return false;
    if (!isNotableOnly) return emptyPolls || !isEmptyPoll(command, outcome);
    if (facts.lock?.lost || (facts.cache !== undefined && facts.cache.fills.length > 0) || isReported(repeated))
      return true;
    return outcome.durationMs >= slowMs && !mayWait(lookup(command.args), command.args);
  }

  batch({ commands }: Batch, { failed, durationMs, aborted }: BatchOutcome, digest: BatchFacts): boolean {
    const { minDurationMs, slowMs, isNotableOnly, isIgnoredKey } = this.settings;
    if (isIgnoredKey !== undefined && commands.length > 0 && commands.every(isIgnoredKey)) return false;
    if (failed) return true;
    if (durationMs < minDurationMs) return false;
    if (!isNotableOnly || aborted || digest.failedCount > 0) return true;
    return durationMs >= slowMs || digest.fills.length > 0 || digest.locks.some(({ lost }) => lost);
  }

  composite({ repeated }: Run): boolean {
    return !this.settings.isNotableOnly || repeated !== undefined;
  }
}

/** A loop of several commands has no run. It is reported at 10 calls, at 20, at 40, and so on. */
function isReported(repeated: Repetition | undefined): boolean {
  return repeated !== undefined && Number.isInteger(Math.log2(repeated.count / MIN_REPEATED_CALLS));
}

/** Workers poll in a loop: a poll that returned nothing is not an event. */
function isEmptyPoll({ args, context }: Command, { reply }: Outcome): boolean {
  const entry = lookup(args);
  if (entry.rule?.blocks === undefined || !isEmpty(reply) || hasParent(context)) return false;
  return mayWait(entry, args);
}

function isEmpty(reply: unknown): boolean {
  return isMissing(reply) || (Array.isArray(reply) && reply.length === 0);
}
