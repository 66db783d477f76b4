// Knows: metric series: what a point adds to a total, and where a state stands.
// Must not know: which metrics there are.
import type { Attributes, Point } from '../otlp/message';

/** Where one series stands. */
export interface Standing {
  readonly attributes: Attributes;
  /** Of a counter what it has counted, of a histogram how often, of a state the latest. */
  readonly value: number;
  readonly peak: number;
  readonly seenAtMs: number;
}

/** What one point added. */
export interface Increase {
  readonly metric: string;
  readonly attributes: Attributes;
  readonly count: number;
  /** Of a histogram, the sum of what was recorded. */
  readonly sum: number;
}

interface Entry extends Standing {
  readonly metric: string;
  readonly raw: { readonly value: number; readonly sum: number; readonly startNanos: string };
}

const MAX_SERIES = 5_000;

export class Series {
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly maxSeries = MAX_SERIES) {}

  /** Keeps the point; returns what it added, if it counts something. */
  add(point: Point, nowMs: number): Increase | undefined {
    const key = JSON.stringify([point.metric, point.source, Object.entries(point.attributes).sort()]);
    const before = this.entries.get(key);
    const { count, sum } = increaseOf(point, before);
    const value = point.type === 'state' ? point.value : (before?.value ?? 0) + count;
    this.entries.delete(key);
    this.entries.set(key, {
      metric: point.metric,
      attributes: point.attributes,
      value,
      peak: Math.max(value, before?.peak ?? value),
      seenAtMs: nowMs,
      raw: { value: point.value, sum: point.sum ?? 0, startNanos: point.startNanos },
    });
    if (this.entries.size > this.maxSeries) this.forgetOldest();
    return point.type === 'state' || count === 0 ? undefined : { metric: point.metric, attributes: point.attributes, count, sum };
  }

  /** The series of one metric. */
  of(metric: string): Standing[] {
    return [...this.entries.values()].filter((entry) => entry.metric === metric);
  }

  /** The one that was not heard of for longest. */
  private forgetOldest(): void {
    for (const key of this.entries.keys()) {
      this.entries.delete(key);
      return;
    }
  }
}

/** A total that fell, or that began anew, is a process that was started again. */
function increaseOf({ type, value, sum = 0, startNanos }: Point, before: Entry | undefined): { count: number; sum: number } {
  if (type === 'state') return { count: 0, sum: 0 };
  const goesOn = type === 'total' && before !== undefined && before.raw.startNanos === startNanos && value >= before.raw.value;
  return goesOn ? { count: value - before.raw.value, sum: sum - before.raw.sum } : { count: value, sum };
}
