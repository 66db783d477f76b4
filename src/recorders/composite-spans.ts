// Knows: which commands below one parent are recorded as one span, and when that span is created.
// Must not know: how a span is recorded, clients.
import timers from 'node:timers';
import { type Span, type Tracer, trace } from '@opentelemetry/api';
import { type Entry, lookup, mayWait } from '../catalog';
import type { SpanSettings } from '../config';
import { isRecording } from '../core/context';
import type { Batch, BatchOutcome, Command, Outcome } from '../core/events';
import type { BatchFacts, Facts, Fill, Miss } from '../core/facts';
import type { Report } from '../core/recorder';
import { type CompositeRecorder, MAX_ARGUMENTS, MAX_RUN_MS, Run } from './run';
import type { FamilyOf } from './subject';
import { PassingRecorder, type Repetition } from './traced';

/** The settings that decide which commands may be joined. */
type CompositeSettings = Pick<SpanSettings, 'compressMaxDurationMs' | 'slowMs' | 'minDurationMs' | 'spanHook'>;

const MAX_IDLE_MS = 100;
const MAX_RUN_LENGTH = 10_000;
const MAX_RUNS = 1_000;

/** The interval at which ended runs are searched, while there are any. */
const INTERVAL_MS = 25;

/** Node's own timers: tests may replace the global one by a fake clock. */
const { setTimeout } = timers;

/** Collects runs of similar commands. The span is created at the end of a run, so no span is open meanwhile. */
export class CompositeSpans extends PassingRecorder<CompositeRecorder> {
  /** One run for each parent, the oldest first. */
  private readonly runs = new Map<Span, Run>();
  /** The run of a look-up that missed and has no span yet. */
  private readonly missed = new WeakMap<Miss, Span>();
  /** One timer for all runs. It is created outside of requests: a timer keeps the context of its creation. */
  private readonly timer: NodeJS.Timeout;
  private isWaiting = false;

  constructor(
    next: CompositeRecorder,
    private readonly settings: CompositeSettings,
    private readonly tracer: () => Tracer | undefined,
    private readonly familyOf: FamilyOf,
    private readonly report: Report,
  ) {
    super(next);
    this.timer = setTimeout(() => this.look(performance.now()), INTERVAL_MS).unref();
  }

  override command(command: Command, outcome: Outcome, facts: Facts, repeated?: Repetition): void {
    const parent = trace.getSpan(command.context);
    if (facts.cache !== undefined && facts.cache.fills.length > 0) this.endMissed(facts.cache.fills);
    const isShort = !outcome.failed && outcome.durationMs < this.settings.minDurationMs;
    const entry = lookup(command.args);
    if (isShort || parent === undefined || !this.mayJoin(entry, command, outcome, facts) || !isRecording(parent)) {
      if (!isShort && parent !== undefined) this.end(parent);
      this.next.command(command, outcome, facts, repeated);
      return;
    }
    const run = this.runs.get(parent);
    if (run?.isOf(entry, command, outcome, facts, this.familyOf)) run.add(command, outcome, facts, repeated);
    else {
      this.end(parent);
      const tracer = this.tracer();
      // A reply may be large, and only a hook reads it.
      const kept = this.settings.spanHook === undefined ? { ...outcome, reply: undefined } : outcome;
      if (tracer !== undefined) this.begin(parent, new Run(tracer, entry, command, kept, facts, repeated));
    }
    if (facts.cache?.miss !== undefined) this.missed.set(facts.cache.miss, parent);
    if (run !== undefined && run.count >= MAX_RUN_LENGTH) this.end(parent);
  }

  override batch(batch: Batch, outcome: BatchOutcome, facts: BatchFacts): void {
    const parent = trace.getSpan(batch.context);
    if (facts.fills.length > 0) this.endMissed(facts.fills);
    if (parent !== undefined) this.end(parent);
    this.next.batch(batch, outcome, facts);
  }

  /** Ends all runs. */
  flush(): void {
    for (const parent of [...this.runs.keys()]) this.end(parent);
  }

  /** The most frequent reason against it is checked first. */
  private mayJoin(
    entry: Entry,
    { args, transfer, inside, isMasked, resends }: Command,
    outcome: Outcome,
    { cache, lock }: Facts,
  ): boolean {
    const { compressMaxDurationMs, slowMs } = this.settings;
    if (outcome.failed || outcome.durationMs > compressMaxDurationMs || outcome.durationMs >= slowMs) return false;
    if (entry.rule === undefined || entry.rule.sends || transfer !== undefined || inside !== undefined || isMasked)
      return false;
    if (resends !== undefined || lock !== undefined || (cache !== undefined && cache.fills.length > 0)) return false;
    return args.length <= MAX_ARGUMENTS && !mayWait(entry, args);
  }

  private begin(parent: Span, run: Run): void {
    if (this.runs.size >= MAX_RUNS) for (const oldest of this.runs.keys()) if (this.end(oldest)) break;
    this.runs.set(parent, run);
    if (this.isWaiting) return;
    this.isWaiting = true;
    this.timer.refresh();
  }

  private endMissed(fills: readonly Fill[]): void {
    for (const { miss } of fills) {
      const parent = miss.span === undefined ? this.missed.get(miss) : undefined;
      if (parent !== undefined) this.end(parent);
    }
  }

  /** Returns whether there was a run. */
  private end(parent: Span): boolean {
    const run = this.runs.get(parent);
    if (run === undefined) return false;
    this.runs.delete(parent);
    try {
      if (run.count === 1) this.next.command(run.first, run.outcome, run.facts, run.repeated);
      else this.next.composite(run, run.familyBy(this.familyOf));
    } catch (error) {
      this.report('a span could not be recorded', error);
    }
    return true;
  }

  private look(nowMonotonicMs: number): void {
    this.isWaiting = false;
    for (const [parent, run] of this.runs) {
      const isOver =
        nowMonotonicMs - run.endMonotonicMs > MAX_IDLE_MS ||
        nowMonotonicMs - run.beganMonotonicMs > MAX_RUN_MS ||
        !isRecording(parent);
      if (isOver) this.end(parent);
    }
    if (this.runs.size === 0) return;
    this.isWaiting = true;
    this.timer.refresh();
  }
}
