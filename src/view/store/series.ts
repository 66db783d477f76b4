// Knows: metric series: how much a point adds to a total, and the current state.
// Must not know: which metrics there are.
import { BoundedMap } from '../../core/bounded-map';
import type { Attributes, Point } from '../otlp/message';

/** The current value of one series. */
export interface Standing {
  readonly attributes: Attributes;
  /** The total of a counter, the count of a histogram, or the latest state. */
  readonly value: number;
  readonly seenAtMs: number;
}

/** The increase by one point. */
export interface Increase {
  readonly metric: string;
  readonly attributes: Attributes;
  readonly count: number;
  /** For a histogram, the sum of its values. */
  readonly sum: number;
}

interface Entry extends Standing {
  readonly metric: string;
  readonly raw: { readonly value: number; readonly sum: number; readonly startNanos: string };
}

export class Series {
  private readonly entries: BoundedMap<string, Entry>;

  /** Beyond this number, the series that was updated least recently is dropped. */
  constructor(maxSeries = 5_000) {
    this.entries = new BoundedMap(maxSeries);
  }

  /** Keeps the point; returns the increase, if it is a counter or histogram. */
  add(point: Point, nowMs: number): Increase | undefined {
    const key = JSON.stringify([point.metric, point.source, Object.entries(point.attributes).sort()]);
    const before = this.entries.get(key);
    const { count, sum } = increaseOf(point, before);
    const value = point.type === 'state' ? point.value : (before?.value ?? 0) + count;
    this.entries.set(key, {
      metric: point.metric,
      attributes: point.attributes,
      value,
      seenAtMs: nowMs,
      raw: { value: point.value, sum: point.sum ?? 0, startNanos: point.startNanos },
    });
    return point.type === 'state' || count === 0
      ? undefined
      : { metric: point.metric, attributes: point.attributes, count, sum };
  }

  /** Returns all series of one metric. */
  of(metric: string): Standing[] {
    return [...this.entries.values()].filter((entry) => entry.metric === metric);
  }
}

/** A total that fell, or began anew, belongs to a restarted process. */
function increaseOf(
  { type, value, sum = 0, startNanos }: Point,
  before: Entry | undefined,
): { count: number; sum: number } {
  if (type === 'state') return { count: 0, sum: 0 };
  const goesOn =
    type === 'total' && before !== undefined && before.raw.startNanos === startNanos && value >= before.raw.value;
  return goesOn ? { count: value - before.raw.value, sum: sum - before.raw.sum } : { count: value, sum };
}
