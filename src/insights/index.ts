// Knows: in which order a command is read, and what is remembered of it.
// Must not know: spans, metrics, clients.
import { lookup } from '../catalog';
import type { Arguments, Batch, BatchOutcome, Command, Outcome } from '../core/events';
import type { BatchFacts, CacheFacts, DataFacts, Facts, FamilyCounts, InsightSettings, Insights, Lookup } from '../core/facts';
import { BatchDigest } from './batch';
import { NO_DATA, readData, readLookup } from './cache';
import { CacheCounts } from './cache-counts';
import { classify, isThereAlready } from './errors';
import { Locks } from './lock';
import { RawTransactions } from './raw-transactions';
import { CacheTraffic, type Exchange, type KnownEntry, type SentCommand } from './traffic';

const UNKNOWN: Facts = { failure: undefined, lookup: undefined, data: NO_DATA, cache: undefined, lock: undefined };

/** Commands that run a script with keys, which may write to them. */
const RUNS: ReadonlySet<string> = new Set(['EVAL', 'EVALSHA', 'FCALL']);

/** Reads commands and batches. Its memory is bounded and expires. */
export class CommandInsights implements Insights {
  private readonly cacheCounts: CacheCounts;
  private readonly traffic: CacheTraffic;
  private readonly transactions = new RawTransactions();
  private locks: Locks | undefined;

  constructor(
    private settings: InsightSettings,
    private readonly report: (message: string) => void,
  ) {
    this.cacheCounts = new CacheCounts(settings, report);
    this.traffic = new CacheTraffic(this.cacheCounts, (counts, key, exchange) => this.locks?.isLock(counts, key, exchange) === true);
    this.use(settings);
  }

  /** Changes the settings. Counts stay. Memory stays too, unless the new settings switch it off. */
  use(settings: InsightSettings): void {
    const { families, familyOf, familyOtherwise } = this.settings;
    const isNamedAnew = settings.families !== families || settings.familyOf !== familyOf || settings.familyOtherwise !== familyOtherwise;
    this.settings = settings;
    if (isNamedAnew) {
      // Open misses count for the family that they had.
      this.traffic.remember(false);
      this.cacheCounts.use(settings, this.report);
    }
    this.traffic.remember(settings.cache);
    this.locks = settings.locks ? (this.locks ?? new Locks(this.cacheCounts)) : undefined;
    this.locks?.use(settings.isLockKey);
    if (!settings.locks) this.cacheCounts.forgetLocks();
  }

  command(command: Command, outcome: Outcome): Facts {
    if (command.script !== undefined) this.locks?.see(command.script);
    if (outcome.failed) return refused(command.args, outcome.error) ?? failed(outcome.error);
    return this.read(command, command.startMark + outcome.durationMs, command.args, outcome.reply, outcome.isLocal, command.traced);
  }

  batch(batch: Batch, outcome: BatchOutcome, isCounted: boolean): BatchFacts {
    const { members: keepsMembers } = this.settings;
    const readsAll = isCounted || keepsMembers;
    const digest = new BatchDigest(operationOf(batch));
    const endMark = batch.startMark + outcome.durationMs;
    // If the commands are not known, the replies may be.
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
    if (batch.kind === 'MULTI') this.locks?.endTransaction(batch.client);
    if (batch.size !== undefined && !outcome.aborted) this.traffic.writeUnseen(endMark);
    if (outcome.aborted) digest.failure = undefined;
    else if (outcome.failed) digest.failure ??= classify(outcome.error);
    return digest;
  }

  familyOf(key: unknown): string | undefined {
    return this.cacheCounts.of(key).family;
  }

  counts(nowMark: number): Iterable<FamilyCounts> {
    this.traffic.expire(nowMark);
    return this.cacheCounts.collect();
  }

  resetCounts(): void {
    this.cacheCounts.reset();
  }

  private read(command: SentCommand, endMark: number, args: Arguments, reply: unknown, isLocal: boolean, withData: boolean): Facts {
    const entry = lookup(args);
    if (entry.rule === undefined) return UNKNOWN;
    const { rule } = entry;
    const { transactions } = this;
    if ((transactions.isUsed || rule.transaction !== undefined) && transactions.holds(command.client, rule, reply)) return UNKNOWN;
    const exchange: Exchange = { command, endMark, entry: entry as KnownEntry, args, reply };
    const found = readLookup(entry, reply);
    const data = withData || rule.writes ? readData(entry, args, reply, command.startTimeMs) : NO_DATA;
    if (command.isMasked) return this.readMasked(exchange, found, data);
    if (rule.onlyReads) {
      const cache = found && this.traffic.lookUp(exchange, found, isLocal);
      if (this.locks?.isWatching) this.locks.seeValue(exchange);
      return { failure: undefined, lookup: cache && found, data, cache, lock: undefined };
    }
    const lock = this.locks?.read(exchange, data);
    const looked = found && this.traffic.lookUp(exchange, found, isLocal);
    const cache = this.change(exchange, data) ?? looked;
    return { failure: undefined, lookup: looked && found, data, cache, lock };
  }

  private change(exchange: Exchange, data: DataFacts): CacheFacts | undefined {
    const { rule, canonical } = exchange.entry;
    if (rule.stores) return this.traffic.write(exchange, data);
    if (RUNS.has(canonical)) this.traffic.run(exchange);
    else if (rule.ends || rule.prolongs || rule.flushes !== undefined) this.traffic.change(exchange, data);
    return rule.made.length > 0 ? this.traffic.make(exchange) : undefined;
  }

  private readMasked(exchange: Exchange, found: Lookup | undefined, data: DataFacts): Facts {
    const cache = found === undefined ? this.traffic.writeMasked(exchange) : this.traffic.countMasked(found);
    return { failure: undefined, lookup: found, data, cache, lock: undefined };
  }
}

function failed(error: unknown): Facts {
  return { failure: classify(error), lookup: undefined, data: NO_DATA, cache: undefined, lock: undefined };
}

/** Returns undefined if the command failed. */
function refused(args: Arguments, error: unknown): Facts | undefined {
  return isThereAlready(lookup(args).canonical, error) ? { ...UNKNOWN, refusal: classify(error).statusCode } : undefined;
}

function operationOf({ kind, commands }: Batch): string {
  const [first] = commands;
  if (first === undefined) return kind;
  const { canonical, operation } = lookup(first);
  return commands.every((args) => lookup(args).canonical === canonical) ? `${kind} ${operation}` : kind;
}
