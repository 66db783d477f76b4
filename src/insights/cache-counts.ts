// Knows: how many items of each key family were found, missed and written, and which families are locks.
// Must not know: how that is reported, or by which command it came.
import { type Family, KeyFamilies, OTHER_FAMILY } from '../catalog';
import type { CacheFacts, FamilyCounts, Fill, InsightSettings, ValueSize } from '../core/facts';
import { namesLock } from './lock-names';

export const NO_FILLS: readonly Fill[] = [];
export const NO_SIZES: readonly ValueSize[] = [];

/** Counts of keys that look alike: plain numbers, so that counting costs nothing to speak of. */
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
  /** One of its keys was seen to be a lock. */
  wasLock = false;
  /** It is what its keys are called that says that they are locks. */
  readonly isCalledLock: boolean;
  /** It has keys of any kind: of one key nothing follows for another. */
  readonly isMixed: boolean;
  private plainFacts: CacheFacts = { family: undefined, miss: undefined, missReason: undefined, fills: NO_FILLS, sizes: NO_SIZES };

  /** @param of undefined: keys have no families */
  constructor(private readonly of: Family<Counts> | undefined) {
    const template = of?.parts.join('') ?? '';
    this.isMixed = !LETTER.test(template);
    this.isCalledLock = !this.isMixed && namesLock(template);
  }

  /** What their family is called now. */
  get family(): string | undefined {
    return this.of?.name;
  }

  /** What there is to say of a hit. Most commands are hits, and share it. */
  get plain(): CacheFacts {
    const { family } = this;
    if (this.plainFacts.family !== family) this.plainFacts = { ...this.plainFacts, family };
    return this.plainFacts;
  }

  /** Where to count what is found out later: families may have become one. */
  current(): Counts {
    return this.of?.current().held ?? this;
  }
}

const LETTER = /\p{L}/u;

/** Bounded by the families there can be. */
export class CacheCounts {
  private families: KeyFamilies<Counts> | undefined;
  private readonly all = new Set<Counts>();
  private readonly unnamed = new Counts(undefined);
  /** What was told, by name: a name that was totals keeps its count, whatever its keys are called later. */
  private readonly totals = new Map<string | undefined, Totals>();
  /** Families that have a key that was seen to be a lock, by the names of now. */
  private lockFamilies = new Set<string | undefined>();

  constructor(settings: InsightSettings, report: (message: string) => void) {
    this.use(settings, report);
  }

  /** Counts from now on under these families; what was counted stays counted. */
  use({ families, familyOf, familyOtherwise: shownOf }: InsightSettings, report: (message: string) => void): void {
    this.tell();
    this.all.clear();
    this.lockFamilies.clear();
    const merge = (from: Family<Counts>, into: Family<Counts>): void => this.merge(from, into);
    this.families = families ? new KeyFamilies({ familyOf, shownOf, report, merge }) : undefined;
    this.all.add(this.unnamed);
  }

  /**
   * The counts of a key's family.
   * @param isWrite a write says less of how often a key is wanted
   */
  of(key: unknown, isWrite = false): Counts {
    if (this.families === undefined) return this.unnamed;
    const family = this.families.of(key, isWrite);
    return family.held ?? this.begin(family);
  }

  /** The same, where it is not a look-up or a write of its own. */
  peek(key: unknown): Counts {
    if (this.families === undefined) return this.unnamed;
    const family = this.families.find(key);
    return family.held ?? this.begin(family);
  }

  /** Whether the key's own name says that it is a lock, or another of its family was seen to be one. */
  isLock(counts: Counts, key: unknown): boolean {
    if (counts.isMixed) return namesLock(key);
    return counts.isCalledLock || counts.wasLock || (this.lockFamilies.size > 0 && this.lockFamilies.has(counts.family));
  }

  /** A key was seen to be a lock. */
  confirmLock(counts: Counts): void {
    counts.wasLock = true;
    this.nameLocks();
  }

  /** What was seen of locks is forgotten; what is called one stays one. */
  forgetLocks(): void {
    for (const counts of this.all) counts.wasLock = false;
    this.lockFamilies.clear();
  }

  private nameLocks(): void {
    this.lockFamilies = new Set([...this.all].filter(({ wasLock }) => wasLock).map(({ family }) => family));
    this.lockFamilies.delete(OTHER_FAMILY);
  }

  /** All counts, by the names that families have now. */
  tell(): Iterable<FamilyCounts> {
    this.families?.decide();
    if (this.lockFamilies.size > 0) this.nameLocks();
    for (const counts of this.all) {
      if (COUNTED.every((name) => counts[name] === 0)) continue;
      let totals = this.totals.get(counts.family);
      if (totals === undefined) {
        totals = { family: counts.family, ...ZERO };
        this.totals.set(counts.family, totals);
      }
      move(counts, totals);
    }
    return this.totals.values();
  }

  /** To nought, and not to nothing: misses that are open count for the family they had. */
  reset(): void {
    for (const counts of this.all) Object.assign(counts, ZERO);
    this.totals.clear();
  }

  private begin(family: Family<Counts>): Counts {
    const counts = new Counts(family);
    family.held = counts;
    this.all.add(counts);
    return counts;
  }

  private merge({ held }: Family<Counts>, into: Family<Counts>): void {
    if (held === undefined) return;
    const counts = into.held ?? this.begin(into);
    if (held.wasLock && !counts.isMixed) counts.wasLock = true;
    move(held, counts);
    this.all.delete(held);
  }
}

type Totals = { family: string | undefined } & Record<Counted, number>;
type Counted = Exclude<keyof FamilyCounts, 'family'>;

function move(from: Record<Counted, number>, to: Record<Counted, number>): void {
  for (const name of COUNTED) {
    to[name] += from[name];
    from[name] = 0;
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

const COUNTED = Object.keys(ZERO) as readonly Counted[];
