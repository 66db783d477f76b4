// Knows: the template of a key (`user:123:cart` → `user:{}:cart`), by its looks and by what other keys taught.
// Must not know: commands, clients, metrics.
import { cutText, detach, identifierText, LOOKED_AT_LENGTH } from './arguments';
import { FamilyTree, tidy } from './family-tree';
import { mapSegments } from './segments';

/** Whether the segment looks like an e-mail address, a JWT or a random token: a person or a credential. */
export function isRevealing(segment: string): boolean {
  let revealing = false;
  mapSegments(segment, (part, kind) => {
    revealing ||= kind === 'token' || kind === 'email';
    return part;
  });
  return revealing;
}

/** The template of a key by its looks alone. Pure and the same for the same key, always. */
export function familyOf(key: string): string {
  const open = key.indexOf('{');
  const close = open < 0 ? -1 : key.indexOf('}', open);
  if (close <= open + 1) return tidy(collapseVarying(key));
  const tag = collapseTag(key.slice(open + 1, close));
  return tidy(`${collapseVarying(key.slice(0, open))}{${tag}}${collapseVarying(key.slice(close + 1))}`);
}

function collapseVarying(text: string): string {
  return mapSegments(text, (segment, kind) => (kind === 'word' ? segment : '{}'));
}

const DIGIT = /\d/;

/** A hash tag holds what keys of one slot share: `{user1}:cart` is a cart, and `user1` says whose. */
function collapseTag(text: string): string {
  return mapSegments(text, (segment, kind) => (kind === 'word' && !DIGIT.test(segment) ? segment : '{}'));
}

export interface KeyFamilyOptions {
  /** Families at one time; what comes later is `_other`. Default 200. */
  readonly maxFamilies?: number;
  /** The application's own answer; undefined leaves the key to us. */
  readonly familyOf?: ((key: string) => string | undefined) | undefined;
  /** What may be said of a key that the application has no answer for; undefined: what we learn. */
  readonly otherwise?: ((key: string) => string) | undefined;
  /** Hears once when `familyOf` throws or returns no string. */
  readonly report?: (message: string) => void;
}

export const OTHER_FAMILY = '_other';

/** Packed binary, or a whole document where a key should be: no mask shows it, and no family does. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it looks for
const CONTROL = /[\x00-\x1f\x7f]/;

/** Two generations of this many keys are remembered: enough for hot keys, a few MB at most. */
const MAX_REMEMBERED_KEYS = 5_000;
const MAX_FAMILY_LENGTH = 128;
/** Of templates far fewer are needed: most keys that are new have one that is known. */
const MAX_REMEMBERED_TEMPLATES = 1_000;

/**
 * Families as metrics need them: few. Learns from the keys it sees which positions vary, and remembers the
 * family of recent keys, so that the usual cost is one look into a Map. The same keys in the same order give
 * the same families.
 */
export class KeyFamilies {
  private recent = new Map<string, string>();
  private older = new Map<string, string>();
  private readonly templates = new Map<string, string>();
  private readonly tree = new FamilyTree();
  /** With whether we learnt it, or the application said so. */
  private readonly admitted = new Map<string, 'learnt' | 'own'>();
  private readonly maxFamilies: number;
  private admissions = 0;
  private revision = 0;
  private reported = false;

  constructor(private readonly options: KeyFamilyOptions = {}) {
    this.maxFamilies = options.maxFamilies ?? 200;
  }

  /** The family of a key; `_other` when there are too many, or the key is no text. */
  of(key: unknown): string {
    const text = identifierText(key, LOOKED_AT_LENGTH);
    if (text === undefined) return OTHER_FAMILY;
    return this.recent.get(text) ?? this.recall(text);
  }

  private recall(text: string): string {
    const family = this.older.get(text) ?? this.learn(text);
    if (this.recent.size >= MAX_REMEMBERED_KEYS) {
      this.older = this.recent;
      this.recent = new Map();
    }
    this.recent.set(detach(text), family);
    return family;
  }

  private learn(text: string): string {
    const own = this.askApplication(text);
    if (own !== undefined) return this.admit(own, 'own');
    if (CONTROL.test(text)) return OTHER_FAMILY;
    if (this.options.otherwise !== undefined) return this.admit(this.options.otherwise(text), 'own');
    const template = familyOf(text);
    return this.templates.get(template) ?? this.learnTemplate(template);
  }

  private learnTemplate(template: string): string {
    const place = this.tree.place(template);
    if (this.tree.revision !== this.revision) this.revise();
    const family = place === undefined ? OTHER_FAMILY : this.admit(place, 'learnt');
    if (this.templates.size >= MAX_REMEMBERED_TEMPLATES) this.templates.clear();
    this.templates.set(detach(template), family);
    return family;
  }

  private askApplication(text: string): string | undefined {
    if (this.options.familyOf === undefined) return undefined;
    try {
      const family = this.options.familyOf(text);
      if (family === undefined || typeof family === 'string') return family;
      this.reportOnce('the `keyFamily` function returned no string: the key keeps its own family');
    } catch {
      this.reportOnce('the `keyFamily` function threw: the key keeps its own family');
    }
    return undefined;
  }

  private reportOnce(message: string): void {
    if (!this.reported) this.options.report?.(message);
    this.reported = true;
  }

  /**
   * A family given back when its position collapsed makes room for another, but not for ever: what was once
   * a metric attribute stays in the backend.
   */
  private admit(family: string, source: 'learnt' | 'own'): string {
    const name = family.length > MAX_FAMILY_LENGTH ? cutText(family, MAX_FAMILY_LENGTH) : family;
    if (this.admitted.has(name)) return name;
    if (this.admitted.size >= this.maxFamilies || this.admissions >= 2 * this.maxFamilies) return OTHER_FAMILY;
    this.admissions++;
    this.admitted.set(detach(name), source);
    return name;
  }

  /** A position collapsed: what was remembered of it is no longer true. Rare. */
  private revise(): void {
    this.revision = this.tree.revision;
    this.recent.clear();
    this.older.clear();
    this.templates.clear();
    for (const [family, source] of this.admitted) {
      if (source === 'learnt' && this.tree.read(family) !== family) this.admitted.delete(family);
    }
  }
}
