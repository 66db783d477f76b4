// Knows: all findings, in the order in which they are reported.
// Must not know: how a finding is detected.
import { commandsBy, type Evidence, measuredIn, spansOf } from '../evidence';
import { type Finding, note, problem, type Row } from '../finding';
import { EXPORT } from './export';
import { LOADING } from './loading';
import { isIdle, PROGRAM } from './program';
import { ratioOf, SAMPLING } from './sampling';
import { SDK } from './sdk';
import { VARIABLES } from './variables';

export interface Found extends Finding {
  readonly id: string;
}

/** Messages that have a finding of their own. */
const REPORTED_BY_OTHERS = / is active(;| and)|was loaded before|last telemetry could not be sent|is not supported/;

const SAID: Row = {
  id: 'said',
  look: ({ own }) => {
    const others = (own?.said ?? []).filter((text) => !REPORTED_BY_OTHERS.test(text));
    return others.length === 0 ? undefined : note(`The instrumentation reported: ${others.join('; ')}.`);
  },
};

/** The table. Each row has a section in docs/troubleshooting.md, and a test that creates its cause. */
export const FINDINGS: readonly Row[] = [...PROGRAM, ...VARIABLES, ...LOADING, ...SDK, ...SAMPLING, ...EXPORT, SAID];

/** The probe did not report: there is no evidence. */
export const NOT_NODE: Found = {
  id: 'not-node',
  ...problem('The program did not report to the doctor.', {
    advice: 'run it with Node.js itself, by a command that passes NODE_OPTIONS on: it loads the probe',
  }),
};

const UNEXPLAINED = 'Commands were sent, but no span was recorded; the doctor does not know why.';

/** Used if no other row applies. */
export const LAST: Row = {
  id: 'unexplained',
  look: (evidence) => {
    const { made, dropped } = spansOf(evidence);
    if (commandsBy('redis', evidence).length === 0 || made + dropped + measuredIn(evidence) > 0) return undefined;
    if (isIdle(evidence) || ratioOf(evidence) !== undefined) return undefined;
    return problem(UNEXPLAINED, { advice: 'report this text at the repository of the package' });
  },
};

export function findIn(evidence: Evidence): Found[] {
  const found = FINDINGS.flatMap((row) => lookAt(row, evidence));
  return found.some(({ kind }) => kind === 'problem') ? found : [...found, ...lookAt(LAST, evidence)];
}

function lookAt({ id, look }: Row, evidence: Evidence): Found[] {
  const finding = look(evidence);
  return finding === undefined ? [] : [{ id, ...finding }];
}
