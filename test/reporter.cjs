// Mocha's own report, then one plain line that any continuous integration can read. `scripts/test.mjs` runs parts of the suite
// side by side: a part writes its figures to the file `TEST_FIGURES`, and the line is the sum, below all that failed. With
// `TEST_TIMES=1`, the files that took longest.
const { writeFileSync } = require('node:fs');
const { relative } = require('node:path');
const { reporters, Runner } = require('mocha');

const { EVENT_SUITE_BEGIN, EVENT_SUITE_END } = Runner.constants;
const SHOWN_FILES = 25;

module.exports = class SummaryReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    this.millisecondsOf = new Map();
    runner.on(EVENT_SUITE_BEGIN, (suite) => {
      if (suite.parent?.root) suite.begunAt = performance.now();
    });
    runner.on(EVENT_SUITE_END, ({ parent, file, begunAt }) => {
      if (parent?.root) this.millisecondsOf.set(file, (this.millisecondsOf.get(file) ?? 0) + performance.now() - begunAt);
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
    const slowest = [...this.millisecondsOf].sort(([, one], [, other]) => other - one).slice(0, SHOWN_FILES);
    for (const [file, ms] of slowest) console.log(`${(ms / 1_000).toFixed(1).padStart(7)} s  ${relative(process.cwd(), file)}`);
  }
};

const describe = (test) => `${test.titlePath().join(' › ')}\n${test.err?.stack ?? test.err}`;

module.exports.summary = ({ passes, failures, pending }) =>
  `${passes} passed, ${failures} failed${pending > 0 ? `, ${pending} skipped` : ''}`;
