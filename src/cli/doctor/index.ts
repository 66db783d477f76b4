// Knows: the order of a visit: watch the program, report the findings.
// Must not know: how it is watched, what can be found.
import { EXIT, type Options, type SubCommand, UsageError } from '../command';
import { findIn, NOT_NODE } from './findings';
import { findingLines, reportOf } from './report';
import { visit } from './visit';

const DEFAULT_SECONDS = 15;

export const doctor: SubCommand = {
  summary: 'runs a program briefly, and says whether its Redis commands are recorded, or why not',
  options: {
    seconds: { type: 'string', summary: `how long to wait for its first command (${DEFAULT_SECONDS})` },
  },
  run: async (program, options) => {
    const evidence = await visit(program, secondsOf(options));
    const found = evidence === undefined ? [NOT_NODE] : findIn(evidence);
    console.log(evidence === undefined ? findingLines(found, '').join('\n') : reportOf(evidence, found));
    return found.some(({ kind }) => kind === 'problem') ? EXIT.unhealthy : EXIT.healthy;
  },
};

function secondsOf({ seconds }: Options): number {
  const value = seconds === undefined ? DEFAULT_SECONDS : Number(seconds);
  if (!(value > 0)) throw new UsageError('--seconds takes a number above 0');
  return value;
}
