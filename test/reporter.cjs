// Mocha's own report, then one plain line that any continuous integration can read. `scripts/test.mjs` runs parts of the suite
// side by side: a part writes its figures to the file `TEST_FIGURES`, and the line is the sum, below all that failed. With
// `TEST_TIMES=1`, the files that took longest, and how long processors were busy with them: the rest they waited.
const { readFileSync, writeFileSync } = require('node:fs');
const { relative } = require('node:path');
const { reporters, Runner } = require('mocha');

const { EVENT_SUITE_BEGIN, EVENT_SUITE_END } = Runner.constants;
const SHOWN_FILES = 25;
const TICK_MS = 10;

module.exports = class SummaryReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    this.timesOf = new Map();
    runner.on(EVENT_SUITE_BEGIN, (suite) => {
      if (suite.parent?.root) suite.begunAt = timesNow();
    });
    runner.on(EVENT_SUITE_END, ({ parent, file, begunAt }) => {
      if (!parent?.root) return;
      const sums = this.timesOf.get(file) ?? [0, 0];
      const now = timesNow();
      this.timesOf.set(
        file,
        sums.map((sum, index) => sum + now[index] - begunAt[index]),
      );
    });
  }

  epilogue() {
    super.epilogue();
    if (process.env.TEST_TIMES !== undefined) this.printTimes();
    const { passes, failures, pending } = this.stats;
    const figures = { passes, failures, pending, failed: this.failures.map(describe) };
    if (process.env.TEST_FIGURES !== undefined) writeFileSync(process.env.TEST_FIGURES, JSON.stringify(figures));
    else process.stdout.write(`${module.exports.summary(this.stats)}\n`);
  }

  printTimes() {
    const slowest = [...this.timesOf].sort(([, [one]], [, [other]]) => other - one).slice(0, SHOWN_FILES);
    const seconds = (ms) => `${(ms / 1_000).toFixed(1).padStart(7)} s`;
    for (const [file, times] of slowest) console.log(`${times.map(seconds).join(' busy')}  ${relative(process.cwd(), file)}`);
  }
};

const describe = (test) => `${test.titlePath().join(' › ')}\n${test.err?.stack ?? test.err}`;

/** The time, and the processor time of this process and of those that it has started and that have ended. */
function timesNow() {
  const { user, system } = process.cpuUsage();
  return [performance.now(), (user + system) / 1_000 + childrenMs()];
}

/** Node.js does not tell: where there is no /proc, they count for nothing. */
function childrenMs() {
  try {
    const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ');
    return (Number(fields[13]) + Number(fields[14])) * TICK_MS;
  } catch {
    return 0;
  }
}

module.exports.summary = ({ passes, failures, pending }) =>
  `${passes} passed, ${failures} failed${pending > 0 ? `, ${pending} skipped` : ''}`;
