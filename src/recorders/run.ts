// Knows: the totals of a run of similar commands.
// Must not know: when it ends, spans.
import type { Tracer } from '@opentelemetry/api';
import { type Entry, keyIndexOf, lookup } from '../catalog';
import type { Arguments, Command, Outcome } from '../core/events';
import type { Facts, Miss } from '../core/facts';
import { type FamilyOf, isLike, nameOf, type Subject, subjectOf } from './subject';
import { type Repetition, type TracedRecorder, Varying } from './traced';

/** The longest time during which commands are added to a run. */
export const MAX_RUN_MS = 1_000;

/** The longest list of arguments that is kept and compared. */
export const MAX_ARGUMENTS = 64;

/** Shown where arguments differ and have no family in common. */
const HIDDEN = '?';

/** A run of similar commands. */
export class Run {
  /** The command that ended first. */
  readonly first: Command;
  count = 1;
  /** The end of the first command, on the monotonic clock. */
  readonly beganMonotonicMs: number;
  endMonotonicMs: number;
  startTimeMs: number;
  sumMs: number;
  maxMs: number;
  hits: number;
  misses: number;
  /** The total size of read or written values; undefined: no size is known. */
  valueBytes: number | undefined;
  readonly missHandles: Miss[] = [];
  private startMonotonicMs: number;
  private readonly subject: Subject;
  /** Whether each command has keys of the same family only. */
  private isOneFamily = true;
  /** Whether an argument differs between the commands. */
  private readonly differs: boolean[] = [];
  private shortest: number;
  private longest: number;

  constructor(
    readonly tracer: Tracer,
    entry: Entry,
    command: Command,
    /** The outcome of the first command. */
    readonly outcome: Outcome,
    readonly facts: Facts,
    /** The repetition as of the last command. */
    public repeated: Repetition | undefined,
  ) {
    const { durationMs } = outcome;
    // The list of arguments may belong to the application, so it is copied.
    this.first = { ...command, args: command.args.slice() };
    this.startMonotonicMs = command.startMonotonicMs;
    this.startTimeMs = command.startTimeMs;
    this.endMonotonicMs = command.startMonotonicMs + durationMs;
    this.beganMonotonicMs = this.endMonotonicMs;
    this.sumMs = durationMs;
    this.maxMs = durationMs;
    this.hits = facts.lookup?.hits ?? 0;
    this.misses = facts.lookup?.misses ?? 0;
    this.valueBytes = facts.data.valueLength;
    this.subject = subjectOf(entry, this.first.args, facts);
    this.shortest = command.args.length;
    this.longest = command.args.length;
    if (facts.cache?.miss !== undefined) this.missHandles.push(facts.cache.miss);
  }

  /** Whether a command belongs to this run. */
  isOf(
    entry: Entry,
    { args, client, startMonotonicMs }: Command,
    { isLocal, durationMs }: Outcome,
    facts: Facts,
    familyOf: FamilyOf,
  ): boolean {
    return (
      client.facts === this.first.client.facts &&
      isLocal === this.outcome.isLocal &&
      startMonotonicMs + durationMs - this.beganMonotonicMs <= MAX_RUN_MS &&
      isLike(this.subject, entry, args, facts, familyOf)
    );
  }

  add(
    { args, startMonotonicMs, startTimeMs }: Command,
    { durationMs }: Outcome,
    { lookup: found, data, cache }: Facts,
    repeated?: Repetition,
  ): void {
    this.count++;
    this.repeated = repeated;
    if (startMonotonicMs < this.startMonotonicMs) {
      this.startMonotonicMs = startMonotonicMs;
      this.startTimeMs = startTimeMs;
    }
    this.endMonotonicMs = Math.max(this.endMonotonicMs, startMonotonicMs + durationMs);
    this.sumMs += durationMs;
    this.maxMs = Math.max(this.maxMs, durationMs);
    if (found !== undefined) {
      this.hits += found.hits;
      this.misses += found.misses;
    }
    if (data.valueLength !== undefined) this.valueBytes = (this.valueBytes ?? 0) + data.valueLength;
    if (cache?.miss !== undefined) this.missHandles.push(cache.miss);
    // Runs go on with an equal first key, whatever the keys behind it.
    if (cache?.family !== this.facts.cache?.family) this.isOneFamily = false;
    this.compare(args);
  }

  /** From the start of the first to the end of the last, in milliseconds. */
  get durationMs(): number {
    return this.endMonotonicMs - this.startMonotonicMs;
  }

  familyBy(familyOf: FamilyOf): string | undefined {
    return nameOf(this.subject, familyOf);
  }

  private compare(args: readonly unknown[]): void {
    const known = this.first.args;
    this.shortest = Math.min(this.shortest, args.length);
    this.longest = Math.max(this.longest, args.length);
    for (let index = 1; index < this.shortest; index++) if (args[index] !== known[index]) this.differs[index] = true;
  }

  /**
   * The common arguments, with {@link Varying} where they differ. A family is only shown if all keys are known to
   * belong to it.
   */
  commonArguments(family: string | undefined): Arguments {
    const args: unknown[] = this.first.args.slice(0, this.shortest);
    const entry = lookup(this.first.args);
    const { from, rule } = entry;
    const keyIndex = keyIndexOf(entry, this.first.args);
    const areKeys =
      this.isOneFamily && this.facts.cache !== undefined && rule?.items?.step !== undefined && !rule.items.areFields;
    for (let index = from; index < this.shortest; index++) {
      if (!this.differs[index]) continue;
      const isKey = index === keyIndex || (areKeys && (index - keyIndex) % (rule.items?.step ?? 1) === 0);
      args[index] = new Varying(isKey ? (family ?? HIDDEN) : HIDDEN);
    }
    if (this.longest > this.shortest) args.push(new Varying('…'));
    return args;
  }
}

/** Records a run of similar commands as one span. */
export interface CompositeRecorder extends TracedRecorder {
  /** @param family of all its keys */
  composite(run: Run, family: string | undefined): void;
}
