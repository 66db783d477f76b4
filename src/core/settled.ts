// Knows: how the end of a batch becomes an event: of the batch, or of its only command.
// Must not know: when it ends, what is recorded of it.
import type { Arguments, Batch, BatchOutcome, BatchStart, Command, Outcome } from './events';
import type { SettledBatch } from './tap';

// Written out, both: object spread is the most expensive step of recording a batch.
export function batchOf(start: BatchStart, { kind, commands, size, isMasked, client, resends }: SettledBatch): Batch {
  const { context: caller, traced, startTimeMs, startMonotonicMs, inside, sent, transfers } = start;
  return {
    kind,
    context: caller,
    traced,
    startTimeMs,
    startMonotonicMs,
    commands,
    size,
    isMasked,
    client,
    inside,
    sent,
    transfers,
    resends,
  };
}

export function commandOf(start: BatchStart, settled: SettledBatch, args: Arguments, traced: boolean): Command {
  const { context: caller, startTimeMs, startMonotonicMs, inside, transfers } = start;
  const { client, isMasked, resends, script, procedure } = settled;
  return {
    args,
    client,
    context: caller,
    traced,
    startTimeMs,
    startMonotonicMs,
    isMasked,
    inside,
    transfer: transfers?.get(0),
    resends,
    script,
    procedure,
  };
}

export function outcomeOfOne(
  outcome: Omit<BatchOutcome, 'durationMs' | 'timing'>,
  durationMs: number,
  timing: Outcome['timing'],
): Outcome {
  const [reply] = outcome.replies;
  const error = reply instanceof Error ? reply : outcome.error;
  return { durationMs, failed: outcome.failed || reply instanceof Error, reply, error, isLocal: false, timing };
}

/** How one command of a batch ended, over the time of the whole batch: Redis returns no single times. */
export function outcomeAt({ durationMs, failed, replies, error }: BatchOutcome, index: number): Outcome {
  const reply = replies[index];
  if (reply instanceof Error) return { durationMs, failed: true, reply, error: reply, isLocal: false };
  return { durationMs, failed: failed && !(index in replies), reply, error, isLocal: false };
}
