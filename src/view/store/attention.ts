// Knows: what happened that needs attention, with repeated occurrences merged.
// Must not know: how it is detected.
import { BoundedMap } from '../../core/bounded-map';

export type AttentionKind =
  | 'error'
  | 'stampede'
  | 'repeated'
  | 'lock'
  | 'transaction'
  | 'unfilled'
  | 'pool'
  | 'connection';

export interface Attention {
  readonly kind: AttentionKind;
  readonly text: string;
  readonly count: number;
  /** The largest number of callers affected at once, if it is known. */
  readonly callers: number | undefined;
  readonly lastMs: number;
  /** The latest trace in which it happened. */
  readonly traceId: string | undefined;
}

export type Occurrence = Pick<Attention, 'kind' | 'text' | 'lastMs'> & Partial<Attention>;

export class AttentionList {
  private readonly entries: BoundedMap<string, Attention>;

  constructor(max = 50) {
    this.entries = new BoundedMap(max);
  }

  note({ kind, text, lastMs, count = 1, callers, traceId }: Occurrence): void {
    const key = `${kind} ${text}`;
    const before = this.entries.get(key);
    this.entries.set(key, {
      kind,
      text,
      count: (before?.count ?? 0) + count,
      callers: callers === undefined ? before?.callers : Math.max(callers, before?.callers ?? 0),
      lastMs,
      traceId: traceId ?? before?.traceId,
    });
  }

  newestFirst(): Attention[] {
    return [...this.entries.values()].reverse();
  }
}
