// Knows: the slowest commands of every family within the window.
// Must not know: where durations come from.
import { OTHER, STEP_MS, STEPS } from './window';

export interface Slow {
  readonly durationMs: number;
  readonly text: string;
  readonly traceId: string;
  readonly atMs: number;
}

const PER_FAMILY = 3;
const MAX_FAMILIES = 200;

export class Slowest {
  private readonly families = new Map<string, Slow[]>();

  add(family: string, slow: Slow): void {
    const isKnown = this.families.has(family) || this.families.size < MAX_FAMILIES;
    const name = isKnown ? family : OTHER;
    const others = fresh(this.families.get(name) ?? [], slow.atMs);
    const same = others.find(({ text }) => text === slow.text);
    if (same !== undefined && same.durationMs >= slow.durationMs) return;
    const ranked = [...others.filter((other) => other !== same), slow].sort((a, b) => b.durationMs - a.durationMs);
    this.families.set(name, ranked.slice(0, PER_FAMILY));
  }

  all(nowMs: number): { readonly family: string; readonly slow: readonly Slow[] }[] {
    for (const [family, slow] of this.families) if (fresh(slow, nowMs).length === 0) this.families.delete(family);
    return [...this.families]
      .map(([family, slow]) => ({ family, slow: fresh(slow, nowMs) }))
      .sort((a, b) => (b.slow[0]?.durationMs ?? 0) - (a.slow[0]?.durationMs ?? 0));
  }
}

function fresh(slow: readonly Slow[], nowMs: number): Slow[] {
  return slow.filter(({ atMs }) => nowMs - atMs < STEPS * STEP_MS);
}
