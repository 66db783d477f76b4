// Knows: the family of a key (`user:123:cart` → `user:{}:cart`), by its own text and by what other keys showed.
// Must not know: commands, clients, metrics.
import { handleRejection } from '../core/application-functions';
import { NumberMap } from '../core/number-map';
import { cutText, detach, identifierText, LOOKED_AT_LENGTH } from './arguments';
import { commonDigits, type Digits, NO_DIGITS, render, renderAll } from './constants';
import { Evidence } from './evidence';
import { NO_SHAPE, shapeOf, shapeWithIds } from './numbered';
import { partsOf, type Template, templateOf } from './templates';

export interface KeyFamilyOptions<T> {
  /** The number of families at a time; further ones are `_other`. Default 200. */
  readonly maxFamilies?: number;
  /** The application's own function; undefined leaves the key to us. */
  readonly familyOf?: ((key: string) => string | undefined) | undefined;
  /** Filters a key for which the application's function returned undefined. Default: the key is used as it is. */
  readonly shownOf?: ((key: string) => string) | undefined;
  /** Called once when `familyOf` throws or returns no string. */
  readonly report?: (message: string) => void;
  /** Called when the counts of one family are to be added to another. */
  readonly merge?: (from: Family<T>, into: Family<T>) => void;
}

export const OTHER_FAMILY = '_other';

/** Binary data, or a whole document in place of a key: no mask and no family shows it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it looks for
const CONTROL = /[\x00-\x1f\x7f]/;

/** Two generations of this many keys are remembered: enough for hot keys, a few MB at most. */
const MAX_REMEMBERED_KEYS = 5_000;
/** The number of remembered shapes. Keys of one shape differ only in their numbers. */
const MAX_SHAPES = 2_000;
const MAX_FAMILY_LENGTH = 128;
/** The number of templates that are told apart. Beyond it, templates with variable words are merged. */
const MAX_TEMPLATES = 500;
/** The number of places that are known to vary, though their words were forgotten. */
const MAX_SETTLED = 2_000;
/** The number of look-ups before the first decision without a collection of metrics. It doubles each time. */
const FIRST_DECISION = 8;

/**
 * The keys of one template, or of one family. The assignment may change later; counts stay under the name they were
 * reported with.
 */
export class Family<T> {
  /** The current name. */
  name = OTHER_FAMILY;
  /** Data that the user of this class keeps with the family. */
  held: T | undefined;
  /** The number of look-ups; for a family that is never looked up, the number of writes. */
  seen = 0;
  private isRead = false;
  /** The family into which this one was merged when it was forgotten. */
  into: Family<T> | undefined;

  constructor(
    readonly parts: readonly string[],
    /** The digits at each `{}`, if they were the same in every key. */
    public digits: Digits,
  ) {}

  /** Counts a look-up or a write. A write after a miss says nothing about how often the key is used. */
  see(isWrite: boolean): void {
    if (isWrite ? !this.isRead : this.isRead) this.seen++;
    else if (!isWrite) {
      this.isRead = true;
      this.seen = 1;
    }
  }

  /** The family that counts now for this one. */
  current(): Family<T> {
    return this.into === undefined ? this : this.into.current();
  }
}

/**
 * Groups keys into few families, as metrics need. The text of a key mostly decides its family at once, and alike in
 * every process. Whether a word names a kind of thing or a single thing depends on other keys. So families are named
 * again when metrics are collected, before counts are reported.
 */
export class KeyFamilies<T = undefined> {
  private recent = new Map<string, Family<T>>();
  private older = new Map<string, Family<T>>();
  private readonly shapes = new NumberMap<Family<T>>();
  /** The shape of the last key that had one: the keys of one command are often alike. */
  private lastShape = NO_SHAPE;
  private lastFamily: Family<T> | undefined;
  private readonly templates = new Map<string, Family<T>>();
  private readonly own = new Map<string, Family<T>>();
  private readonly other = new Family<T>([], []);
  private readonly settled = new Set<string>();
  private evidence: Evidence = new Evidence(this.settled);
  /** The current names, and all names ever used: backends keep the old ones. */
  private names = new Set<string>();
  private readonly everNamed = new Set<string>();
  private readonly maxFamilies: number;
  private looked = 0;
  private due = FIRST_DECISION;
  private reported = false;
  /** The application's own functions may look at every digit. */
  private readonly hasShapes: boolean;

  constructor(private readonly options: KeyFamilyOptions<T> = {}) {
    this.maxFamilies = options.maxFamilies ?? 200;
    this.hasShapes = options.familyOf === undefined && options.shownOf === undefined;
  }

  /** Returns the family of a key; `_other` if there are too many families, or the key is not text. */
  of(key: unknown, isWrite = false): Family<T> {
    const family = this.find(key);
    if (family === this.other) return family;
    family.see(isWrite);
    if (++this.looked >= this.due) this.decideAgain();
    return family;
  }

  /** Returns the same family, without counting a look-up or a write. */
  find(key: unknown): Family<T> {
    const text = identifierText(key, LOOKED_AT_LENGTH);
    if (text === undefined) return this.other;
    const numbered = this.hasShapes ? shapeOf(text) : NO_SHAPE;
    const shape = numbered === NO_SHAPE && this.hasShapes ? shapeWithIds(text) : numbered;
    if (shape === NO_SHAPE) return this.recent.get(text) ?? this.recall(text);
    if (shape !== this.lastShape || this.lastFamily === undefined) {
      this.lastFamily = this.shapes.get(shape) ?? this.learnShape(shape, text);
      this.lastShape = shape;
    }
    return this.lastFamily;
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
    // If there are too many families, the most frequent are named first, so that all processes name the same ones.
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

  private learnShape(shape: number, text: string): Family<T> {
    const family = this.learn(text);
    if (this.shapes.size >= MAX_SHAPES) this.shapes.clear();
    this.shapes.set(shape, family);
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
    // A number that seemed to be part of a name is variable.
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

  /** Merges templates with variable words when there are too many. Of the others, the rarest become `_other`. */
  private forget(): void {
    const families = [...this.templates.entries()];
    const evidence = new Evidence(this.settled);
    const decided = evidence.learn(families.map(([, family]) => family)).map(({ parts }) => parts);
    families.forEach(([, { parts }], index) => {
      for (const place of evidence.varyingPlaces(parts, decided[index] as readonly string[]))
        this.settled.add(detach(place));
    });
    while (this.settled.size > MAX_SETTLED) this.settled.delete(this.settled.values().next().value as string);
    families.forEach(([text, family], index) => {
      const parts = decided[index] as readonly string[];
      const template = parts.join('');
      if (template !== family.parts.join('')) this.merge(text, family, this.templateFor(template, parts));
    });
    const left = [...this.templates.entries()].sort(([, a], [, b]) => a.seen - b.seen);
    for (const [text, family] of left.slice(0, Math.max(0, left.length - MAX_TEMPLATES / 2)))
      this.merge(text, family, this.other);
    this.shapes.clear();
    this.lastFamily = undefined;
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
    const own = new Family<T>([name], []);
    own.name = admitted;
    this.own.set(detach(name), own);
    return own;
  }

  private askApplication(text: string): string | undefined {
    if (this.options.familyOf === undefined) return undefined;
    try {
      const family = this.options.familyOf(text);
      if (family === undefined || typeof family === 'string') return family;
      handleRejection(family);
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

  /** A name that is no longer used makes room for another, but only a limited number of times. */
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
