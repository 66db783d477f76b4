// Knows: which positions of the keys seen so far hold many different values.
// Must not know: single keys, metrics, the application's own families.

/** What a varying segment becomes in a family. */
const VARIES = '{}';

/** Different values of one position before it counts as varying, when nothing varies behind them: `config:theme`. */
const MAX_VALUES = 20;
/** The same when something does: `app:user:{}` and `app:cart:{}` are kinds, of which there may be more. */
const MAX_KINDS = 100;
/** Of the whole tree. */
const MAX_NODES = 5_000;
/** Segments looked at; the rest of a longer key is one. */
const MAX_DEPTH = 12;

interface FamilyNode {
  /** By segment and the separators behind it. */
  readonly children: Map<string, FamilyNode>;
  /** Separators behind which every new value is `{}`. */
  readonly collapsed: Set<string>;
  /** Whether something varies below. */
  varies: boolean;
}

const SEGMENT = /(\{\}|[A-Za-z0-9\u0080-\uffff]+)/;

/** Neighbours that both vary are one: a date, an address, a pair of coordinates. */
const NEIGHBOURS = /\{\}(?:[-_.]\{\})+/g;

/** `{{}}:a` → `{}:a`, `{}-{}-{}` → `{}`. */
export function tidy(family: string): string {
  const first = family.indexOf(VARIES);
  if (first < 0) return family;
  const text = family.includes('{{}}') ? family.replaceAll('{{}}', VARIES) : family;
  return text.includes(VARIES, first + 1) ? text.replace(NEIGHBOURS, VARIES) : text;
}

/** Learns from templates. A value stands for a position when few share it; one with many becomes `{}` by itself. */
export class FamilyTree {
  /** Rises whenever a position collapses: what was read before may be wrong. */
  revision = 0;
  private readonly root = createNode();
  private nodes = 0;

  /** The family of a template, which is learnt; undefined when the tree is full. */
  place(template: string): string | undefined {
    const parts = template.split(SEGMENT);
    const at = this.insert(parts);
    if (at === 'full') return undefined;
    if (at !== undefined && this.collapse(at.node, at.separator)) this.insert(parts);
    return this.read(template);
  }

  /** The family of a template as far as it is known. */
  read(template: string): string {
    const parts = template.split(SEGMENT);
    let text = parts[0] as string;
    let node: FamilyNode | undefined = this.root;
    for (let index = 1; index < parts.length; index += 2) {
      if (index >= 2 * MAX_DEPTH) return tidy(text + VARIES);
      const label = labelAt(node, parts, index);
      text += label;
      node = node?.children.get(label);
    }
    return tidy(text);
  }

  /** Adds the path of a template. Returns where it first left the known, if it did. */
  private insert(parts: readonly string[]): { node: FamilyNode; separator: string } | 'full' | undefined {
    let node = this.root;
    let left: { node: FamilyNode; separator: string } | undefined;
    const path: FamilyNode[] = [];
    for (let index = 1; index < parts.length && index < 2 * MAX_DEPTH; index += 2) {
      const label = labelAt(node, parts, index);
      if (label.startsWith(VARIES)) for (const above of path) above.varies = true;
      let child = node.children.get(label);
      if (child === undefined) {
        if (this.nodes >= MAX_NODES) return 'full';
        this.nodes++;
        child = createNode();
        node.children.set(label, child);
        left ??= { node, separator: parts[index + 1] as string };
      }
      path.push(child);
      node = child;
    }
    return left;
  }

  /** Forgets the values of a position when they are too many. */
  private collapse(node: FamilyNode, separator: string): boolean {
    const values: string[] = [];
    const kinds: string[] = [];
    for (const [label, child] of node.children) {
      if (label.startsWith(VARIES) || !endsWith(label, separator)) continue;
      (child.varies ? kinds : values).push(label);
    }
    const isFull = values.length + kinds.length > MAX_KINDS;
    if (values.length <= MAX_VALUES && !isFull) return false;
    for (const label of isFull ? [...values, ...kinds] : values) {
      this.nodes -= countNodes(node.children.get(label) as FamilyNode);
      node.children.delete(label);
    }
    node.collapsed.add(separator);
    this.revision++;
    return true;
  }
}

function createNode(): FamilyNode {
  return { children: new Map(), collapsed: new Set(), varies: false };
}

function countNodes(node: FamilyNode): number {
  let count = 1;
  for (const child of node.children.values()) count += countNodes(child);
  return count;
}

/** The segment and the separators behind it, as the tree has it: `{}` where the value is new and the position varies. */
function labelAt(node: FamilyNode | undefined, parts: readonly string[], index: number): string {
  const separator = parts[index + 1] as string;
  const label = (parts[index] as string) + separator;
  return node?.collapsed.has(separator) && !node.children.has(label) ? VARIES + separator : label;
}

/** Whether exactly this stands behind the segment: every label ends with the empty one. */
function endsWith(label: string, separator: string): boolean {
  return label.split(SEGMENT)[2] === separator;
}
