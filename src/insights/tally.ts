// Knows: how many items of each key family were found, missed and written.
// Must not know: how that is reported, or by which command it came.
import { KeyFamilies } from '../catalog';
import type { CacheFacts, FamilyCounts, Fill, InsightSettings, ValueSize } from '../core/facts';

export const NO_FILLS: readonly Fill[] = [];
export const NO_SIZES: readonly ValueSize[] = [];

/** The counts of one family: plain numbers, so that counting costs nothing to speak of. */
export class Counts implements FamilyCounts {
  hits = 0;
  localHits = 0;
  misses = 0;
  localMisses = 0;
  expired = 0;
  deleted = 0;
  unknown = 0;
  unfilled = 0;
  writesWithTtl = 0;
  writesWithoutTtl = 0;
  lostLocks = 0;
  /** What there is to say of a hit. Most commands are hits, and share it. */
  readonly plain: CacheFacts;

  constructor(readonly family: string | undefined) {
    this.plain = { family, miss: undefined, missReason: undefined, fills: NO_FILLS, sizes: NO_SIZES };
  }
}

/** Bounded by the families there can be. */
export class Tally {
  private readonly families: KeyFamilies | undefined;
  private readonly counts = new Map<string | undefined, Counts>();

  constructor({ families, familyOf, familyOtherwise: otherwise }: InsightSettings, report: (message: string) => void) {
    this.families = families ? new KeyFamilies({ familyOf, otherwise, report }) : undefined;
  }

  /** The counts of a key's family. */
  of(key: unknown): Counts {
    const family = this.families?.of(key);
    return this.counts.get(family) ?? this.begin(family);
  }

  all(): Iterable<FamilyCounts> {
    return this.counts.values();
  }

  /** To nought, and not to nothing: misses that are open count for the family they had. */
  reset(): void {
    for (const counts of this.counts.values()) Object.assign(counts, ZERO);
  }

  private begin(family: string | undefined): Counts {
    const counts = new Counts(family);
    this.counts.set(family, counts);
    return counts;
  }
}

const ZERO: Omit<FamilyCounts, 'family'> = {
  hits: 0,
  localHits: 0,
  misses: 0,
  localMisses: 0,
  expired: 0,
  deleted: 0,
  unknown: 0,
  unfilled: 0,
  writesWithTtl: 0,
  writesWithoutTtl: 0,
  lostLocks: 0,
};
