// Knows: which stream entries were read lately, until the application processes them.
// Must not know: commands, replies, spans.

/** The number of remembered entries: those of one read, and a few that wait. The oldest are forgotten first. */
const MAX_IDS = 5_000;
/** The number of streams that may have an entry of the same id. An id is a time and a sequence number. */
const MAX_STREAMS = 8;
/** The total length of what these entries carried, in characters. A single entry may carry ten thousand. */
const MAX_LENGTH = 4_000_000;
const KEPT_MS = 600_000;

interface Kept<T> {
  readonly stream: string;
  readonly value: T;
  readonly length: number;
  readonly untilMonotonicMs: number;
}

export class RecentEntries<T> {
  /** By id. The entry that was used last is at the end. */
  private readonly byId = new Map<string, readonly Kept<T>[]>();
  private length = 0;

  get size(): number {
    return this.byId.size;
  }

  /** @param length the size of the value, in characters */
  add(id: string, stream: string, value: T, length: number, nowMonotonicMs: number): void {
    const known = this.byId.get(id) ?? [];
    const others = known.filter((kept) => kept.stream !== stream && kept.untilMonotonicMs > nowMonotonicMs);
    const all = [
      ...others.slice(1 - MAX_STREAMS),
      { stream, value, length, untilMonotonicMs: nowMonotonicMs + KEPT_MS },
    ];
    this.byId.delete(id);
    this.byId.set(id, all);
    this.length += lengthOf(all) - lengthOf(known);
    this.forget(nowMonotonicMs);
  }

  /** @param stream undefined: the only stream that has this id */
  find(
    id: string,
    stream: string | undefined,
    nowMonotonicMs: number,
  ): { readonly stream: string; readonly value: T } | undefined {
    const found = (this.byId.get(id) ?? []).filter(
      (kept) => kept.untilMonotonicMs > nowMonotonicMs && (stream === undefined || kept.stream === stream),
    );
    return found.length === 1 ? found[0] : undefined;
  }

  private forget(nowMonotonicMs: number): void {
    for (const [id, all] of this.byId) {
      const isOld = all.every(({ untilMonotonicMs }) => untilMonotonicMs <= nowMonotonicMs);
      if (!isOld && this.byId.size <= MAX_IDS && this.length <= MAX_LENGTH) return;
      this.byId.delete(id);
      this.length -= lengthOf(all);
    }
  }
}

function lengthOf(all: readonly { readonly length: number }[]): number {
  return all.reduce((total, { length }) => total + length, 0);
}
