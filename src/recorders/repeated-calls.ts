// Knows: which commands come one after another below one parent, each like the one before: a loop of round trips.
// Must not know: how a span is written, clients.
import { type Attributes, type Context, type Counter, type Meter, type Span, trace } from '@opentelemetry/api';
import { lookup, mayWait } from '../catalog';
import type { Arguments, Batch, BatchKind, BatchOutcome, BatchStart, Command, Connecting, Outcome, ProcessOutcome } from '../core/events';
import type { BatchFacts, Facts } from '../core/facts';
import * as semconv from '../core/semconv';
import { type FamilyOf, isLike, nameOf, type Subject, subjectOf } from './subject';
import type { Repetition, TracedRecorder } from './traced';

/** Fewer calls are no loop. */
export const MIN_REPEATED_CALLS = 10;

/** Loops that are followed below one parent: two or three commands in the body of one are usual. */
const MAX_LOOPS = 8;

/** After a longer pause the next command is no round of the same loop. */
const MAX_PAUSE_MS = 1_000;

/** A time that was made by adding a duration may be off by the last bit. */
const ROUNDING_MS = 0.001;

interface Loop {
  readonly subject: Subject;
  /** As the first of them was spelled, like in the metric of durations. */
  readonly operation: string;
  count: number;
  /** When the latest call ended, on the monotonic clock. */
  endMark: number;
  attributes: Attributes | undefined;
}

/** Counts calls that repeat, and tells the recorder of spans how many there were so far. */
export class RepeatedCalls implements TracedRecorder {
  private readonly loops = new WeakMap<Span, Loop[]>();
  private meter: Meter | undefined;
  private counter: Counter | undefined;

  /** @param source the meter of whoever listens now; undefined while nobody does */
  constructor(
    private readonly next: TracedRecorder,
    private readonly familyOf: FamilyOf,
    private readonly source: () => Meter | undefined,
  ) {}

  isActive(): boolean {
    return this.next.isActive();
  }

  command(command: Command, outcome: Outcome, facts: Facts): void {
    this.next.command(command, outcome, facts, this.count(command, outcome, facts));
  }

  batch(batch: Batch, outcome: BatchOutcome, facts: BatchFacts): void {
    this.next.batch(batch, outcome, facts);
  }

  connect(connecting: Connecting, outcome: ProcessOutcome): void {
    this.next.connect(connecting, outcome);
  }

  open(command: Command): Context | undefined {
    return this.next.open(command);
  }

  openBatch(kind: BatchKind, commands: readonly Arguments[], started: BatchStart): Context | undefined {
    return this.next.openBatch(kind, commands, started);
  }

  private count({ args, context, startMark }: Command, { durationMs, isLocal }: Outcome, facts: Facts): Repetition | undefined {
    const parent = trace.getSpan(context);
    // What the client's own cache answers is no round trip.
    if (parent === undefined || isLocal || !parent.isRecording()) return undefined;
    const entry = lookup(args);
    if (entry.rule === undefined || mayWait(entry, args)) return undefined;
    const endMark = startMark + durationMs;
    const loops = this.loops.get(parent);
    const loop = loops?.find(({ subject }) => isLike(subject, entry, args, facts, this.familyOf));
    if (loop === undefined) {
      this.begin(parent, loops, {
        subject: subjectOf(entry, args, facts),
        operation: entry.operation,
        count: 1,
        endMark,
        attributes: undefined,
      });
      return undefined;
    }
    const pauseMs = startMark - loop.endMark;
    loop.count = pauseMs >= -ROUNDING_MS && pauseMs <= MAX_PAUSE_MS ? loop.count + 1 : 1;
    loop.endMark = Math.max(loop.endMark, endMark);
    if (loop.count < MIN_REPEATED_CALLS) return undefined;
    const family = nameOf(loop.subject, this.familyOf);
    this.add(loop.count === MIN_REPEATED_CALLS ? MIN_REPEATED_CALLS : 1, loop, family);
    return { count: loop.count, family };
  }

  private begin(parent: Span, loops: Loop[] | undefined, loop: Loop): void {
    if (loops === undefined) this.loops.set(parent, [loop]);
    else {
      if (loops.length >= MAX_LOOPS) loops.shift();
      loops.push(loop);
    }
  }

  private add(calls: number, loop: Loop, family: string | undefined): void {
    const meter = this.source();
    if (meter !== this.meter) {
      this.meter = meter;
      this.counter = meter?.createCounter(semconv.METRIC_REDIS_REPEATED_CALLS, {
        description: 'Commands that came one after another, ten and more, where one could have done.',
        unit: '{call}',
      });
    }
    loop.attributes ??= attributesOf(loop.operation, family);
    this.counter?.add(calls, loop.attributes);
  }
}

function attributesOf(operation: string, family: string | undefined): Attributes {
  const attributes: Attributes = { [semconv.ATTR_DB_OPERATION_NAME]: operation };
  if (family !== undefined) attributes[semconv.ATTR_REDIS_KEY_FAMILY] = family;
  return attributes;
}
