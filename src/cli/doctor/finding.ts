// Knows: what the doctor can say of a program.
// Must not know: what there is to say.
import type { Evidence } from './evidence';

/** A problem makes the program unhealthy; a note is worth knowing. */
export interface Finding {
  readonly kind: 'problem' | 'note';
  readonly text: string;
  /** A line for a shell, which changes it; it keeps everything else that the user has typed. */
  readonly change?: string;
  /** What to do, where no line does it. */
  readonly advice?: string;
}

/** One cause: `id` is its heading in docs/troubleshooting.md. */
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
