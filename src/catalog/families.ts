// Knows: the family of a key (`user:123:cart` → `user:{}:cart`), by its looks and by what other keys taught.
// Must not know: commands, clients, metrics.
import { cutText, detach, identifierText, LOOKED_AT_LENGTH } from './arguments';
import { commonDigits, type Digits, NO_DIGITS, render, renderAll } from './constants';
import { Evidence } from './evidence';
import { partsOf, type Template, templateOf } from './templates';

export interface KeyFamilyOptions<T> {
  /** Families at one time; what comes later is `_other`. Default 200. */
  readonly maxFamilies?: number;
  /** The application's own answer; undefined leaves the key to us. */
  readonly familyOf?: ((key: string) => string | undefined) | undefined;
  /** What may be said of a key that the application has no answer for; undefined: all of it. */
  readonly shownOf?: ((key: string) => string) | undefined;
  /** Hears once when `familyOf` throws or returns no string. */
  readonly report?: (message: string) => void;
  /** Hears when what was counted for a family is to be counted for another from now on. */
  readonly merge?: (from: Family<T>, into: Family<T>) => void;
}

export const OTHER_FAMILY = '_other';

/** Packed binary, or a whole document where a key should be: no mask shows it, and no family does. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it looks for
const CONTROL = /[\x00-\x1f\x7f]/;

/** Two generations of this many keys are remembered: enough for hot keys, a few MB at most. */
const MAX_REMEMBERED_KEYS = 5_000;
const MAX_FAMILY_LENGTH = 128;
/** Templates told apart at one time. When there are more, those whose words vary become one. */
const MAX_TEMPLATES = 500;
/** Places that are known to vary though their words are forgotten. */
const MAX_SETTLED = 2_000;
/** Look-ups before the first decision that no new metrics asked for; then twice as many, and so on. */
const FIRST_DECISION = 16;

/**
 * Keys of one template, or of one family. Where it belongs may turn out differently; what was counted under a name
 * stays there.
 */
export class Family<T> {
  /** What there is to say of it now. */
  name = OTHER_FAMILY;
  /** What is kept with it, by whoever asked. */
  held: T | undefined;
  /** How often it was looked up; where it never is, how often it was written. */
  seen = 0;
  private isRead = false;
  /** Where it went when it was forgotten. */
  into: Family<T> | undefined;

  constructor(
    readonly parts: readonly string[],
    /** For each `{}` the digits that stood there at every key, if they did. */
    public digits: Digits,
  ) {}

  /** A look-up, or a write: that of what was just missed says nothing of how often it comes. */
  see(isWrite: boolean): void {
    if (isWrite ? !this.isRead : this.isRead) this.seen++;
    else if (!isWrite) {
      this.isRead = true;
      this.seen = 1;
    }
  }

  /** What is counted now where this was counted. */
  current(): Family<T> {
    return this.into === undefined ? this : this.into.current();
  }
}

/**
 * Families as metrics need them: few. The looks of a key say most of it, at once and in every process alike. Whether a
 * word names a kind of thing or one of many, other keys say; so a family is named again when metrics are collected,
 * before what was counted is told.
 */
export class KeyFamilies<T = undefined> {
  private recent = new Map<string, Family<T>>();
  private older = new Map<string, Family<T>>();
  private readonly templates = new Map<string, Family<T>>();
  private readonly own = new Map<string, Family<T>>();
  private readonly other = new Family<T>([], []);
  private readonly settled = new Set<string>();
  private evidence: Evidence = new Evidence(this.settled);
  /** Names of now, and all there ever were: in the backend they stay. */
  private names = new Set<string>();
  private readonly everNamed = new Set<string>();
  private readonly maxFamilies: number;
  private looked = 0;
  private due = FIRST_DECISION;
  private reported = false;

  constructor(private readonly options: KeyFamilyOptions<T> = {}) {
    this.maxFamilies = options.maxFamilies ?? 200;
  }

  /** The family of a key; `_other` when there are too many, or the key is no text. */
  of(key: unknown, isWrite = false): Family<T> {
    const family = this.find(key);
    if (family === this.other) return family;
    family.see(isWrite);
    if (++this.looked >= this.due) this.decideAgain();
    return family;
  }

  /** The same, and nothing is learnt of how often it comes. */
  find(key: unknown): Family<T> {
    const text = identifierText(key, LOOKED_AT_LENGTH);
    return text === undefined ? this.other : (this.recent.get(text) ?? this.recall(text));
  }

  /** Names all families by what is known now. */
  decide(): void {
    const families = [...this.templates.values()];
    this.evidence = new Evidence(this.settled);
    const texts = renderAll(
      families,
      this.evidence.learn(families).map(({ parts }) => parts),
    );
    this.names = new Set([...this.own.values()].map(({ name }) => name));
    // The most frequent first, where there are too many: every process names the same.
    const order = families.map((_, index) => index);
    if (families.length > this.maxFamilies) order.sort((a, b) => (families[b]?.seen ?? 0) - (families[a]?.seen ?? 0));
    for (const index of order) (families[index] as Family<T>).name = this.admit(texts[index] as string);
  }

  private decideAgain(): void {
    this.due = Math.max(this.due, this.looked) * 2;
    this.decide();
  }

  private recall(text: string): Family<T> {
    const family = this.older.get(text) ?? this.learn(text);
    if (this.recent.size >= MAX_REMEMBERED_KEYS) {
      this.older = this.recent;
      this.recent = new Map();
    }
    this.recent.set(detach(text), family);
    return family;
  }

  private learn(text: string): Family<T> {
    const own = this.askApplication(text);
    if (own !== undefined) return this.ownFamily(own);
    const visible = this.options.shownOf === undefined ? text : this.options.shownOf(text);
    if (CONTROL.test(visible) || visible === OTHER_FAMILY) return this.other;
    const template = templateOf(visible);
    const known = this.templates.get(template.text);
    if (known === undefined) return this.begin(template);
    const digits = commonDigits(known.digits, template.digits);
    // A number that was thought to be part of a name is none.
    if (digits !== known.digits) this.due = 0;
    known.digits = digits;
    return known;
  }

  private begin({ text, digits }: Template): Family<T> {
    if (this.templates.size >= MAX_TEMPLATES) this.forget();
    const own = detach(text);
    const parts = partsOf(own);
    const decided = this.evidence.meet(parts);
    const settled = decided.isSettled ? this.templates.get(decided.parts.join('')) : undefined;
    if (settled !== undefined) return settled;
    const family = new Family<T>(parts, digits);
    family.name = this.admit(render(decided.parts, undefined));
    this.templates.set(own, family);
    return family;
  }

  /** Too many templates: those whose words vary become one, and of the rest those that came most seldom are `_other`. */
  private forget(): void {
    const families = [...this.templates.entries()];
    const evidence = new Evidence(this.settled);
    const decided = evidence.learn(families.map(([, family]) => family)).map(({ parts }) => parts);
    families.forEach(([, { parts }], index) => {
      for (const place of evidence.varyingPlaces(parts, decided[index] as readonly string[])) this.settled.add(detach(place));
    });
    while (this.settled.size > MAX_SETTLED) this.settled.delete(this.settled.values().next().value as string);
    families.forEach(([text, family], index) => {
      const parts = decided[index] as readonly string[];
      const template = parts.join('');
      if (template !== family.parts.join('')) this.merge(text, family, this.templateFor(template, parts));
    });
    const left = [...this.templates.entries()].sort(([, a], [, b]) => a.seen - b.seen);
    for (const [text, family] of left.slice(0, Math.max(0, left.length - MAX_TEMPLATES / 2))) this.merge(text, family, this.other);
    this.recent.clear();
    this.older.clear();
    this.decide();
  }

  private templateFor(template: string, parts: readonly string[]): Family<T> {
    let family = this.templates.get(template);
    if (family === undefined) {
      family = new Family<T>(parts, NO_DIGITS);
      this.templates.set(template, family);
    }
    return family;
  }

  private merge(text: string, from: Family<T>, into: Family<T>): void {
    if (this.templates.get(text) === from) this.templates.delete(text);
    into.seen += from.seen;
    from.into = into;
    this.options.merge?.(from, into);
  }

  private ownFamily(name: string): Family<T> {
    const family = this.own.get(name);
    if (family !== undefined) return family;
    const admitted = this.admit(name);
    if (admitted === OTHER_FAMILY) return this.other;
    const own = new Family<T>([], []);
    own.name = admitted;
    this.own.set(detach(name), own);
    return own;
  }

  private askApplication(text: string): string | undefined {
    if (this.options.familyOf === undefined) return undefined;
    try {
      const family = this.options.familyOf(text);
      if (family === undefined || typeof family === 'string') return family;
      this.reportOnce('the `keyFamilies` function returned no string: the key keeps its own family');
    } catch {
      this.reportOnce('the `keyFamilies` function threw: the key keeps its own family');
    }
    return undefined;
  }

  private reportOnce(message: string): void {
    if (!this.reported) this.options.report?.(message);
    this.reported = true;
  }

  /** A name that is not used any more makes room for another, but not for ever. */
  private admit(family: string): string {
    const name = family.length > MAX_FAMILY_LENGTH ? cutText(family, MAX_FAMILY_LENGTH) : family;
    if (this.names.has(name)) return name;
    if (this.names.size >= this.maxFamilies) return OTHER_FAMILY;
    if (!this.everNamed.has(name)) {
      if (this.everNamed.size >= 2 * this.maxFamilies) return OTHER_FAMILY;
      this.everNamed.add(detach(name));
    }
    this.names.add(name);
    return name;
  }
}
