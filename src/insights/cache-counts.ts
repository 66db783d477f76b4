// Knows: how many items of each key family were hits, misses and writes, and which families are locks.
// Must not know: how counts are reported, or which command they came from.
import { type Family, KeyFamilies, OTHER_FAMILY } from '../catalog';
import type { CacheFacts, FamilyCounts, Fill, InsightSettings, ValueSize } from '../core/facts';
import { namesLock } from './lock-names';

export const NO_FILLS: readonly Fill[] = [];
export const NO_SIZES: readonly ValueSize[] = [];

/** Counts of one key family. They are plain numbers, so that counting is cheap. */
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
  /** At least one key of this family was seen to be a lock. */
  wasLock = false;
  /** The name of the family says that its keys are locks, and no command spoke against it. */
  isCalledLock: boolean;
  /** The family holds keys of any kind, so a fact about one key says nothing about another. */
  readonly isMixed: boolean;
  private plainFacts: CacheFacts = {
    family: undefined,
    miss: undefined,
    missReason: undefined,
    fills: NO_FILLS,
    sizes: NO_SIZES,
  };

  /** @param of undefined: key families are off */
  constructor(private readonly of: Family<Counts> | undefined) {
    const template = of?.parts.join('') ?? '';
    this.isMixed = !LETTER.test(template);
    this.isCalledLock = !this.isMixed && namesLock(template);
  }

  /** The current name of the family. */
  get family(): string | undefined {
    return this.of?.name;
  }

  /** The name of the family that counts now for this one. */
  get name(): string | undefined {
    return this.of?.current().name;
  }

  /** The facts of a hit. Most commands are hits; all of them share this object. */
  get plain(): CacheFacts {
    const { family } = this;
    if (this.plainFacts.family !== family) this.plainFacts = { ...this.plainFacts, family };
    return this.plainFacts;
  }

  /** The counts to use for facts found later: this family may have been merged into another. */
  current(): Counts {
    return this.of?.current().held ?? this;
  }
}

const LETTER = /\p{L}/u;

/** The counts of all key families. Bounded by the number of families. */
export class CacheCounts {
  private families: KeyFamilies<Counts> | undefined;
  private readonly all = new Set<Counts>();
  private readonly unnamed = new Counts(undefined);
  /** Counts from before the settings changed, not collected yet. */
  private earlier: FamilyCounts[] = [];
  /** Families with a key that was seen to be a lock, by their current names. */
  private lockFamilies = new Set<string | undefined>();

  constructor(settings: InsightSettings, report: (message: string) => void) {
    this.use(settings, report);
  }

  /** Switches to these families for later counts. */
  use({ families, familyOf, familyOtherwise: shownOf }: InsightSettings, report: (message: string) => void): void {
    this.earlier = this.collect();
    this.all.clear();
    this.lockFamilies.clear();
    const merge = (from: Family<Counts>, into: Family<Counts>): void => this.merge(from, into);
    this.families = families ? new KeyFamilies({ familyOf, shownOf, report, merge }) : undefined;
    this.all.add(this.unnamed);
  }

  /**
   * Returns the counts of a key's family.
   * @param isWrite a write says less than a look-up about how often a key is wanted
   */
  of(key: unknown, isWrite = false): Counts {
    if (this.families === undefined) return this.unnamed;
    const family = this.families.of(key, isWrite);
    return family.held ?? this.begin(family);
  }

  /** Returns the same counts, where the call is neither a look-up nor a write of its own. */
  peek(key: unknown): Counts {
    if (this.families === undefined) return this.unnamed;
    const family = this.families.find(key);
    return family.held ?? this.begin(family);
  }

  /** Whether the key's name says that it is a lock, or another key of its family was seen to be one. */
  isLock(counts: Counts, key: unknown): boolean {
    if (counts.isMixed) return namesLock(key);
    return (
      counts.isCalledLock || counts.wasLock || (this.lockFamilies.size > 0 && this.lockFamilies.has(counts.family))
    );
  }

  /** Records that a key was seen to be a lock. */
  confirmLock(counts: Counts): void {
    counts.wasLock = true;
    this.nameLocks();
  }

  /** Forgets which keys were seen to be locks. Keys whose name says so remain locks. */
  forgetLocks(): void {
    for (const counts of this.all) counts.wasLock = false;
    this.lockFamilies.clear();
  }

  private nameLocks(): void {
    this.lockFamilies = new Set([...this.all].filter(({ wasLock }) => wasLock).map(({ family }) => family));
    this.lockFamilies.delete(OTHER_FAMILY);
  }

  /**
   * Returns what was counted since the last time, by the current names of families. The objects stay: open misses
   * count later for the family they had.
   */
  collect(): FamilyCounts[] {
    this.families?.decide();
    if (this.lockFamilies.size > 0) this.nameLocks();
    const collected = this.earlier;
    this.earlier = [];
    for (const counts of this.all) {
      if (COUNTED.every((name) => counts[name] === 0)) continue;
      const { family } = counts;
      const counted = { family, ...ZERO };
      move(counts, counted);
      collected.push(counted);
    }
    return collected;
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

type Counted = Exclude<keyof FamilyCounts, 'family'>;

function move(from: Record<Counted, number>, to: Record<Counted, number>): void {
  for (const name of COUNTED) {
    to[name] += from[name];
    from[name] = 0;
  }
}

const ZERO = Object.fromEntries(Object.entries(new Counts(undefined)).filter(([, value]) => value === 0)) as Record<
  Counted,
  number
>;

const COUNTED = Object.keys(ZERO) as readonly Counted[];
