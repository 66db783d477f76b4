// Knows: which commands below one parent follow each other and are alike, and could be sent together.
// Must not know: how a span is recorded, clients.
import { type Span, trace } from '@opentelemetry/api';
import { type Entry, keyIndexOf, lookup } from '../catalog';
import { isRecording } from '../core/context';
import type { Arguments, Command, Outcome } from '../core/events';
import type { Facts, KeyFamily } from '../core/facts';
import type { KnownEntry } from '../insights/exchange';
import { isRefused } from '../insights/life';
import type { RepeatedCallMetrics } from './repeated-call-metrics';
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

/** Longer arguments are not remembered. */
const MAX_ITEM_LENGTH = 128;
const TOO_LONG = Symbol('too long');

interface Loop {
  readonly subject: Subject;
  /** The spelling of the first command, as in the metric of durations. */
  readonly operation: string;
  /** What the latest call was about: its key, the argument behind, such as a field, and the last one. */
  key: unknown;
  item: unknown;
  last: unknown;
  count: number;
  /** The end of the latest call, on the monotonic clock. */
  endMonotonicMs: number;
  /** The family for which its calls are counted, once it is a loop; undefined also if there is no key. */
  family: KeyFamily | undefined;
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

  private count({ args, context, startMonotonicMs }: Command, outcome: Outcome, facts: Facts): Repetition | undefined {
    const parent = trace.getSpan(context);
    if (parent === undefined || !isRecording(parent)) return undefined;
    const entry = lookup(args);
    if (!isWork(entry, args, outcome, facts)) return undefined;
    const loops = this.loopsBelow(parent);
    const endMonotonicMs = startMonotonicMs + outcome.durationMs;
    const at = Math.max(keyIndexOf(entry, args), entry.from);
    for (const loop of loops) {
      if (!isLike(loop.subject, entry, args, facts, this.familyOf)) continue;
      // The same again: it waits for a change, or could keep the reply.
      if (isSame(args[at], loop.key) && isSame(args[at + 1], loop.item) && isSame(args[args.length - 1], loop.last))
        return undefined;
      loop.key = args[at];
      loop.item = shortOf(args[at + 1]);
      loop.last = shortOf(args[args.length - 1]);
      return this.goOn(loop, startMonotonicMs, endMonotonicMs);
    }
    if (loops.length >= MAX_LOOPS) loops.shift();
    loops.push({
      subject: subjectOf(entry, args, facts),
      operation: facts.operation,
      key: args[at],
      item: shortOf(args[at + 1]),
      last: shortOf(args[args.length - 1]),
      count: 1,
      endMonotonicMs,
      family: undefined,
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

  private goOn(loop: Loop, startMonotonicMs: number, endMonotonicMs: number): Repetition | undefined {
    const pauseMs = startMonotonicMs - loop.endMonotonicMs;
    loop.count = pauseMs >= -ROUNDING_MS && pauseMs <= MAX_PAUSE_MS ? loop.count + 1 : 1;
    loop.endMonotonicMs = Math.max(loop.endMonotonicMs, endMonotonicMs);
    if (loop.count < MIN_REPEATED_CALLS) return undefined;
    if (loop.subject.key !== undefined) loop.family ??= this.familyOf(loop.subject.key);
    this.metrics.add(loop.operation, loop.family, loop.count === MIN_REPEATED_CALLS ? MIN_REPEATED_CALLS : 1);
    return { count: loop.count, family: nameOf(loop.subject, this.familyOf) };
  }
}

/**
 * Whether the call did something that could be done together with others. What failed or was refused is an attempt. An
 * answer of the client's own cache is not a round trip.
 */
function isWork(entry: Entry, args: Arguments, { failed, isLocal, reply }: Outcome, { lock }: Facts): boolean {
  const { rule } = entry;
  if (rule === undefined || !rule.isIndependent || failed || isLocal || lock !== undefined) return false;
  return !rule.stores || !isRefused(entry as KnownEntry, args, reply);
}

function isSame(arg: unknown, other: unknown): boolean {
  return (
    arg === other || (arg instanceof Uint8Array && other instanceof Uint8Array && Buffer.compare(arg, other) === 0)
  );
}

/** A long value is not kept: it counts as another each time. */
function shortOf(arg: unknown): unknown {
  return (typeof arg === 'string' || arg instanceof Uint8Array) && arg.length > MAX_ITEM_LENGTH ? TOO_LONG : arg;
}
