// Knows: the form of the doctor's findings.
// Must not know: any finding.
import type { Evidence } from './evidence';

/** A problem makes the program unhealthy; a note is only information. */
export interface Finding {
  readonly kind: 'problem' | 'note';
  readonly text: string;
  /** A line for a shell that fixes it, and keeps everything else that the user typed. */
  readonly change?: string;
  /** What to do if no line can fix it. */
  readonly advice?: string;
}

/** One cause. `id` is its heading in docs/troubleshooting.md. */
export interface Row {
  readonly id: string;
  look(evidence: Evidence): Finding | undefined;
}

export type Remedy = Pick<Finding, 'change' | 'advice'>;

export function problem(text: string, remedy: Remedy = {}): Finding {
  return { kind: 'problem', text, ...remedy };
}

export function note(text: string, remedy: Remedy = {}): Finding {
  return { kind: 'note', text, ...remedy };
}
