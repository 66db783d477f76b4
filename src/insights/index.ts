// Knows: in which order a command is read, and what of it is remembered.
// Must not know: spans, metrics, clients.
import { lookup } from '../catalog';
import type { Arguments, Batch, BatchOutcome, Command, Outcome } from '../core/events';
import type { BatchFacts, Facts, FamilyCounts, InsightSettings, Insights } from '../core/facts';
import { BatchDigest } from './batch';
import { NO_DATA, readData, readLookup } from './cache';
import { classify } from './errors';
import { Locks } from './lock';
import { Tally } from './tally';
import { type Answered, CacheTraffic, type KnownEntry, type Origin } from './traffic';

const UNKNOWN: Facts = { failure: undefined, lookup: undefined, data: NO_DATA, cache: undefined, lock: undefined };

/** Reads commands and batches. What it remembers is bounded, and expires. */
export class CommandInsights implements Insights {
  private readonly tally: Tally;
  private readonly traffic: CacheTraffic;
  private readonly locks: Locks | undefined;

  constructor(
    private readonly settings: InsightSettings,
    report: (message: string) => void,
  ) {
    this.tally = new Tally(settings, report);
    this.traffic = new CacheTraffic(this.tally, settings.cache);
    this.locks = settings.locks ? new Locks(this.tally, settings.isLockKey) : undefined;
  }

  command(command: Command, outcome: Outcome): Facts {
    if (command.script !== undefined) this.locks?.see(command.script);
    if (outcome.failed) return failed(outcome.error);
    return this.read(command, command.startMark + outcome.durationMs, command.args, outcome.reply, outcome.isLocal, command.traced);
  }

  batch(batch: Batch, outcome: BatchOutcome, isCounted: boolean): BatchFacts {
    const { members: keepsMembers } = this.settings;
    const readsAll = isCounted || keepsMembers;
    const digest = new BatchDigest(operationOf(batch));
    const endMark = batch.startMark + outcome.durationMs;
    // Where the commands are not known, their replies may be.
    const count = batch.size === undefined ? batch.commands.length : outcome.replies.length;
    for (let index = 0; index < count; index++) {
      const reply = outcome.replies[index];
      if (!readsAll && digest.addHit(batch.commands[index], reply)) continue;
      let facts: Facts;
      if (reply instanceof Error) facts = digest.fail(index, failed(reply));
      else if (outcome.aborted || !(index in outcome.replies)) facts = outcome.failed ? failed(outcome.error) : UNKNOWN;
      else facts = digest.add(this.read(batch, endMark, batch.commands[index] ?? [], reply, false, keepsMembers));
      if (keepsMembers) digest.members.push(facts);
    }
    if (outcome.aborted) digest.failure = undefined;
    else if (outcome.failed) digest.failure ??= classify(outcome.error);
    return digest;
  }

  familyOf(key: unknown): string | undefined {
    return this.tally.of(key).family;
  }

  counts(nowMark: number): Iterable<FamilyCounts> {
    this.traffic.expire(nowMark);
    return this.tally.tell();
  }

  resetCounts(): void {
    this.tally.reset();
  }

  private read(origin: Origin, endMark: number, args: Arguments, reply: unknown, isLocal: boolean, withData: boolean): Facts {
    const entry = lookup(args);
    if (entry.rule === undefined) return UNKNOWN;
    const { rule } = entry;
    const answered: Answered = { origin, endMark, entry: entry as KnownEntry, args, reply };
    const found = readLookup(entry, args, reply);
    const data = withData || rule.writes ? readData(entry, args, reply, origin.startTimeMs) : NO_DATA;
    if (origin.isMasked)
      return { failure: undefined, lookup: found, data, cache: found && this.traffic.countMasked(found), lock: undefined };
    const lock = found === undefined ? this.locks?.read(answered, data) : undefined;
    let cache = found && this.traffic.lookUp(answered, found, isLocal);
    if (rule.stores) cache = this.traffic.write(answered, data, lock !== undefined);
    else if (!rule.onlyReads) this.traffic.change(answered, data);
    return { failure: undefined, lookup: found, data, cache, lock };
  }
}

function failed(error: unknown): Facts {
  return { failure: classify(error), lookup: undefined, data: NO_DATA, cache: undefined, lock: undefined };
}

function operationOf({ kind, commands }: Batch): string {
  const [first] = commands;
  if (first === undefined) return kind;
  const { canonical, operation } = lookup(first);
  return commands.every((args) => lookup(args).canonical === canonical) ? `${kind} ${operation}` : kind;
}
