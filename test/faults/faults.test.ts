// Knows: which faults are inflicted in one run of the tests, and how many of them.
// Must not know: how.
import { FAULTS, type Fault, type Version } from './matrix';
import { type Verdict, withstand } from './run';
import { printTable } from './table';

/** Factor for all sizes. With more than 1 every fault meets every version, and positions and bytes are new ones. */
const SIZE = Number(process.env.FAULT_RUNS ?? 1);
const SEED = Number(process.env.FAULT_SEED ?? (SIZE === 1 ? 1 : Date.now() % 1_000_000));
const TIMEOUT_MS = 180_000;

describe(`faults (FAULT_SEED=${SEED})`, function () {
  this.timeout(TIMEOUT_MS);
  const verdicts = new Map<string, Verdict | 'failed'>();
  after(() => printTable(verdicts));

  for (const fault of FAULTS) {
    describe(fault.name, () => {
      for (const version of versionsOf(fault)) {
        it(`has the same effect on the application of redis ${version} as without us, and shows in spans`, async () => {
          const cell = `${fault.name} ${version}`;
          // Until there is a verdict, which a test that takes too long never comes to.
          verdicts.set(cell, 'failed');
          verdicts.set(cell, await withstand(fault, version, { size: SIZE, seed: SEED }));
        });
      }
    });
  }
});

function versionsOf({ versions, briefly }: Fault): readonly Version[] {
  return SIZE === 1 ? (briefly ?? versions) : versions;
}
