// Knows: all findings, in the order in which they are told.
// Must not know: how one is come to.
import { commandsBy, type Evidence, spansOf } from '../evidence';
import { type Finding, note, problem, type Row } from '../finding';
import { EXPORT } from './export';
import { LOADING } from './loading';
import { PROGRAM } from './program';
import { SAMPLING } from './sampling';
import { SDK } from './sdk';

export interface Found extends Finding {
  readonly id: string;
}

const SAID: Row = {
  id: 'said',
  look: ({ said }) => {
    const others = said.filter((text) => !text.includes('another OpenTelemetry instrumentation') && !text.includes('loaded before'));
    return others.length === 0 ? undefined : note(`The instrumentation itself said: ${others.join('; ')}.`);
  },
};

/** The table. Each row has its own section in docs/troubleshooting.md, and a test that makes its cause. */
export const FINDINGS: readonly Row[] = [...PROGRAM, ...LOADING, ...SDK, ...SAMPLING, ...EXPORT, SAID];

export const UNEXPLAINED = 'unexplained';

export function findIn(evidence: Evidence): Found[] {
  const found = FINDINGS.flatMap(({ id, look }) => {
    const finding = look(evidence);
    return finding === undefined ? [] : [{ id, ...finding }];
  });
  const isSilent = commandsBy('redis', evidence).length > 0 && spansOf(evidence).made === 0;
  if (!isSilent || found.some(({ kind }) => kind === 'problem')) return found;
  return [
    ...found,
    {
      id: UNEXPLAINED,
      ...problem('Commands were sent, and no span was made of them. This is not known to the doctor: please report it with this text.'),
    },
  ];
}
