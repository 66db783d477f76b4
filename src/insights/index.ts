// Knows: in which order a command is read, and what is remembered of it.
// Must not know: spans, metrics, clients.
import { type Entry, lookup } from '../catalog';
import type { Arguments, Batch, BatchOutcome, Command, Outcome } from '../core/events';
import type {
  BatchFacts,
  CacheFacts,
  DataFacts,
  Facts,
  Failure,
  FamilyCounts,
  InsightSettings,
  Insights,
  KeyFamily,
  LockFacts,
  Lookup,
} from '../core/facts';
import { FewNames } from '../core/few-names';
import { VALUE_OTHER } from '../core/semconv';
import { BatchDigest } from './batch';
import { NO_DATA, readData, readLookup } from './cache';
import { CacheCounts } from './cache-counts';
import { classify, isExpected } from './errors';
import type { Exchange, KnownEntry, SentCommand } from './exchange';
import { Locks } from './lock';
import { RawTransactions } from './raw-transactions';
import { CacheTraffic } from './traffic';

/** Operations of modules that the table does not know, and spellings like `config GET`. */
const MAX_UNUSUAL_NAMES = 200;

/** Commands that run a script with keys, which may write to them. */
const RUNS: ReadonlySet<string> = new Set(['EVAL', 'EVALSHA', 'FCALL']);

/** Reads commands and batches. Its memory is bounded and expires. */
export class CommandInsights implements Insights {
  private readonly cacheCounts: CacheCounts;
  private readonly traffic: CacheTraffic;
  private readonly transactions = new RawTransactions();
  private unusualNames = new FewNames(MAX_UNUSUAL_NAMES);
  private locks: Locks | undefined;

  constructor(
    private settings: InsightSettings,
    private readonly report: (message: string) => void,
  ) {
    this.cacheCounts = new CacheCounts(settings, report);
    this.traffic = new CacheTraffic(
      this.cacheCounts,
      (counts, key, exchange) => this.locks?.isLock(counts, key, exchange) === true,
    );
    this.use(settings);
  }

  /** Changes the settings. Counts stay. Memory stays too, unless the new settings switch it off. */
  use(settings: InsightSettings): void {
    const { families, familyOf, familyOtherwise } = this.settings;
    const isNamedAnew =
      settings.families !== families || settings.familyOf !== familyOf || settings.familyOtherwise !== familyOtherwise;
    this.settings = settings;
    this.unusualNames = new FewNames(MAX_UNUSUAL_NAMES);
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

  command(command: Command, outcome: Outcome, isCounted = true): Facts {
    if (command.script !== undefined) this.locks?.see(command.script);
    if (outcome.failed) return this.failed(command.args, outcome.error);
    return this.read(
      command,
      command.startMonotonicMs + outcome.durationMs,
      command.args,
      outcome.reply,
      outcome.isLocal,
      command.traced,
      isCounted,
    );
  }

  batch(batch: Batch, outcome: BatchOutcome, isCounted: boolean): BatchFacts {
    const { members: keepsMembers } = this.settings;
    const readsAll = isCounted || keepsMembers;
    const digest = new BatchDigest(this.operationOf(batch));
    const endMonotonicMs = batch.startMonotonicMs + outcome.durationMs;
    // If the commands are not known, the replies may be.
    const count = batch.size === undefined ? batch.commands.length : outcome.replies.length;
    for (let index = 0; index < count; index++) {
      const reply = outcome.replies[index];
      const args = batch.commands[index];
      if (!readsAll && digest.addHit(args, reply)) continue;
      let facts: Facts;
      if (reply instanceof Error) facts = digest.fail(index, this.plainFacts(args, classify(reply)));
      else if (outcome.aborted || !(index in outcome.replies))
        facts = this.plainFacts(args, outcome.failed ? classify(outcome.error) : undefined);
      else facts = digest.add(this.read(batch, endMonotonicMs, args ?? [], reply, false, keepsMembers, isCounted));
      if (keepsMembers) digest.members.push(facts);
    }
    if (batch.kind === 'MULTI') this.locks?.endTransaction(batch.client);
    if (batch.size !== undefined && !outcome.aborted) this.traffic.memory?.wroteUnseen(endMonotonicMs);
    if (outcome.aborted) digest.failure = undefined;
    else if (outcome.failed) digest.failure ??= classify(outcome.error);
    return digest;
  }

  familyOf(key: unknown): KeyFamily {
    return this.cacheCounts.of(key);
  }

  counts(nowMonotonicMs: number): FamilyCounts[] {
    this.traffic.memory?.expire(nowMonotonicMs);
    return this.cacheCounts.collect();
  }

  private read(
    command: SentCommand,
    endMonotonicMs: number,
    args: Arguments,
    reply: unknown,
    isLocal: boolean,
    withData: boolean,
    isCounted: boolean,
  ): Facts {
    const entry = lookup(args);
    const { rule } = entry;
    if (rule === undefined) return this.plainFacts(args);
    const { transactions } = this;
    const mayHold = transactions.isUsed || rule.transaction !== undefined;
    if (mayHold && transactions.holds(command.client, rule, reply)) return this.plainFacts(args);
    const operation = this.nameOf(entry);
    const known = entry as KnownEntry;
    const exchange: Exchange = { command, endMonotonicMs, entry: known, args, reply, isCounted, caller: undefined };
    const found = readLookup(entry, reply);
    const data = withData || rule.writes ? readData(entry, args, reply, command.startTimeMs) : NO_DATA;
    if (command.isMasked) return this.readMasked(exchange, found, data);
    if (rule.onlyReads) {
      const cache = found && this.traffic.lookUp(exchange, found, isLocal);
      if (this.locks?.isWatching) this.locks.seeValue(exchange);
      return factsOf(operation, undefined, cache && found, data, cache);
    }
    const lock = this.locks?.read(exchange, data);
    const looked = found && this.traffic.lookUp(exchange, found, isLocal);
    const cache = this.change(exchange, data) ?? looked;
    return factsOf(operation, undefined, looked && found, data, cache, lock);
  }

  private change(exchange: Exchange, data: DataFacts): CacheFacts | undefined {
    const { rule, canonical } = exchange.entry;
    if (rule.stores) return this.traffic.write(exchange, data);
    if (RUNS.has(canonical)) this.traffic.memory?.ran(exchange);
    else if (rule.ends || rule.prolongs || rule.flushes !== undefined) this.traffic.memory?.changed(exchange, data);
    return rule.made.length > 0 ? this.traffic.make(exchange) : undefined;
  }

  private readMasked(exchange: Exchange, found: Lookup | undefined, data: DataFacts): Facts {
    const cache = found === undefined ? this.traffic.writeMasked(exchange) : this.traffic.countMasked(found);
    return factsOf(this.nameOf(exchange.entry), undefined, found, data, cache);
  }

  private failed(args: Arguments, error: unknown): Facts {
    const failure = classify(error);
    const isNoFailure = isExpected(lookup(args).canonical, error);
    return isNoFailure ? { ...this.plainFacts(args), refusal: failure.statusCode } : this.plainFacts(args, failure);
  }

  /** The facts of a command of which only the name, and maybe the failure, is known. */
  private plainFacts(args: Arguments = [], failure?: Failure): Facts {
    return factsOf(this.nameOf(lookup(args)), failure);
  }

  /**
   * `db.operation.name`: as the application spelled it, unless it spells without end. What the table knows is never
   * `_OTHER`.
   */
  private nameOf({ operation, canonical, rule, isUsual }: Entry): string {
    if (isUsual || this.unusualNames.admits(operation)) return operation;
    return rule === undefined ? VALUE_OTHER : canonical;
  }

  private operationOf({ kind, commands }: Batch): string {
    const [first] = commands;
    if (first === undefined) return kind;
    const entry = lookup(first);
    const { canonical } = entry;
    return commands.every((args) => lookup(args).canonical === canonical) ? `${kind} ${this.nameOf(entry)}` : kind;
  }
}

// Written out, so that all objects have the same shape.
function factsOf(
  operation: string,
  failure: Failure | undefined,
  lookup?: Lookup,
  data = NO_DATA,
  cache?: CacheFacts,
  lock?: LockFacts,
): Facts {
  return { operation, failure, lookup, data, cache, lock };
}
