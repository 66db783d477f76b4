// Knows: what the words seen at one place of keys say about that place.
// Must not know: keys, how places are told apart.
import { VARIES } from './constants';

/** With this many different words a place varies, however often the words repeat. */
const MAX_WORDS = 20;
/**
 * The limit where ids follow or are part of the word: `app:user:{}` and `app:cart:{}` are kinds, which may be more.
 */
const MAX_KINDS = 100;
/** Fewer different words say nothing about a place. */
const MIN_WORDS = 5;
const MIN_KINDS = 8;
/** A word at the beginning of a key names a kind, unless a place has this many different words. */
const MIN_FIRST_KINDS = 20;
/**
 * A word is repeated if it was seen this often. Beside ids and at a variable place it needs more, and a share of all.
 */
const CAME_BACK = 2;
const CAME_OFTEN = 3;
const CAME_OFTEN_AMONG_MANY = 5;
const SHARE_BESIDE_IDS = 1 / 200;
const SHARE_OF_VARYING = 1 / 50;
/** This many words with few beginnings belong to as many kinds: `user_ann`, `user_bob`, `page_home`. */
const MIN_BEGUN = 12;
const MAX_BEGINNINGS = 5;
const MIN_ALIKE = 3;

/**
 * How keys that share a place are alike after it. `same`: in full, with ids at the same places. `kinds`: only ids
 * follow. `roughly`: words may differ.
 */
export type Likeness = 'same' | 'kinds' | 'roughly';

/** The words of one place, and how often keys with them were seen. */
export class Place {
  private readonly words = new Map<string, number>();
  private ids = 0;
  private total = 0;
  private judged: boolean | undefined;
  private begun: ReadonlyMap<string, number> | undefined;

  constructor(
    private readonly likeness: Likeness,
    /** The place is at the beginning of keys that have further parts. */
    private readonly isFirst: boolean,
    /** Whether other words follow. */
    private readonly isSpecific: boolean,
  ) {}

  add(part: string, seen: number): void {
    this.judged = undefined;
    this.total += seen;
    if (part === VARIES) this.ids += seen;
    else this.words.set(part, (this.words.get(part) ?? 0) + seen);
  }

  /** Whether its words name single things rather than kinds. */
  get isVarying(): boolean {
    this.judged ??= this.judge();
    return this.judged;
  }

  /** Whether the word is a name although its place varies. */
  earns(word: string): boolean {
    const seen = this.words.get(word) ?? 0;
    if (this.likeness === 'roughly') return this.isFirst && seen > CAME_OFTEN;
    return word.includes(VARIES) && seen >= CAME_OFTEN_AMONG_MANY && seen >= this.total * SHARE_OF_VARYING;
  }

  /** Whether the word is repeated, the only one, or the name of a kind. Beside ids it needs more sightings. */
  knows(word: string): boolean {
    const seen = this.words.get(word) ?? 0;
    if (this.ids > 0) return seen >= CAME_BACK && seen >= this.ids * SHARE_BESIDE_IDS;
    return (
      seen >= CAME_BACK ||
      (isKind(word) && this.kindOf(word) === undefined) ||
      this.words.size === 0 ||
      (this.words.size === 1 && seen > 0)
    );
  }

  /**
   * Returns the beginning or end of the word, if that names a kind. `cus_Irma` is an id that reads like a name,
   * beside many `cus_{}`; in `user_ann` it is `user_`, if all words begin with `user_` or `page_`.
   */
  kindOf(word: string): string | undefined {
    const beginning = BEGINNING.exec(word)?.[0];
    if (beginning !== undefined) {
      if ((this.words.get(beginning + VARIES) ?? 0) >= CAME_OFTEN) return beginning + VARIES;
      this.begun ??= this.countBeginnings();
      if ((this.begun.get(beginning) ?? 0) >= MIN_ALIKE) return beginning + VARIES;
    }
    const end = END.exec(word)?.[0];
    return end !== undefined && (this.words.get(VARIES + end) ?? 0) >= CAME_OFTEN ? VARIES + end : undefined;
  }

  private judge(): boolean {
    let kinds = 0;
    let once = 0;
    for (const [word, seen] of this.words) {
      if (seen < CAME_BACK) once++;
      if (word.includes(VARIES)) kinds++;
    }
    const all = this.words.size;
    if (this.likeness !== 'same')
      return all > MAX_KINDS || (all >= (this.isFirst ? MIN_FIRST_KINDS : MIN_KINDS) && once > all * 0.6);
    if (all - kinds > MAX_WORDS || kinds > MAX_KINDS) return true;
    return all >= MIN_WORDS && once > all / (this.isSpecific ? 2 : 3);
  }

  /** Counts the words of each beginning, if there are few beginnings. */
  private countBeginnings(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    if (this.words.size < MIN_BEGUN) return counts;
    for (const word of this.words.keys()) {
      const beginning = BEGINNING.exec(word)?.[0];
      if (beginning !== undefined) counts.set(beginning, (counts.get(beginning) ?? 0) + 1);
      if (counts.size > MAX_BEGINNINGS) return NONE;
    }
    return counts;
  }
}

const NONE: ReadonlyMap<string, number> = new Map();
const BEGINNING = /^[a-z]{2,20}[_.-]/i;
const END = /[_.-][a-z]{2,20}$/i;

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is ours
const DIGITS_BEFORE_LETTERS = /\x01[^\x00-\x40\x5b-\x60\x7b-\x7f]/;

/** `cart{}` and `order-{}-items` name a kind, `9q{}yk{}` does not. */
function isKind(part: string): boolean {
  return part.includes(VARIES) && !DIGITS_BEFORE_LETTERS.test(part);
}
