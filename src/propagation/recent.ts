// Knows: which entries of streams were read lately, until the application comes to process them.
// Must not know: commands, replies, spans.

/** Entries that are known at a time: of one read, and of a few that wait. Those read first are forgotten first. */
const MAX_IDS = 5_000;
/** Streams that may have an entry of the same id: it is a time, and a number where the millisecond has several. */
const MAX_STREAMS = 8;
/** What all of them carried, in characters: one may carry ten thousand. */
const MAX_LENGTH = 4_000_000;
const KEPT_MS = 600_000;

interface Kept<T> {
  readonly stream: string;
  readonly value: T;
  readonly length: number;
  readonly untilMark: number;
}

export class RecentEntries<T> {
  /** By id, the one that was touched last at the end. */
  private readonly byId = new Map<string, readonly Kept<T>[]>();
  private length = 0;

  get size(): number {
    return this.byId.size;
  }

  /** @param length how much is kept with it */
  add(id: string, stream: string, value: T, length: number, nowMark: number): void {
    const known = this.byId.get(id) ?? [];
    const others = known.filter((kept) => kept.stream !== stream && kept.untilMark > nowMark);
    const all = [...others.slice(1 - MAX_STREAMS), { stream, value, length, untilMark: nowMark + KEPT_MS }];
    this.byId.delete(id);
    this.byId.set(id, all);
    this.length += lengthOf(all) - lengthOf(known);
    this.forget(nowMark);
  }

  /** @param stream undefined: whichever has the id, if it is one alone */
  find(id: string, stream: string | undefined, nowMark: number): { readonly stream: string; readonly value: T } | undefined {
    const found = (this.byId.get(id) ?? []).filter((kept) => kept.untilMark > nowMark && (stream === undefined || kept.stream === stream));
    return found.length === 1 ? found[0] : undefined;
  }

  private forget(nowMark: number): void {
    for (const [id, all] of this.byId) {
      const isOld = all.every(({ untilMark }) => untilMark <= nowMark);
      if (!isOld && this.byId.size <= MAX_IDS && this.length <= MAX_LENGTH) return;
      this.byId.delete(id);
      this.length -= lengthOf(all);
    }
  }
}

function lengthOf(all: readonly { readonly length: number }[]): number {
  return all.reduce((total, { length }) => total + length, 0);
}
