// Knows: which entries of streams were read lately, until the application comes to process them.
// Must not know: commands, replies, spans.

/** Entries that are known at a time: of one read, and of a few that wait. Those read first are forgotten first. */
const MAX_IDS = 5_000;
/** Streams that may have an entry of the same id: it is a time, and a number where the millisecond has several. */
const MAX_STREAMS = 8;
const KEPT_MS = 600_000;

interface Kept<T> {
  readonly stream: string;
  readonly value: T;
  readonly untilMark: number;
}

export class RecentEntries<T> {
  /** By id, the one that was touched last at the end. */
  private readonly byId = new Map<string, readonly Kept<T>[]>();

  get size(): number {
    return this.byId.size;
  }

  add(id: string, stream: string, value: T, nowMark: number): void {
    const others = (this.byId.get(id) ?? []).filter((kept) => kept.stream !== stream && kept.untilMark > nowMark);
    this.byId.delete(id);
    this.byId.set(id, [...others.slice(1 - MAX_STREAMS), { stream, value, untilMark: nowMark + KEPT_MS }]);
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
      if (!isOld && this.byId.size <= MAX_IDS) return;
      this.byId.delete(id);
    }
  }
}
