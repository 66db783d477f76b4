// Knows: what the doctor can say of a program.
// Must not know: what there is to say.
import type { Evidence } from './evidence';

/** A problem makes the program unhealthy; a note is worth knowing. */
export interface Finding {
  readonly kind: 'problem' | 'note';
  readonly text: string;
  /** The exact line, command or setting that changes it. */
  readonly change?: string;
}

/** One cause: `id` is its heading in docs/troubleshooting.md. */
export interface Row {
  readonly id: string;
  look(evidence: Evidence): Finding | undefined;
}

export function problem(text: string, change?: string): Finding {
  return { kind: 'problem', text, change };
}

export function note(text: string, change?: string): Finding {
  return { kind: 'note', text, change };
}
