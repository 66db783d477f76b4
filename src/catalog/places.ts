// Knows: what the words that were seen in one place of keys say about that place.
// Must not know: keys, how places are told apart.
import { VARIES } from './constants';

/** Different words in one place before it counts as varying, however often they come back. */
const MAX_WORDS = 20;
/** The same where ids follow or stand in the word: `app:user:{}` and `app:cart:{}` are kinds, of which there may be more. */
const MAX_KINDS = 100;
/** Fewer different words say nothing about their place. */
const MIN_WORDS = 5;
const MIN_KINDS = 8;
/** At the beginning of a key a word is a kind, unless much speaks against it. */
const MIN_FIRST_KINDS = 20;
/** A word came back if it was seen this often; beside ids and in a place that varies it takes more, and a share of all. */
const CAME_BACK = 2;
const CAME_OFTEN = 3;
const CAME_OFTEN_AMONG_MANY = 5;
const SHARE_BESIDE_IDS = 1 / 200;
const SHARE_OF_VARYING = 1 / 50;
/** So many words with so few beginnings are of as many kinds: `user_ann`, `user_bob`, `page_home`. */
const MIN_BEGUN = 12;
const MAX_BEGINNINGS = 5;
const MIN_ALIKE = 3;

/**
 * How keys of one place are alike behind it: `same` throughout, ids in the same place too; `kinds` if nothing but ids
 * follow; `roughly` if words may differ.
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
    /** At the beginning of keys that go on. */
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

  /** Whether its words say which one, not what kind. */
  get isVarying(): boolean {
    this.judged ??= this.judge();
    return this.judged;
  }

  /** Whether the word is a name even though its place varies. */
  earns(word: string): boolean {
    const seen = this.words.get(word) ?? 0;
    if (this.likeness === 'roughly') return this.isFirst && seen > CAME_OFTEN;
    return word.includes(VARIES) && seen >= CAME_OFTEN_AMONG_MANY && seen >= this.total * SHARE_OF_VARYING;
  }

  /** A word that came back, the only one there is, or one that says what it is; beside ids it takes more. */
  knows(word: string): boolean {
    const seen = this.words.get(word) ?? 0;
    if (this.ids > 0) return seen >= CAME_BACK && seen >= this.ids * SHARE_BESIDE_IDS;
    return (
      seen >= CAME_BACK || (isKind(word) && this.kindOf(word) === undefined) || this.words.size === 0 || (this.words.size === 1 && seen > 0)
    );
  }

  /**
   * What the word begins or ends with, if that is a kind: of `cus_Irma`, an id that reads like a name, beside many
   * `cus_{}`; or of `user_ann` where all begin with `user_` or `page_`.
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
    if (this.likeness !== 'same') return all > MAX_KINDS || (all >= (this.isFirst ? MIN_FIRST_KINDS : MIN_KINDS) && once > all * 0.6);
    if (all - kinds > MAX_WORDS || kinds > MAX_KINDS) return true;
    return all >= MIN_WORDS && once > all / (this.isSpecific ? 2 : 3);
  }

  /** How many words begin so, where few beginnings are. */
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

/** `cart{}` and `order-{}-items` say what they are, `9q{}yk{}` does not. */
function isKind(part: string): boolean {
  return part.includes(VARIES) && !DIGITS_BEFORE_LETTERS.test(part);
}
