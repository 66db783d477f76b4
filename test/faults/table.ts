// Knows: how what was verified is shown.
// Must not know: how it was verified.
import { FAULTS, VERSIONS } from './matrix';
import type { Verdict } from './run';

/** A row a fault, a column a version: calls compared, of which rejected, and spans that told the truth. */
export function printTable(verdicts: ReadonlyMap<string, Verdict | 'failed'>): void {
  const rows = FAULTS.map(({ name, versions }) => [
    name,
    ...VERSIONS.map((version) => {
      const verdict = verdicts.get(`${name} ${version}`);
      if (verdict === undefined) return versions.includes(version) ? 'not run' : 'n/a';
      return verdict === 'failed' ? verdict : `${verdict.calls} calls, ${verdict.rejected} rejected, ${verdict.spans} spans`;
    }),
  ]);
  const lines = [['fault', ...VERSIONS.map((version) => `redis ${version}`)], ['-', ...VERSIONS.map(() => '-')], ...rows];
  process.stdout.write(`\n${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n\n`);
}
