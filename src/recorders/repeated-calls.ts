// Knows: which commands below one parent follow each other and are alike: a loop of round trips.
// Must not know: how a span is recorded, clients.
import { type Span, trace } from '@opentelemetry/api';
import { lookup, mayWait } from '../catalog';
import { isRecording } from '../core/context';
import type { Command, Outcome } from '../core/events';
import type { Facts } from '../core/facts';
import type { RepeatedCallMetrics, RepeatedCount } from './repeated-call-metrics';
import { type FamilyOf, isLike, nameOf, type Subject, subjectOf } from './subject';
import { PassingRecorder, type Repetition, type TracedRecorder } from './traced';

/** Fewer calls are not a loop. */
export const MIN_REPEATED_CALLS = 10;

/** The number of loops followed below one parent: the body of a loop often has two or three commands. */
const MAX_LOOPS = 8;

/** After a longer pause the next command does not belong to the same loop. */
const MAX_PAUSE_MS = 1_000;

/** A time computed by adding a duration may be off in its last bit. */
const ROUNDING_MS = 0.001;

interface Loop {
  readonly subject: Subject;
  /** The spelling of the first command, as in the metric of durations. */
  readonly operation: string;
  count: number;
  /** The end of the latest call, on the monotonic clock. */
  endMonotonicMs: number;
  /** Where its calls are counted, once it is a loop. */
  counted: RepeatedCount | undefined;
}

/** Counts repeated calls, and passes their number to the span recorder. */
export class RepeatedCalls extends PassingRecorder {
  private readonly loops = new WeakMap<Span, Loop[]>();
  /** The parent that was looked up last: the replies of one request often come together. */
  private lastParent: Span | undefined;
  private lastLoops: Loop[] = [];

  constructor(
    next: TracedRecorder,
    private readonly familyOf: FamilyOf,
    private readonly metrics: RepeatedCallMetrics,
  ) {
    super(next);
  }

  override command(command: Command, outcome: Outcome, facts: Facts): void {
    this.next.command(command, outcome, facts, this.count(command, outcome, facts));
  }

  private count(
    { args, context, startMonotonicMs }: Command,
    { durationMs, isLocal }: Outcome,
    facts: Facts,
  ): Repetition | undefined {
    const parent = trace.getSpan(context);
    // An answer of the client's own cache is not a round trip.
    if (parent === undefined || isLocal || !isRecording(parent)) return undefined;
    const entry = lookup(args);
    if (entry.rule === undefined || mayWait(entry, args)) return undefined;
    const loops = this.loopsBelow(parent);
    for (const loop of loops)
      if (isLike(loop.subject, entry, args, facts, this.familyOf)) return this.goOn(loop, startMonotonicMs, durationMs);
    if (loops.length >= MAX_LOOPS) loops.shift();
    const { operation } = facts;
    loops.push({
      subject: subjectOf(entry, args, facts),
      operation,
      count: 1,
      endMonotonicMs: startMonotonicMs + durationMs,
      counted: undefined,
    });
    return undefined;
  }

  private loopsBelow(parent: Span): Loop[] {
    if (parent === this.lastParent) return this.lastLoops;
    this.lastParent = parent;
    this.lastLoops = this.loops.get(parent) ?? [];
    if (this.lastLoops.length === 0) this.loops.set(parent, this.lastLoops);
    return this.lastLoops;
  }

  private goOn(loop: Loop, startMonotonicMs: number, durationMs: number): Repetition | undefined {
    const pauseMs = startMonotonicMs - loop.endMonotonicMs;
    loop.count = pauseMs >= -ROUNDING_MS && pauseMs <= MAX_PAUSE_MS ? loop.count + 1 : 1;
    loop.endMonotonicMs = Math.max(loop.endMonotonicMs, startMonotonicMs + durationMs);
    if (loop.count < MIN_REPEATED_CALLS) return undefined;
    const family = nameOf(loop.subject, this.familyOf);
    loop.counted ??= this.metrics.of(loop.operation, family);
    loop.counted.calls += loop.count === MIN_REPEATED_CALLS ? MIN_REPEATED_CALLS : 1;
    return { count: loop.count, family };
  }
}
