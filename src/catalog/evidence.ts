// Knows: which parts of the keys seen so far name a kind of thing, and which parts name a single thing.
// Must not know: single keys, metrics, the application's own families.
import { VARIES } from './constants';
import { type Likeness, Place } from './places';

/** A template, and how often a key of it was seen. */
export interface Sighting {
  /** Words and separators, alternating. */
  readonly parts: readonly string[];
  readonly seen: number;
}

export interface Decision {
  /** The parts, with `VARIES` in place of words that do not name a kind of thing. */
  readonly parts: readonly string[];
  /** The decision does not change any more, whichever keys follow. */
  readonly isSettled: boolean;
}

/** Stands for any word in the name of a place. */
const WORD = '\u0003';

interface View {
  /** The decided parts before the place, and the parts after it. */
  readonly name: string;
  readonly likeness: Likeness;
}

/**
 * What was learnt from one pass over all sightings. The result does not depend on their order.
 *
 * Two keys share a place if the decided parts before it are the same, and the parts after it are alike. They can be
 * alike in full: `cart` in `alice:cart` and `bob:cart` shows that both are of one kind. They can be alike in the next
 * word only, or roughly, as more than one place of a key may vary.
 */
export class Evidence {
  private readonly places = new Map<string, Place>();

  /** @param settled places that are known to vary, though their words were forgotten */
  constructor(private readonly settled: ReadonlySet<string>) {}

  /** Decides all templates, part by part from left to right. */
  learn(sightings: readonly Sighting[]): readonly Decision[] {
    const walks = sightings.map((sighting) => new Walk(sighting));
    for (let under = walks; under.length > 0; under = under.filter((walk) => !walk.isOver)) {
      for (const walk of under) this.note(walk);
      for (const walk of under) walk.take(this.label(walk));
    }
    return walks;
  }

  /** Decides a template that was not among the sightings, and remembers it for later ones. */
  meet(parts: readonly string[]): Decision {
    const walk = new Walk({ parts, seen: 1 });
    while (!walk.isOver) {
      const label = this.label(walk);
      this.note(walk);
      walk.take(label);
    }
    return walk;
  }

  /** The places at which the words of a decision were found to vary. */
  varyingPlaces(original: readonly string[], decided: readonly string[]): readonly string[] {
    const walk = new Walk({ parts: original, seen: 0 });
    const found: string[] = [];
    for (let index = 0; index < original.length; index += 2) {
      const label = decided[index] as string;
      const view = label === walk.part ? undefined : walk.views().find(({ name }) => this.places.get(name)?.isVarying);
      if (view !== undefined) found.push(view.name);
      walk.take(label);
    }
    return found;
  }

  private note(walk: Walk): void {
    if (walk.part === '') return;
    for (const { name, likeness } of walk.views()) {
      let place = this.places.get(name);
      if (place === undefined) {
        place = new Place(likeness, walk.isFirst, walk.hasWordsBehind);
        this.places.set(name, place);
      }
      place.add(walk.part, walk.seen);
    }
  }

  private label(walk: Walk): string {
    const { part } = walk;
    if (part === VARIES || part === '') return part;
    const views = walk.views();
    if (this.settled.size > 0 && views.some(({ name }) => this.settled.has(name))) {
      walk.isSettled = true;
      return VARIES;
    }
    let last: Place | undefined;
    for (const { name } of views) {
      last = this.places.get(name);
      if (last?.isVarying && !last.earns(part)) return last.kindOf(part) ?? VARIES;
    }
    // A word before ids names a kind, until its place is found to vary.
    const isName = walk.isFirst || walk.hasIdsBehind || last === undefined || last.knows(part);
    return isName ? part : (last?.kindOf(part) ?? VARIES);
  }
}

/** The progress of one template, from the first part to the last. */
class Walk implements Decision {
  readonly parts: string[] = [];
  readonly seen: number;
  isSettled = false;
  private readonly all: readonly string[];
  private index = 0;
  private prefix = '';
  /** The text after each part: exact, and with any word in place of words. */
  private readonly tails: string[] = [];
  private readonly roughTails: string[] = [];
  private known: readonly View[] | undefined;

  constructor({ parts, seen }: Sighting) {
    this.all = parts;
    this.seen = seen;
    let [tail, rough] = ['', ''];
    for (let index = parts.length - 1; index >= 0; index--) {
      this.tails[index] = tail;
      this.roughTails[index] = rough;
      const part = parts[index] as string;
      tail = part + tail;
      rough = (index % 2 === 1 || part === VARIES || part === '' ? part : WORD) + rough;
    }
  }

  private get tail(): string {
    return this.tails[this.index] as string;
  }

  get isOver(): boolean {
    return this.index >= this.all.length;
  }

  get part(): string {
    return this.all[this.index] as string;
  }

  get isFirst(): boolean {
    return this.prefix === '' && this.tail !== '';
  }

  get hasIdsBehind(): boolean {
    return this.tail.includes(VARIES);
  }

  get hasWordsBehind(): boolean {
    return LETTER.test(this.tail);
  }

  /** From the narrowest to the widest. */
  views(): readonly View[] {
    this.known ??= this.makeViews();
    return this.known;
  }

  take(label: string): void {
    const separator = this.all[this.index + 1];
    this.parts.push(label);
    this.prefix += label;
    if (separator !== undefined) {
      this.parts.push(separator);
      this.prefix += separator;
    }
    this.index += 2;
    this.known = undefined;
  }

  private makeViews(): readonly View[] {
    const before = this.prefix + WORD;
    const views: View[] = [
      { name: before + this.tail, likeness: this.hasIdsBehind && !this.hasWordsBehind ? 'kinds' : 'same' },
    ];
    const rough = this.roughTails[this.index] as string;
    if (rough === this.tail) return views;
    const next = this.all[this.index + 2];
    if (next !== undefined && next !== VARIES) {
      const behindNext = `${this.all[this.index + 1]}${next}${this.roughTails[this.index + 2]}`;
      if (behindNext !== this.tail) views.push({ name: before + behindNext, likeness: 'same' });
    }
    views.push({ name: before + rough, likeness: 'roughly' });
    return views;
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are ours
const LETTER = /[^\x00-\x40\x5b-\x60\x7b-\x7f]/;
